/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FINDINGS_H
#define DBDIFF_FINDINGS_H

#include "base/buffer.h"
#include "base/sql.h"
#include "dbdiff/dbdiff.h"
#include "dbdiff/sides.h"

/* The differences of one pair, collected in any order and given out in that of their paths. */
struct findings {
	struct sql sql;
	uint64_t count;
	bool inspected;	 /* all of them */
	int64_t last_id; /* of the newest */
};

/* One of them. */
struct finding_row {
	const struct buffer *path;
	int64_t occurrence;
	enum change change;
	bool inspected;
	const char *reason;		/* why not; not used when inspected */
	const struct buffer *fields;	/* "name\0published\0rebuilt\0" after one another */
	const struct digest *published; /* of its content; NULL: not hashed, or not there */
	const struct digest *rebuilt;
	/* NULL: those of its fields, and UNEXPLAINED where one or the content has none. */
	const char *cause;
};

/* Whose difference bytes are. */
struct finding_range {
	int64_t first, last; /* ids */
	bool content;	     /* the member's bytes differ, not its metadata alone */
};

/* A pair of containers that were opened on both sides. */
struct opened_pair {
	struct buffer path;
	int64_t occurrence;
	int64_t finding; /* 0: the container has no difference of its own yet */
	int64_t pair;	 /* names the pair on both sides */
	bool is_partial; /* one of them could not be read whole */
};

enum status findings_open(struct findings *findings, struct error *err);
void findings_release(struct findings *findings);
/* Forgets all of them. */
enum status findings_clear(struct findings *findings, struct error *err);

enum status findings_add(
	struct findings *findings, const struct finding_row *row, int64_t *id, struct error *err);
enum status findings_set_diff(
	struct findings *findings, int64_t id, const char *diff, struct error *err);
/* Says more of a difference, as its reason; whether it is inspected stays. */
enum status findings_add_note(
	struct findings *findings, int64_t id, const char *text, struct error *err);
/*
 * It is not inspected, and "unexplained" stays with it. `what` came of it, "" or a text that ends
 * in
 * ": ", and `why` are added to its reason, unless that says the same already.
 */
enum status findings_close(struct findings *findings, int64_t id, const char *what, const char *why,
	struct error *err);
/* Adds a field, unless it has one of that name; and its cause with so many bytes. */
enum status findings_add_field(struct findings *findings, int64_t id, const char *name,
	const char *published, const char *rebuilt, const char *cause, uint64_t bytes,
	struct error *err);
/* Every field of every difference. */
enum status findings_each_field(struct findings *findings,
	enum status (*visit)(void *context, const char *name, const char *published,
		const char *rebuilt, struct error *err),
	void *context, struct error *err);
/* The cause of a field of that name, given what else differs in the finding's metadata. */
enum status findings_field_cause(struct findings *findings, int64_t id, const char *name,
	const char **cause, struct error *err);
/* Adds a cause, or bytes to one. `evidence` may be NULL. */
enum status findings_add_cause(struct findings *findings, int64_t id, const char *cause,
	uint64_t bytes, const char *evidence, struct error *err);
/* Two values that a cause of it was read from. */
enum status findings_add_value(struct findings *findings, int64_t id, const char *cause,
	const char *published, const char *rebuilt, struct error *err);
/* Takes "unexplained" from a finding when no byte and no field has that cause, and it has another
 * one. */
enum status findings_settle(struct findings *findings, int64_t id, struct error *err);
/* The first of its causes in the order of ids, "unexplained" before all others; "" for none. */
enum status findings_main_cause(struct findings *findings, const struct finding_range *range,
	struct buffer *cause, int64_t *id, struct error *err);

/* Says where in a side's index a difference is; see findings.sql. */
enum status findings_add_place(struct findings *findings, int side, int64_t container,
	int64_t position, const struct finding_range *range, struct error *err);
/* STATUS_END when nothing differs there. */
enum status findings_find_place(struct findings *findings, int side, int64_t container,
	int64_t position, struct finding_range *range, struct error *err);

enum status findings_add_opened(struct findings *findings, const int64_t containers[SIDES],
	const struct buffer *path, int64_t occurrence, int64_t finding, bool is_partial,
	struct error *err);
/* STATUS_END when the container was not opened on both sides. */
enum status findings_find_opened(struct findings *findings, int side, int64_t container,
	struct opened_pair *pair, struct error *err);

/* The pair has a difference of its own now. */
enum status findings_set_opened(
	struct findings *findings, int64_t pair, int64_t finding, struct error *err);

/* A stretch of a leaf that a cause explains, on one side. */
struct claim_row {
	int64_t finding;
	int side;
	uint64_t start, len;
	const char *cause;
};

enum status findings_add_claim(
	struct findings *findings, const struct claim_row *claim, struct error *err);
/*
 * What claims the byte at `offset`: its cause, or "" for none; and where that ends. STATUS_END when
 * nothing claims any of the leaf from there on.
 */
enum status findings_find_claim(struct findings *findings, int64_t id, int side, uint64_t offset,
	struct buffer *cause, uint64_t *end, struct error *err);

/* Two members of one path that differ have these digests. */
enum status findings_add_digests(struct findings *findings, const struct digest *published,
	const struct digest *rebuilt, const struct buffer *path, struct error *err);
/* STATUS_END when there are none; else the path of the first such. */
enum status findings_find_digests(struct findings *findings, const struct digest *published,
	const struct digest *rebuilt, struct buffer *path, struct error *err);

enum status findings_add_wrapper(struct findings *findings, const struct buffer *path,
	const char *kind, const char *signer, struct error *err);
enum status findings_each_wrapper(struct findings *findings,
	enum status (*visit)(void *context, const struct wrapper *wrapper, struct error *err),
	void *context, struct error *err);

/*
 * Gives all to the sink in the order of (path bytes, occurrence), which is unique: members of one
 * path in containers of one path are counted on.
 */
enum status findings_emit(
	struct findings *findings, const struct difference_sink *sink, struct error *err);

#endif
