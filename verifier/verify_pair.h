/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_PAIR_H
#define VERIFIER_VERIFY_PAIR_H

#include "verifier/evidence/verdict.h"
#include "verifier/release/release.h"
#include "verifier/verify_files.h"

/* One artifact to be judged: a file on one side or on both. */
struct artifact_pair {
	char *name;
	const struct file *published; /* NULL: none */
	const struct file *rebuilt;   /* NULL: none */
	bool required;
	const struct text_list *accept; /* the descriptor's, which outlives it; or NULL */
	char *problem; /* why it cannot be judged as the descriptor asks (trust T10), or NULL */
};

struct pair_list {
	struct artifact_pair *items;
	size_t count;
	size_t capacity;
};

/*
 * Pairs two sets by name, one to one, every file of either in exactly one pair. With a release,
 * each published file must match exactly one artifact entry or `ignore`; a file that does not has a
 * problem. A required entry that no file of either side matches gives a pair with neither.
 */
void pair_files(const struct file_set *published, const struct file_set *rebuilt,
	const struct release *release, struct pair_list *pairs);

/*
 * Keeps the pairs whose name matches one of the globs (fnmatch, FNM_PATHNAME). STATUS_USAGE when
 * one of the globs matches nothing. No glob keeps all.
 */
enum status pair_select(struct pair_list *pairs, const struct text_list *globs, struct error *err);

/*
 * The verdict that follows without looking at bytes: missing (also a published file with a
 * problem), extra; false when both sides are there and have to be compared.
 */
bool pair_is_decided(const struct artifact_pair *pair, enum verdict *verdict);

void pair_list_release(struct pair_list *pairs);

#endif
