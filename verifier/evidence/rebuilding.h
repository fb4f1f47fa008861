/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_REBUILDING_H
#define VERIFIER_EVIDENCE_REBUILDING_H

#include "verifier/evidence/evidence.h"

/*
 * What a run of kind "rebuild" came to: builds that were compared with each other, and with nothing
 * that was published. It is no evidence for a release (trust T14): its verdict is never a good one.
 */
#define RUN_KIND_REBUILD "rebuild"

/* The answers. */
#define REBUILD_BUILT	  "built"     /* once; there was nothing to compare */
#define REBUILD_SAME	  "same"      /* twice, bit for bit */
#define REBUILD_DIFFERENT "different" /* twice, and something differs */
#define REBUILD_FAILED	  "failed"    /* a build failed */

/* How variations make an artifact differ. */
#define CULPRIT_ALONE	 "alone"    /* this one is enough */
#define CULPRIT_TOGETHER "together" /* these are enough, and none of them can be left out */
#define CULPRIT_NOTHING	 "nothing"  /* it is another with nothing varied */
#define CULPRIT_WITHIN	 "within" /* these are enough; the builds ran out before fewer were found */

struct rebuild_variation {
	char *name;
	char *how;     /* from what to what; NULL when it was not varied */
	char *why_not; /* NULL when it was */
};

struct rebuild_artifact {
	char *name; /* raw bytes */
	bool has_first, has_second;
	struct digest first, second;
};

/* Each artifact that differs has one or more; of a build that fails the artifact is "". */
struct rebuild_culprit {
	char *artifact;
	char *how;    /* CULPRIT_… */
	char *varied; /* names of variations with "," between them; "" for CULPRIT_NOTHING */
};

/* A zeroed struct is empty and safe to release. */
struct rebuild_record {
	char *answer;
	char *compared; /* the run of kind "compare" that holds what differs inside; or NULL */
	char *kept;	/* the directory where the outputs are; or NULL: removed, being the same */
	uint64_t builds, bound;
	struct rebuild_variation *variations; /* in the order of reprotest's names in the report */
	size_t variation_count, variation_capacity;
	struct rebuild_artifact *artifacts; /* by name */
	size_t artifact_count, artifact_capacity;
	struct rebuild_culprit *culprits; /* by artifact */
	size_t culprit_count, culprit_capacity;
};

/* These copy what they are given. */
void rebuild_add_variation(
	struct rebuild_record *record, const char *name, const char *how, const char *why_not);
void rebuild_add_culprit(
	struct rebuild_record *record, const char *artifact, const char *how, const char *varied);
void rebuild_record_release(struct rebuild_record *record);

/* Records all of it, in place of what a killed part of the run had. */
enum status evidence_rebuild(struct evidence *evidence, const char *run,
	const struct rebuild_record *record, struct error *err);
/* STATUS_END when the run has none (it is not finished, or of another kind). */
enum status evidence_read_rebuild(struct evidence *evidence, const char *run,
	struct rebuild_record *record, struct error *err);

/* ---- builds that are done, for a run that is gone on with ---- */

/* One build of a run that did not fail: known by what was varied and how many had been made so
 * before. */
struct rebuild_build {
	const char *varied; /* names with "," between them */
	unsigned repetition;
};

/* Records a build with the files that it left, which `each` gives one by one until STATUS_END. */
typedef enum status (*rebuild_file_source)(
	void *context, size_t index, const char **name, struct digest *digest, struct error *err);
enum status evidence_rebuild_build(struct evidence *evidence, const char *run,
	const struct digest *inputs, const struct rebuild_build *build, rebuild_file_source each,
	void *context, struct error *err);
/* STATUS_END when it was not made, or with other inputs; else its files are visited, by name. */
enum status evidence_find_build(struct evidence *evidence, const char *run,
	const struct digest *inputs, const struct rebuild_build *build, output_visitor visit,
	void *context, struct error *err);

#endif
