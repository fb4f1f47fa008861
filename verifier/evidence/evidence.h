/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_EVIDENCE_H
#define VERIFIER_EVIDENCE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "dbdiff/dbdiff.h"
#include "snapshot/snapshot.h"
#include "verifier/evidence/verdict.h"

/*
 * The evidence database (schema.sql): what was compared when, with what result. Every writing
 * function commits before it returns, unless it says otherwise. Names are raw bytes.
 */
struct evidence;

#define RUN_ID_SIZE 32

/* Opens or makes the database; NULL opens a private one that is gone when closed. */
enum status evidence_open(const char *path, struct evidence **evidence, struct error *err);
/* Opens an existing database for reading. */
enum status evidence_open_read(const char *path, struct evidence **evidence, struct error *err);
void evidence_free(struct evidence *evidence);

/* ---- runs ---- */

/* How a run begins. Texts are borrowed. */
struct run_start {
	const char *kind; /* "verify", "compare" or RUN_KIND_REBUILD */
	const char *release;
	const char *target;
	struct digest key;		 /* of all that decides the result */
	const struct digest *descriptor; /* NULL for compare */
};

/*
 * Begins a run, or goes on with the newest unfinished one of the same key, unless it is a compare:
 * then *continued is true. The caller holds a lock that no other process works on this key. `id`
 * gets the run's name.
 */
enum status evidence_run_begin(struct evidence *evidence, const struct run_start *start,
	char id[RUN_ID_SIZE], bool *continued, struct error *err);

/* What went wrong, when something did; `class` is NULL when nothing. */
struct run_failure {
	const char *class; /* failure_class() */
	const char *step;  /* "fetch", "pin", "rebuild", "collect", "compare" */
	const char *text;
};

/* The word for a failure: "network", "trust", "build", …; NULL for success. */
const char *failure_class(enum status status);
/* The status behind a word; STATUS_IO for a word of another version. */
enum status failure_status(const char *class);

/*
 * Ends a run, once. With a failure its verdict is not-attempted at best: a failed run has shown
 * nothing.
 */
enum status evidence_run_finish(struct evidence *evidence, const char *run, enum verdict verdict,
	const struct run_failure *failure, struct error *err);
/*
 * Marks of a run, and of everything derived from it. What the build was kept in: nothing, or walls
 * that a build with root could take down (trust T4).
 */
#define MARK_NO_SANDBOX	 "no-sandbox"
#define MARK_COOPERATIVE "cooperative"
/* Only some of the artifacts were looked at. */
#define MARK_PARTIAL "partial"
/* An index stood for a side of a comparison. */
#define MARK_FROM_INDEX "from-index"
/* A pin was accepted whose key has expired or was retired (trust T11). */
#define MARK_EXPIRED_KEY "expired-key"
/* The insides of an artifact could not be compared, and a retry may help: the run is trouble. */
#define MARK_NOT_COMPARED "not-compared-inside"
/* What was published came over the network, and no list of hashes says what it is (trust T10). */
#define MARK_NO_HASH_LIST "no-hash-list"
/* There is a list, and no signature of it was checked. */
#define MARK_UNSIGNED_LIST "unsigned-list"
/* The build was given the image UUID of what was published (trust T5). */
#define MARK_GIVEN_UUID "given-image-uuid"
/* Not all that is in the published artifacts could be held against what was prepared (trust T3). */
#define MARK_PARTS_UNKNOWN "published-parts-unknown"
/* The pins served the build a file that it had to reproduce. */
#define MARK_SERVED_PUBLISHED "served-published"
/* What was prepared had this host's own network, its loopback with it (trust T3). */
#define MARK_PREPARE_NETWORK "prepare-on-host-network"
enum status evidence_run_mark(
	struct evidence *evidence, const char *run, const char *mark, struct error *err);
enum status evidence_run_isolation(struct evidence *evidence, const char *run,
	const char *isolation, const struct digest *source, struct error *err);

struct pin_record {
	const char *archive, *suite, *pin, *signer;
	struct suite_state state;
	int64_t date;
	bool captured;
};

enum status evidence_run_pin(struct evidence *evidence, const char *run,
	const struct pin_record *pin, struct error *err);

/* ---- what went into a rebuild and came out ---- */

/*
 * Groups many small writes: nothing is committed between begin and end. Ending with a status that
 * is no error commits; otherwise, and when that fails, all of it is undone. Gives the status.
 */
enum status evidence_begin(struct evidence *evidence, struct error *err);
enum status evidence_end(struct evidence *evidence, enum status status, struct error *err);

/* Materials, hosts, refusals, limits and what was wanted, of an attempt that is done again. */
enum status evidence_forget_build(struct evidence *evidence, const char *run, struct error *err);
enum status evidence_material(struct evidence *evidence, const char *run, const char *kind,
	const char *name, const struct digest *digest, uint64_t size, struct error *err);
enum status evidence_asked_host(
	struct evidence *evidence, const char *run, const char *host, struct error *err);
enum status evidence_refusal(struct evidence *evidence, const char *run, const char *request,
	int http_status, struct error *err);
/* What the build tried to reach besides the proxy; kind "more" is those not told apart. */
enum status evidence_wanted(struct evidence *evidence, const char *run, const char *kind,
	const char *target, uint64_t count, struct error *err);

/* A limit of the build. */
struct limit_record {
	const char
		*name;	/* "time", "memory", "disk", "free-space", "processes", "prepare-network" */
	uint64_t value; /* seconds, bytes, processes; of the last one 0 */
	const char *mechanism;
	bool is_broken;
};

enum status evidence_limit(struct evidence *evidence, const char *run,
	const struct limit_record *limit, struct error *err);
enum status evidence_output(struct evidence *evidence, const char *run, const char *name,
	const struct digest *digest, uint64_t size, struct error *err);
/*
 * All outputs are recorded: a killed run that goes on with the same inputs need not build again.
 * `inputs` is a digest of everything the build was given.
 */
enum status evidence_built(
	struct evidence *evidence, const char *run, const struct digest *inputs, struct error *err);
typedef enum status (*output_visitor)(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err);
/* Every file the build left, by name. */
enum status evidence_each_output(struct evidence *evidence, const char *run, output_visitor visit,
	void *context, struct error *err);
enum status evidence_is_built(struct evidence *evidence, const char *run,
	const struct digest *inputs, bool *built, struct error *err);

/* ---- what was published ---- */

struct published_record {
	const char *release, *target, *name, *url;
	struct digest digest;
	bool has_size;
	uint64_t size;
};

/*
 * Records that this content was seen published now. When the last content seen under the name
 * before was another one, that is recorded as a change of this run.
 */
enum status evidence_published(struct evidence *evidence, const char *run,
	const struct published_record *record, struct error *err);

/* ---- results ---- */

struct artifact_record {
	const char *name;
	enum verdict verdict;
	bool required;
	bool has_published, has_rebuilt; /* the digests below are known */
	struct digest published, rebuilt;
	bool has_published_size;
	uint64_t published_size, rebuilt_size;
	const char *reason; /* or NULL */
	bool is_accepted;   /* content-equal, by wrappers that the descriptor accepts for it */
	bool has_set; /* a difference set is stored for (published, rebuilt, comparer, name) */
	const char *comparer; /* NULL: DBDIFF_VERSION; another where indexes were compared */
	const char *beside;   /* NULL, or DBDIFF_VERSION and what else the set was made from */
};

/* Artifacts and packages of an earlier, killed part of a run. */
enum status evidence_forget_results(struct evidence *evidence, const char *run, struct error *err);

/* Records or replaces one artifact's result. */
enum status evidence_artifact(struct evidence *evidence, const char *run,
	const struct artifact_record *artifact, struct error *err);

/* The name a difference set is known by: SHA-256 of its two digests, the comparer and the name. */
void difference_set_id(const struct artifact_record *artifact, char id[SHA256_HEX_SIZE]);

/* A difference set being written: one transaction, which begins with the first difference. */
struct set_writer;

/* Whether a pair was compared before, by this comparer. */
enum set_state {
	SET_UNKNOWN,
	SET_INCOMPLETE, /* not everything that could hold members was opened */
	SET_COMPLETE,
};

/* Of a complete one *is_content_equal too. */
enum status evidence_set_state(struct evidence *evidence, const struct artifact_record *artifact,
	enum set_state *state, bool *is_content_equal, struct error *err);
/* For a pair whose digests are set; the name is borrowed until commit or abandon. */
struct set_writer *set_writer_new(
	struct evidence *evidence, const struct artifact_record *artifact);
/* The sink that writes; valid until commit or abandon. */
struct difference_sink set_writer_sink(struct set_writer *writer);
/* Frees the writer, whatever comes of it. */
enum status set_writer_commit(
	struct set_writer *writer, const struct comparison *comparison, struct error *err);
void set_writer_abandon(struct set_writer *writer);

struct package_change {
	const char *change; /* "added", "removed", "changed" */
	const char *name, *architecture;
	const char *published, *rebuilt; /* versions; NULL where there is none */
};

enum status evidence_package_change(struct evidence *evidence, const char *run,
	const struct package_change *change, struct error *err);
/* The package sets were read, from this artifact. */
enum status evidence_package_source(struct evidence *evidence, const char *run,
	const char *artifact, uint64_t packages, struct error *err);

#endif
