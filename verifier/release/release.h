/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_RELEASE_RELEASE_H
#define VERIFIER_RELEASE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/*
 * The release descriptor (reproof-release(5)): what was published under one name for one target,
 * and how it is rebuilt. YAML, read strictly: one document, no duplicate keys, aliases, anchors,
 * merges or tags (trust T17).
 */

/* A line of a hash list (`sha256sum` text form). */
struct release_hash {
	char *name;
	struct digest digest;
};

/* Where the published artifacts are: a directory, a URL, or hashes alone. */
struct release_published {
	char *directory;	     /* absolute, or NULL */
	char *url;		     /* without a slash at the end, or NULL */
	struct text_list files;	     /* names below `url` when no hash list names them */
	char *sha256sums;	     /* the hash list: absolute path or URL, or NULL */
	struct release_hash *hashes; /* read from it when it is a file; sorted by name */
	size_t hash_count, hash_capacity;
};

/* An artifact, or several by a glob (fnmatch, FNM_PATHNAME). */
struct release_artifact {
	char *name;
	bool required;
	/* Wrappers that may be content-equal: "xz", "authenticode:SIGNER", … (release_accepts). */
	struct text_list accept;
};

struct release_ignore {
	char *name; /* a glob */
	char *reason;
};

/* Repositories whose URL begins with `prefix` are taken from `place` in its stead. */
struct release_git_mirror {
	char *prefix; /* a URL */
	char *place;  /* a URL or an absolute directory */
};

/* What kas is given. A zeroed struct is that of a build without kas. */
struct release_kas {
	char *repository; /* a URL or an absolute directory */
	char *ref;	  /* a tag, or the commit */
	char *commit;	  /* 40 lower case hexadecimal digits */
	struct text_list files;
	char *machine;
	char *program; /* absolute; NULL: kas as the build finds it in its PATH */
	struct release_git_mirror *mirrors;
	size_t mirror_count, mirror_capacity;
	struct text_list compressed; /* globs of what is published as NAME.xz */
	bool takes_image_uuid;	     /* of what was published (trust T5) */
	bool pins_by_isar;	     /* ISAR's own snapshot variables say the pin as well */
	bool fetches_nothing;	     /* no recipe takes anything but git's and the archive's */
};

enum build_backend {
	BACKEND_COMMAND,
	BACKEND_KAS,
};

struct release_build {
	enum build_backend backend;
	struct release_kas kas;
	char *script; /* below `source`: as the build sees it; NULL with kas */
	struct text_list arguments;
	/* Absolute: the tree that the build sees read-only; NULL with kas. */
	char *source;
	/* Where the build is in its sandbox, "/build"; with kas the tree itself is there. */
	char *path;
	struct text_list environment; /* "NAME=value", sorted; not the names reproof sets itself */
	bool has_epoch; /* source_date_epoch is a number; else the newest pin's Date */
	int64_t epoch;
	unsigned timeout;		  /* seconds; 0: none */
	uint64_t memory, disk, processes; /* the most it may take; 0: not said */
	bool loop_devices;		  /* it needs some, and so root */
	char *hostname;			  /* NULL: the sandbox's own */
	mode_t umask;			  /* 022 */
};

struct release {
	char *path;	      /* of the descriptor, as it was named */
	struct digest digest; /* of its bytes (trust T10) */
	char *name, *target;
	struct release_published published;
	struct text_list pins;
	struct text_list mirrors; /* ARCHIVE=URL or URL */
	struct release_build build;
	struct release_artifact *artifacts;
	size_t artifact_count, artifact_capacity;
	struct release_ignore *ignores;
	size_t ignore_count, ignore_capacity;
	char *manifest; /* names of artifacts, or NULL */
	char *dpkg_status;
	char *buildinfo; /* a name that an ignore covers, or NULL */
};

/*
 * Whether an artifact's `accept` names this wrapper (dbdiff/dbdiff.h, struct wrapper): a
 * compression by its word, a signature by its word and the signer's fingerprint.
 */
bool release_accepts(const struct text_list *accept, const char *kind, const char *signer);

/*
 * Reads a descriptor; relative paths in it are taken from its directory. Errors are STATUS_USAGE
 * and begin with FILE:LINE:COLUMN. Release with release_release(), also after an error.
 */
enum status release_read(const char *path, struct release *release, struct error *err);
/* The same of a text in memory, as if it stood at `path`. */
enum status release_parse(
	const char *path, const char *data, size_t len, struct release *release, struct error *err);
void release_release(struct release *release);

/* Where the lock of its pins is: "release.lock" beside "release.yaml"; the caller frees. */
char *release_lock_path(const char *descriptor);

/*
 * Reads the text of a hash list into the published part: SHA-256 only, no name twice, no name that
 * is absolute, leads upward or holds control characters (trust T10). STATUS_FORMAT with `what` and
 * the line.
 */
enum status release_read_hashes(struct release_published *published, const char *what,
	const char *text, size_t len, struct error *err);

/* True for what the descriptor takes as a URL: http, https or file. */
bool release_is_url(const char *text);

#endif
