/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/*
 * Pins: the state of Debian archives that a build must use, as on snapshot.debian.org. Everything
 * here is trusted by digest alone: gpgv → InRelease → Packages and Sources → file.
 */

/* ---- store: content-addressed files ---- */

struct store;

/*
 * Opens the store in `directory`, making it when absent (mode 0700). Layout: sha256/AB/REST,
 * pins/NAME, quarantine/, tmp/, sha1 (the SHA-1 of each file, which finds and proves nothing). Safe
 * for several processes.
 */
enum status store_open(const char *directory, struct store **store, struct error *err);
void store_free(struct store *store);
const char *store_directory(const struct store *store);

/* True when a file of that digest is there; says nothing about its bytes. */
bool store_has(struct store *store, const struct digest *digest);

/*
 * Opens a stored file after hashing it (trust T13). Bytes that do not fit are moved to quarantine/
 * and the status is STATUS_TRUST; absent is STATUS_NOT_FOUND. *fd stands at offset 0 and is the
 * caller's; *size may be NULL.
 */
enum status store_read(struct store *store, const struct digest *digest, int *fd, uint64_t *size,
	struct error *err);
/* The same for small files, whole into memory; the caller frees *data, NUL-terminated. */
enum status store_read_all(struct store *store, const struct digest *digest, size_t limit,
	char **data, size_t *len, struct error *err);

/* Adds what is left in `fd`; when `expected` is given and does not fit: STATUS_TRUST, nothing
 * stored. */
enum status store_add(struct store *store, int fd, const struct digest *expected,
	struct digest *digest, uint64_t *size, struct error *err);
enum status store_add_memory(struct store *store, const void *data, size_t len,
	struct digest *digest, struct error *err);

/*
 * Copies a stored file into `out_fd` (a reflink where the file system can, never a hard link: trust
 * T13) and hashes what it copied. A regular `out_fd` has to be empty (else STATUS_CONFLICT), and is
 * so again on a mismatch, which is STATUS_TRUST as in store_read().
 */
enum status store_copy_out(
	struct store *store, const struct digest *digest, int out_fd, struct error *err);

/* ---- the store's upkeep ---- */

struct store_tally {
	uint64_t files, bytes;
};

/* A thing in the store that is not what it is called, and was moved to quarantine/. */
struct store_damage {
	char *path;		/* below the store's directory: "sha256/AB/REST" */
	char *name;		/* "debian/pool/…" when a pin of the store names it; else NULL */
	bool is_foreign;	/* no file of the store's form; the digests say nothing */
	struct digest expected; /* what its name says */
};

struct store_damages {
	struct store_damage *items; /* by digest, foreign things last */
	size_t count, capacity;
	uint64_t sha1_wrong;   /* lines of the store's file `sha1`; they were put right */
	uint64_t sha1_missing; /* files of an earlier version; they have their SHA-1 now */
};

/*
 * Hashes every file, moves to quarantine/ what does not fit its name, and tells of it; *good is
 * what does fit. Other processes may use the store meanwhile. STATUS_OK also when there is damage.
 */
enum status store_fsck(struct store *store, struct store_tally *good, struct store_damages *damages,
	struct error *err);
void store_damages_release(struct store_damages *damages);

/* What of a store a pin takes. */
struct store_pin_use {
	char *pin;
	struct store_tally stored; /* what the store has; files of several pins count in each */
	uint64_t named;		   /* how many files the pin names */
};

struct store_unused {
	struct digest digest;
	uint64_t size;
};

/* What refers to a store's files. A zeroed struct is safe to release. */
struct store_use {
	struct store_pin_use *pins; /* by name */
	size_t pin_count, pin_capacity;
	struct store_unused *unused; /* what nothing refers to, largest first */
	size_t unused_count, unused_capacity;
	struct store_tally all, by_pins, by_records, by_nothing;
	struct store_tally quarantine, unfinished; /* in directories of their own, not in `all` */
};

/*
 * What a store is to keep. All borrowed: `records` are digests that something outside refers to,
 * sorted with digest_compare(); pins in `dropped` count as if they were gone already.
 */
struct store_keep {
	const struct digest *records;
	size_t record_count;
	const struct text_list *dropped;
};

/*
 * Looks at what refers to each file: its pins, and `keep`. A pin that cannot be read, or whose
 * indexes are not whole, is an error: what it refers to is then not known. STATUS_NOT_FOUND when
 * `dropped` names a pin that is not there.
 */
enum status store_use_measure(struct store *store, const struct store_keep *keep,
	struct store_use *use, struct error *err);
void store_use_release(struct store_use *use);

/*
 * Waits for nobody: STATUS_CONFLICT when another process has the store open. From then on no other
 * process can open it, until this one frees it.
 */
enum status store_hold_alone(struct store *store, struct error *err);

/*
 * The same, and then removes the dropped pins and what nothing refers to. The store is held alone
 * since before `records` were read: what is recorded meanwhile would lose its files.
 */
enum status store_gc(struct store *store, const struct store_keep *keep, struct store_use *use,
	struct error *err);

/* ---- places: where files are fetched from (design §8) ---- */

/* A base URL that holds an archive: http://HOST/debian for "debian". */
struct place {
	char *archive;
	char *url; /* without a slash at the end; http, https or file */
};

/* Asked in this order. A zeroed struct is an empty list. */
struct place_list {
	struct place *items;
	size_t count;
	size_t capacity;
};

void place_list_add(struct place_list *places, const char *archive, const char *url);
/* Adds "ARCHIVE=URL", or "URL" whose last path component names the archive (--mirror). */
enum status place_list_add_option(struct place_list *places, const char *option, struct error *err);
/*
 * Adds what the machine's apt sources say (/etc/apt/sources.list, sources.list.d/ in both formats,
 * read as files below `etc_apt`, normally "/etc/apt").
 */
enum status place_list_add_apt(struct place_list *places, const char *etc_apt, struct error *err);
void place_list_release(struct place_list *places);

/* ---- fetching ---- */

struct fetcher; /* a connection pool with its health per host; one a process is enough */

/* Behind each the default. */
struct fetch_options {
	unsigned connections;	  /* transfers at once; 8 */
	unsigned attempts;	  /* tries a URL; 5 */
	unsigned retry_seconds;	  /* the longest wait obeyed from Retry-After or backoff; 60 */
	unsigned timeout_seconds; /* without a byte; 30 */
	unsigned breaker_seconds; /* a host that only fails is left alone; 30 */
	unsigned slow_bytes;	  /* a second; a slower host is asked behind others; 20000 */
	/* For each host; 0 is no bound of its own, which is the default. */
	unsigned host_connections; /* transfers at once */
	unsigned host_rate;	   /* requests a second */
	/* The same for this one, where it is less: snapshot.debian.org, 2 and 4. */
	const char *strict_host;
	unsigned strict_connections, strict_rate;
};

extern const struct fetch_options fetch_options_default;

enum status fetcher_new(
	const struct fetch_options *options, struct fetcher **fetcher, struct error *err);
void fetcher_free(struct fetcher *fetcher);

/*
 * Gets a URL whose digest is not known beforehand (InRelease, a published artifact) into the
 * store; *served is the URL after redirects (NULL if not wanted; the caller frees).
 */
enum status fetcher_get(struct fetcher *fetcher, struct store *store, const char *url,
	uint64_t size_limit, struct digest *digest, uint64_t *size, char **served,
	struct error *err);

/* A file to be fetched by its hash; the first of `urls` that gives it wins. */
struct fetch_item {
	const char *name; /* for messages: "openssl_3.0.17-1_amd64.deb" */
	struct digest digest;
	uint64_t size;
	struct text_list urls;
	bool done;
};

/*
 * Gets every item that the store lacks, several at once, with a progress line called `step`. A file
 * whose hash does not fit is dropped and the next URL is tried. When all that can be done is done
 * and items are left, the status is of the worst failure: STATUS_TRUST when a place gave wrong
 * bytes and no place gave the right ones, else STATUS_NETWORK; STATUS_IO when the store cannot be
 * written. Without a `step` there is no progress line. Several threads may fetch at once.
 */
enum status fetcher_get_all(struct fetcher *fetcher, struct store *store, const char *step,
	struct fetch_item *items, size_t count, struct error *err);

/* ---- pins ---- */

/*
 * The bytes that a signed state of a suite is known by (trust T12): those of its InRelease, or, of
 * an archive that has none, those of Release and of the Release.gpg that signs it.
 */
struct suite_state {
	bool is_detached;
	struct digest inrelease;	    /* all zeros when detached */
	struct digest release, release_gpg; /* all zeros when not */
};

/* "HEX" or "Release:HEX,Release.gpg:HEX", as in lock files and records. */
#define SUITE_STATE_SIZE ((size_t)160)

/* States of different kinds never are. */
bool suite_state_equal(const struct suite_state *a, const struct suite_state *b);
void suite_state_format(const struct suite_state *state, char text[SUITE_STATE_SIZE]);
bool suite_state_parse(const char *text, struct suite_state *state);

/* One signed suite of an archive at one time (trust T12). */
struct pin_suite {
	char *suite;  /* as in dists/SUITE: "bookworm-security" */
	char *origin; /* as its Release says */
	char *codename;
	bool is_detached;	 /* Release and Release.gpg; there is no InRelease */
	struct digest inrelease; /* of the InRelease file as it was served; or all zeros */
	/*
	 * Of the signed text, which is in the store as well: what gpgv said is signed in InRelease,
	 * or Release as it was served.
	 */
	struct digest release;
	struct digest release_gpg; /* of Release.gpg as it was served; or all zeros */
	int64_t date;		   /* its Date */
	char *signer;	     /* fingerprint of the primary key that signed it, upper case hex */
	int64_t signed_at;   /* when it signed */
	bool is_key_expired; /* accepted though that key has since expired or been retired */
};

/* Which of its digests it is known by. */
struct suite_state pin_suite_state(const struct pin_suite *suite);

/* An archive at one time: "debian@20260711T101637Z". */
struct pin {
	char *name;
	char *archive;
	int64_t timestamp;
	bool captured;	/* taken from a mirror's present state, not from snapshot.debian.org */
	int64_t import; /* of a captured one: the import that was found to be it; 0 for none */
	struct text_list components;
	struct text_list architectures;
	struct pin_suite *suites; /* sorted by suite */
	size_t suite_count;
	size_t suite_capacity;
};

void pin_release(struct pin *pin);

struct pin_list {
	struct pin *items;
	size_t count;
	size_t capacity;
};

void pin_list_release(struct pin_list *pins);

struct trust_options {
	const char *keyring;	 /* a file; NULL for the Debian keyrings of this machine */
	bool accept_expired_key; /* --accept-expired-key */
	int64_t now;		 /* clock_now(), or what a test says; 0 means clock_now() */
	const char *lock;	 /* lock file whose digests count as given; NULL for none */
	struct text_list *notes; /* sentences to say to the user are added; NULL: not wanted */
	const char *etc_apt;	 /* which suites a pin has, if nothing else says; NULL: /etc/apt */
};

/*
 * Whether the store holds that file whole: it is hashed. A damaged one is moved to quarantine and
 * is not there any more, which is noted with its `name`, so that it is fetched again.
 */
enum status store_check(struct store *store, const struct digest *digest,
	const struct trust_options *trust, const char *name, bool *is_there, struct error *err);

struct capture_request {
	const struct place_list *places; /* where from */
	const char *etc_apt;		 /* suites and components are read from these apt sources */
	struct text_list architectures;	 /* empty: dpkg's own */
	struct trust_options trust;
};

/*
 * Takes the present state of the archives into the store: InRelease (or Release and Release.gpg,
 * where there is none) verified as trust T11 says,
 * Packages and Sources checked by SHA-256. Gives one pin an archive. STATUS_CONFLICT when the store
 * has a pin of that name with other digests.
 */
enum status snapshot_capture(struct store *store, struct fetcher *fetcher,
	const struct capture_request *request, struct pin_list *pins, struct error *err);

/*
 * Reads a pin by its name from the store, or from snapshot.debian.org (through `places` first) when
 * the store does not have it; verifies it all the same. Adds it to `pins`. Overlap (one archive and
 * suite twice) is STATUS_USAGE.
 */
enum status snapshot_pin(struct store *store, struct fetcher *fetcher,
	const struct place_list *places, const struct trust_options *trust, const char *name,
	struct pin_list *pins, struct error *err);

/*
 * The lock file (trust T12): text, one line a suite, "archive suite timestamp STATE [captured]",
 * sorted, behind a line "reproof-lock-1". STATE is as suite_state_format() writes it: the SHA-256
 * of InRelease alone is what it always was, and versions that know no other refuse the rest.
 * lock_check: STATUS_NOT_FOUND when there is no lock file yet; STATUS_TRUST when it says otherwise.
 */
enum status lock_check(const char *path, const struct pin_list *pins, struct error *err);
enum status lock_write(const char *path, const struct pin_list *pins, struct error *err);

/* ---- the files a pin names ---- */

struct archive_index;

/* One file below an archive's root. */
struct archive_file {
	const char *archive;
	const char *path; /* "pool/main/o/openssl/openssl_3.0.17-1_amd64.deb" */
	struct digest digest;
	uint64_t size;
};

/*
 * Reads Release files, Packages and Sources of the pins from the store. Two digests for one path is
 * STATUS_TRUST. Borrowed texts live as long as the index. Indexes named by Release but not stored
 * are known by digest too.
 */
enum status archive_index_open(struct store *store, const struct pin_list *pins,
	struct archive_index **index, struct error *err);
void archive_index_free(struct archive_index *index);
/* False when no pinned index names it (trust T12). dists/…, by-hash and pool paths. */
bool archive_index_find(const struct archive_index *index, const char *archive, const char *path,
	struct archive_file *file);
/* Every file that the pinned indexes name, by pin and path. */
void archive_index_each(const struct archive_index *index,
	void (*visit)(void *context, const struct digest *digest), void *context);
/* Every URL a file can be had from: places first, then snapshot.debian.org. */
void archive_file_urls(const struct archive_file *file, const struct pin_list *pins,
	const struct place_list *places, struct text_list *urls);

/*
 * Gets such files into the store, those it lacks: from the places and snapshot.debian.org by their
 * paths; what none of these has also from what snapshot.debian.org, or a place of its layout, knows
 * under the SHA-1 that its machine API tells. A file counts only by its SHA-256, wherever it is
 * from. Status as of fetcher_get_all(), of the places by path.
 */
enum status archive_files_fetch(struct fetcher *fetcher, struct store *store,
	const struct pin_list *pins, const struct place_list *places, const char *step,
	const struct archive_file *files, size_t count, struct error *err);

/* One way in which the signature of a pin's suite vouches for a file. */
struct trust_chain {
	size_t pin, suite; /* which, in the list of pins */
	char *index;	   /* below the archive's root: what names the file; NULL: Release does */
	struct digest index_digest;
	char *path; /* below the archive's root */
	struct digest digest;
	uint64_t size;
};

struct trust_chains {
	struct trust_chain *items; /* in the order of pins, suites and indexes */
	size_t count;
	size_t capacity;
};

/*
 * Every way in which the verified pins vouch for `file`: a path below an archive's root, or the
 * last part of a path of its pool. STATUS_NOT_FOUND when none does, STATUS_USAGE when the last part
 * is that of several paths. Every index is hashed and read.
 */
enum status snapshot_trust_chains(struct store *store, const struct pin_list *pins,
	const char *file, struct trust_chains *chains, struct error *err);
void trust_chains_release(struct trust_chains *chains);

/* ---- solving ---- */

struct solved_package {
	char *name, *version, *architecture;
	char *source, *source_version;
	char *archive, *path;
	struct digest digest;
	uint64_t size;
};

struct solution {
	struct solved_package *packages; /* sorted by name, then architecture */
	size_t count;
	size_t capacity;
};

/*
 * The closure of a package list at the pins, without Recommends, as apt would choose it.
 * STATUS_NOT_FOUND for an unknown package, STATUS_CONFLICT with the solver's reasons when
 * unsolvable.
 */
enum status snapshot_solve(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err);
/*
 * The same with Recommends, taken as apt takes them: each behind the dependencies of its package,
 * and passed over where it cannot be had then. Where apt turns back from a choice it may take
 * others (docs/man/reproof-snapshot-solve.1 has figures).
 */
enum status snapshot_solve_recommended(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err);
void solution_release(struct solution *solution);

/* ---- the pinning proxy ---- */

/*
 * One request to the proxy or the API, as it is logged: before the last of its answer leaves, so
 * that the list of what a build was given is whole when the build ends.
 */
struct proxy_event {
	int64_t time;
	const char *host;    /* as the client asked for it; "" in origin form */
	const char *request; /* method and target, without secrets */
	int status;	     /* HTTP */
	const char *archive; /* NULL when refused */
	const char *path;
	struct digest digest; /* of the whole file; a GET of status 200 or 206 sent of it */
	uint64_t size;
	const char *error; /* trust or network trouble behind a 5xx, or NULL */
};

struct proxy_config {
	struct store *store;
	struct fetcher *fetcher; /* NULL: offline, only what is in the store */
	const struct pin_list *pins;
	const struct place_list *places;
	/* A listening socket that the proxy takes over, also when it cannot start; or -1. */
	int listen_fd;
	unsigned short port; /* with listen_fd -1: on 127.0.0.1; 0 lets the system choose */
	/* Called from the server's threads, one at a time. */
	void (*log)(void *context, const struct proxy_event *event);
	void *log_context;
};

struct proxy;

enum status proxy_start(const struct proxy_config *config, struct proxy **proxy, struct error *err);
unsigned short proxy_port(const struct proxy *proxy);
/*
 * Waits for running requests, stops, and frees. Returns STATUS_TRUST, STATUS_NETWORK or STATUS_IO
 * (the worst) when a request failed for such a reason while it ran, also when it was mended later,
 * so that the caller's run is trouble, not red.
 */
enum status proxy_stop(struct proxy *proxy, struct error *err);

/* ---- the Snapshot API ---- */

/*
 * A server of what the pins of a store name and the store has, as snapshot.debian.org
 * (/mr/…, /file/SHA1, /archive/ARCHIVE/TIME/…) and metasnap.debian.net (POST /cgi-bin/api) answer.
 * For people and their tools: no verdict comes from it, and it fetches nothing.
 */
struct api_config {
	struct store *store;
	const struct pin_list *pins; /* verified; several times of one suite are fine */
	int listen_fd;		     /* as proxy_config has it */
	unsigned short port;	     /* with listen_fd -1: on 127.0.0.1; 0 lets the system choose */
	/* Called from the server's threads, one at a time. */
	void (*log)(void *context, const struct proxy_event *event);
	void *log_context;
};

struct api;

/* Reads the indexes of all pins, which takes a second or two each. Borrows what it is given. */
enum status api_start(const struct api_config *config, struct api **api, struct error *err);
unsigned short api_port(const struct api *api);
/* As proxy_stop(). */
enum status api_stop(struct api *api, struct error *err);

/*
 * Reads and verifies the pins of the store named in `names`, each on its own, so that they may be
 * several times of one suite; with no name all that the store has. Nothing is fetched.
 * STATUS_NOT_FOUND when there is none.
 */
enum status snapshot_pins_stored(struct store *store, const struct trust_options *trust,
	const struct text_list *names, struct pin_list *pins, struct error *err);

#endif
