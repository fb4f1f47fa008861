/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_READ_H
#define VERIFIER_EVIDENCE_READ_H

#include "verifier/evidence/evidence.h"

/*
 * Reading a recorded run, for reports. Texts handed to a callback are valid during the call only;
 * a callback that returns an error ends the reading with it.
 */

struct run_record {
	char id[RUN_ID_SIZE];
	char *kind, *release, *target, *tool, *comparer;
	char *isolation;     /* NULL when nothing was built */
	char *failure_class; /* NULL when nothing failed */
	char *failure_step, *failure_text;
	int64_t started; /* milliseconds */
	bool finished;
	enum verdict verdict; /* when finished */
};

/* `id` NULL reads the newest. STATUS_NOT_FOUND when there is none. Release with run_record_release.
 */
enum status evidence_read_run(
	struct evidence *evidence, const char *id, struct run_record *run, struct error *err);
void run_record_release(struct run_record *run);

struct artifact_row {
	struct artifact_record record;
	const char *set_id; /* NULL without a set */
	bool inspected;	    /* the set is complete; true without a set */
	uint64_t differences;
	int64_t unattributed, unexplained; /* -1: not measured; 0 when reproduced */
};

typedef enum status (*artifact_visitor)(
	void *context, const struct artifact_row *artifact, struct error *err);
/* By name, or worst verdict first and then by name. */
enum status evidence_each_artifact(struct evidence *evidence, const char *run, bool worst_first,
	artifact_visitor visit, void *context, struct error *err);

typedef enum status (*difference_visitor)(
	void *context, const struct difference *difference, struct error *err);
/* In the order of path bytes; at most `limit`. */
enum status evidence_each_difference(struct evidence *evidence, const char *set_id, uint64_t limit,
	difference_visitor visit, void *context, struct error *err);

/* Those of one path: several where several members have it. */
enum status evidence_each_difference_at(struct evidence *evidence, const char *set_id,
	const char *path, difference_visitor visit, void *context, struct error *err);
/* Those below a path, of a directory or of a member that was opened; at most `limit`. */
enum status evidence_each_difference_below(struct evidence *evidence, const char *set_id,
	const char *path, uint64_t limit, difference_visitor visit, void *context,
	struct error *err);
/* Those with a cause, in the order of artifacts and paths; at most `limit`. */
enum status evidence_each_difference_of(struct evidence *evidence, const char *run,
	const char *cause, uint64_t limit, difference_visitor visit, void *context,
	struct error *err);

/* A cause within one difference set. */
struct cause_row {
	const char *cause;
	uint64_t artifacts, members;
	uint64_t bytes; /* of the artifacts' differing bytes */
	bool is_unmeasured;
};

typedef enum status (*cause_visitor)(
	void *context, const struct cause_row *cause, struct error *err);
enum status evidence_each_set_cause(struct evidence *evidence, const char *set_id,
	cause_visitor visit, void *context, struct error *err);
typedef enum status (*wrapper_visitor)(
	void *context, const struct wrapper *wrapper, struct error *err);
/* What was taken off; by path and kind. */
enum status evidence_each_wrapper(struct evidence *evidence, const char *set_id,
	wrapper_visitor visit, void *context, struct error *err);

typedef enum status (*text_visitor)(void *context, const char *text, struct error *err);
enum status evidence_each_mark(struct evidence *evidence, const char *run, text_visitor visit,
	void *context, struct error *err);

typedef enum status (*pin_visitor)(void *context, const struct pin_record *pin, struct error *err);
enum status evidence_each_pin(struct evidence *evidence, const char *run, pin_visitor visit,
	void *context, struct error *err);

typedef enum status (*package_visitor)(
	void *context, const struct package_change *change, struct error *err);
enum status evidence_each_package_change(struct evidence *evidence, const char *run,
	package_visitor visit, void *context, struct error *err);
/* *artifact is NULL when no package set was read; the caller frees. */
enum status evidence_read_package_source(struct evidence *evidence, const char *run,
	char **artifact, uint64_t *packages, struct error *err);

struct published_change {
	const char *name, *was, *is_now;
	int64_t last_seen;
};

typedef enum status (*published_change_visitor)(
	void *context, const struct published_change *change, struct error *err);
enum status evidence_each_published_change(struct evidence *evidence, const char *run,
	published_change_visitor visit, void *context, struct error *err);

typedef enum status (*count_visitor)(
	void *context, const char *text, int64_t number, uint64_t count, struct error *err);
/* Host (number 0) and requests. */
enum status evidence_each_host(struct evidence *evidence, const char *run, count_visitor visit,
	void *context, struct error *err);
/* Request, HTTP status and how often. */
enum status evidence_each_refusal(struct evidence *evidence, const char *run, count_visitor visit,
	void *context, struct error *err);
typedef enum status (*wanted_visitor)(
	void *context, const char *kind, const char *target, uint64_t count, struct error *err);
/* By kind and target; "more" last. */
enum status evidence_each_wanted(struct evidence *evidence, const char *run, wanted_visitor visit,
	void *context, struct error *err);
typedef enum status (*limit_visitor)(
	void *context, const struct limit_record *limit, struct error *err);
/* By name. */
enum status evidence_each_limit(struct evidence *evidence, const char *run, limit_visitor visit,
	void *context, struct error *err);
enum status evidence_count_materials(struct evidence *evidence, const char *run, const char *kind,
	uint64_t *count, uint64_t *bytes, struct error *err);

typedef enum status (*material_visitor)(void *context, const char *name,
	const struct digest *digest, uint64_t size, struct error *err);
/* By name. */
enum status evidence_each_material(struct evidence *evidence, const char *run, const char *kind,
	material_visitor visit, void *context, struct error *err);

/* Artifacts whose published file the pins served to the build; by name. */
enum status evidence_each_served_artifact(struct evidence *evidence, const char *run,
	text_visitor visit, void *context, struct error *err);

/* ---- what the store has to keep ---- */

typedef enum status (*reference_visitor)(
	void *context, const struct digest *digest, struct error *err);
/* Every digest of a file that a record speaks of, each once, in the order of digest_compare(). */
enum status evidence_each_reference(
	struct evidence *evidence, reference_visitor visit, void *context, struct error *err);

/*
 * The newest run that was made with this pin of an archive. STATUS_END when there is none.
 */
enum status evidence_pin_user(struct evidence *evidence, const char *archive, const char *pin,
	char run[RUN_ID_SIZE], struct error *err);

#endif
