/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MATCHER_H
#define DBDIFF_MATCHER_H

#include "dbdiff/sides.h"
#include "dbdiff/textdiff.h"

#define EVIDENCE_SIZE 320

/* Two values of a field of this artifact whose difference has a cause of its own. */
struct known_pair {
	const char *cause; /* of the catalogue: static */
	const char *field; /* static */
	char *values[SIDES];
};

/* What a matcher is told of a leaf. */
struct matching {
	const char *path; /* whole, from the artifact's name */
	/* The bytes that are looked at, of each side: all of the leaf, or some of it. */
	const struct stretch *sides;
	/* What was read of each side nearest to its beginning; NULL: the above. */
	const struct stretch *first;
	bool is_whole;
	bool in_program; /* a section of one, or another part */
	const struct known_pair *known;
	size_t known_count;
	/* How many more places may be looked at, over all leaves; NULL for any number. */
	size_t *places_left;
};

/* A range of both sides, and why it differs. */
struct claim {
	const char *cause;		 /* of the catalogue: static */
	size_t start[SIDES], len[SIDES]; /* in the stretches */
	char evidence[EVIDENCE_SIZE];	 /* what it was read from, for people: visible UTF-8 */
};

/* In order, not overlapping. Zeroed is empty. */
struct claim_list {
	struct claim *items;
	size_t count;
	size_t capacity;
};

/*
 * A kind of value that stands somewhere in a text or between other bytes. It claims nothing but the
 * value: both sides must have one of the same form at the same place.
 */
struct value_matcher {
	/* How far before the first byte that differs it may begin. */
	size_t back;
	/*
	 * The length of the value at `at`, which stands for itself there; 0 when there is none.
	 * What *form is set to must be the same on both sides.
	 */
	size_t (*parse)(const struct stretch *text, size_t at, unsigned *form);
	/* Whether this pair is claimed; sets the cause and the evidence. */
	bool (*accept)(const struct matching *matching, struct claim *claim);
};

/*
 * A kind of file, known by its path and by what both sides hold. The matcher sets the evidence, and
 * the ranges of what it claims; without these it is all of the file.
 */
struct leaf_matcher {
	const char *cause;
	bool (*match)(const struct matching *matching, struct claim *claim);
};

/* Ended by a row without functions. Tried in their order (trust T9: dbdiff/matcher.c). */
extern const struct value_matcher value_matchers[];
extern const struct leaf_matcher leaf_matchers[];
/*
 * Where none of these claims anything: what kind of file it is, said by a few bytes that show it,
 * so that people are told what to do with it. The rest stays unexplained.
 */
extern const struct leaf_matcher leaf_namers[];

/*
 * Claims what it can. True when every window that differs is inside of a claim; only a hint, it is
 * claims_explain() that decides.
 */
bool match_stretch(const struct matching *matching, struct claim_list *claims);
void claim_list_release(struct claim_list *claims);

/* ---- for matchers (dbdiff/matcher_context.c) ---- */

/* Writes "WHAT A published, B rebuilt", of the claimed values. */
void claim_set_values(const struct matching *matching, struct claim *claim, const char *what);
void claim_set_evidence(struct claim *claim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * The key of the value that begins at `at` of a side: of KEY=value, KEY: value and "KEY": value, or
 * the last part of the path when the value is the member itself. Its length, 0 for none.
 */
size_t value_key(const struct matching *matching, int side, size_t at, const char **key);
bool key_is(const char *key, size_t len, const char *const *names);
/* Whether the path ends so behind a slash or at its beginning. */
bool path_ends(const char *path, const char *tail);
/* The part of the path behind the last one of these directories, NULL when it is not below it. */
const char *path_below(const char *path, const char *directory);

/* ---- parsers of values (dbdiff/values_*.c) ---- */

size_t parse_uuid(const struct stretch *text, size_t at, unsigned *form);
size_t parse_hex(const struct stretch *text, size_t at, unsigned *form);
size_t parse_time(const struct stretch *text, size_t at, unsigned *form);
/* Appends the text from `at` on, with a NUL byte in the place of each time in it. */
void add_without_times(struct buffer *out, const struct stretch *text, size_t at);
size_t parse_source_version(const struct stretch *text, size_t at, unsigned *form);
size_t parse_kernel_stamp(const struct stretch *text, size_t at, unsigned *form);
size_t parse_kernel_builder(const struct stretch *text, size_t at, unsigned *form);
size_t parse_tool_version(const struct stretch *text, size_t at, unsigned *form);
size_t parse_build_path(const struct stretch *text, size_t at, unsigned *form);

/* ---- where a value stands (dbdiff/matcher_place.c) ---- */

/* Below one of these directories; the last is NULL. */
bool path_is_below(const char *path, const char *const *places);
/* A program in a language that needs no "#!", or a setting, wherever it lies. */
bool is_named_source(const char *path);
/* In any case of letters. */
bool has_word(const char *text, size_t len, const char *word);
const struct stretch *matching_beginning(const struct matching *matching, int side);
bool is_script(const struct matching *matching);
/* Where a value is what somebody runs, loads or obeys, and no remark of a build. */
bool is_acted_on(const struct matching *matching);
/* Below a directory of what people read. */
bool is_document(const struct matching *matching);
/* A text that is neither program nor setting, as far as its beginning and its name say. */
bool is_record(const struct matching *matching);
/* Such a one below var/log. */
bool is_log(const struct matching *matching);
/*
 * In one of the remarks that a text begins with. Further down a line that begins with # may as well
 * be a part of a text that a program holds.
 */
bool is_first_remark(const struct matching *matching, const struct claim *claim);

/* ---- matchers with a file of their own ---- */

bool accept_build_path(const struct matching *matching, struct claim *claim);
/* A time, a process id, a duration or a random name of a log. */
size_t parse_log_value(const struct stretch *text, size_t at, unsigned *form);
bool accept_log_value(const struct matching *matching, struct claim *claim);
bool match_log_order(const struct matching *matching, struct claim *claim);
bool name_log(const struct matching *matching, struct claim *claim);

bool is_digit(char c);
bool is_alnum(char c);
/* Whether nothing of a word stands before `at`, or at it. */
bool at_word_start(const struct stretch *text, size_t at);
bool at_word_end(const struct stretch *text, size_t at);

#endif
