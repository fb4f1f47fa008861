/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_KAS_H
#define VERIFIER_REBUILD_KAS_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/release/release.h"

/*
 * Builds by kas (siemens/kas): what its files name is fetched first, with the
 * network (prepare), and the image is built after that without it (trust T3).
 *
 *	kas_new(&spec, &kas, err)
 *	kas_prepare(kas, port, &prepared, err)   clones, checks, fetches; then the tree is closed
 *	kas_fill_sandbox(kas, &sandbox_spec)     and the caller runs kas_build_argv() in it
 *	kas_take_output(kas, directory, err)     the deploy directory, by content
 */
struct kas;

struct kas_spec {
	const struct release_build *build; /* borrowed for as long as the kas lives */
	const char *work_directory;	   /* this run's; absolute */
	const char *log; /* what prepare's programs say, made anew; see kas_keep_log() */
	const struct text_list *hidden; /* as struct sandbox_spec has it */
	const struct digest *forbidden; /* contents that nothing prepared may have (T3) */
	size_t forbidden_count;
	int64_t epoch;		/* the time of every file of the tree */
	unsigned user_id;	/* of the build's user; 0: BUILD_USER_ID */
	const char *image_uuid; /* for the build, checked; "" or NULL: the build's own */
	/* More BitBake variables for it, "NAME=VALUE", checked: no quote, nothing it would expand.
	 */
	const struct text_list *given;
	bool no_sandbox;
	bool is_offline;	       /* prepare has no network either: what is local has to do */
	struct build_limits limits;    /* of each step of prepare */
	const struct build_disk *disk; /* as struct sandbox_spec has it; the trees are on it */
};

/* A repository in the tree, at the commit that is checked out. */
struct kas_repository {
	char *path; /* below the tree; "." for the tree itself */
	char *url, *commit;
	struct digest object; /* SHA-256 of the commit object, as git cat-file prints it */
	struct digest tags;   /* of the tags that lead to it: what `git describe` says of it */
};

struct kas_file {
	char *path; /* below the tree */
	struct digest digest;
	uint64_t size;
	bool is_package; /* a Debian package among the downloads, whatever it is called */
};

/* What a build is given besides the archive: all of it material. A zeroed struct is empty. */
struct kas_prepared {
	char *version;	       /* what kas says of itself */
	bool has_program;      /* else it is of a package of this machine */
	struct digest program; /* of the tree that the program is in (verifier/rebuild/tree.h) */
	struct digest tree;    /* of its files and its repositories (kas_digest_tree()) */
	struct digest downloads;
	enum network_kind network;	     /* that prepare had, */
	struct wanted_list wanted;	     /* and what it wanted of it in vain */
	char *image_uuid;		     /* that the build was given, or NULL */
	struct text_list given;		     /* the other variables */
	struct kas_repository *repositories; /* by path */
	size_t repository_count, repository_capacity;
	struct kas_file *files; /* by path */
	size_t file_count, file_capacity;
};

/* STATUS_SANDBOX when this machine lacks what a build by kas needs. */
enum status kas_new(const struct kas_spec *spec, struct kas **kas, struct error *err);
void kas_free(struct kas *kas);

/*
 * `proxy_port` is where the pinned archive is served on this host's loopback: what a step takes of
 * it is of the pin as well. STATUS_TRUST: the tag names another commit now; STATUS_USAGE: there
 * is no such tag, or not the whole history, or the kas files want another kas; STATUS_BUILD: a step
 * failed, a tree is not as its commit has it, or something was prepared that a build must not be
 * given; STATUS_NETWORK: git could not get a repository. To be released also after an error.
 */
enum status kas_prepare(struct kas *kas, unsigned short proxy_port, struct kas_prepared *prepared,
	struct error *err);
void kas_prepared_release(struct kas_prepared *prepared);

/*
 * For several builds of what was prepared once: its tree is kept at `path`, and another kas of the
 * same build begins with a copy of it, whose digest must be the same (STATUS_BUILD).
 */
enum status kas_freeze(struct kas *kas, const char *path, struct digest *digest, struct error *err);
enum status kas_thaw(
	struct kas *kas, const char *path, const struct digest *digest, struct error *err);

/* After the build: STATUS_BUILD when kas's own directory is not what it was (trust T1). */
enum status kas_check_program(
	const struct kas *kas, const struct kas_prepared *prepared, struct error *err);

/* The work tree, which kas_prepare() made. */
const char *kas_tree(const struct kas *kas);
/* What a sandbox of the build needs besides work and output directory, name and what is hidden. */
void kas_fill_sandbox(const struct kas *kas, struct sandbox_spec *spec);
/* Adds the program and its arguments; environment variables that such a build has. */
void kas_build_argv(const struct kas *kas, struct text_list *argv);
void kas_add_environment(const struct kas *kas, struct text_list *environment);

/*
 * Compresses the files that the descriptor's `xz` names, as those who publish them do: in the
 * sandbox, without the network. A pattern that matches nothing is STATUS_BUILD.
 */
enum status kas_compress(struct kas *kas, struct error *err);

/*
 * Copies the deploy directory's regular files to `directory`, which is new, after the build's last
 * process is gone. A link that leads out of it, a device or a FIFO is STATUS_BUILD (trust T2); a
 * link to another file in it is passed over. STATUS_BUILD also when there is none.
 */
enum status kas_take_output(const struct kas *kas, const char *directory, struct error *err);

/*
 * When no program runs any more: the log becomes `log`.zst, without what is secret in the
 * environment (verifier/rebuild/build_log.h), as errors name it. Without a log nothing happens.
 */
enum status kas_keep_log(struct kas *kas, struct error *err);

#endif
