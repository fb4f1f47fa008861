/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_POPCON_H
#define VERIFIER_COVERAGE_POPCON_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * How many of those who report to Debian's popularity contest have a package: by_inst of
 * popcon.debian.org, of binary packages, or source/by_inst. Text: comments begin with "#", a line a
 * package "RANK NAME INST VOTE OLD RECENT NO-FILES (MAINTAINER)", a line of dashes, "N Total …".
 */
struct popcon_row {
	char *name;
	uint64_t rank, installed, voted, old, recent, no_files;
	size_t line;
};

/* A zeroed struct is empty. */
struct popcon {
	char *file;
	struct digest sha256;
	struct popcon_row *rows; /* of the wanted names, sorted by them */
	size_t row_count, row_capacity;
	uint64_t packages; /* in the file */
	uint64_t total;	   /* of all installations of all packages, as the last line says */
};

/*
 * Reads the rows of `names`, which text_list_sort() has sorted. A file without its total was cut,
 * and is STATUS_FORMAT like a wanted row that cannot be read or stands twice, each with its line;
 * nothing of it is then used.
 */
enum status popcon_read(struct popcon *popcon, const struct data_file *file,
	const struct text_list *names, struct error *err);
/* NULL when nobody has it; adds a claim either way. */
const struct popcon_row *popcon_find(
	const struct popcon *popcon, const char *name, struct claim_list *claims);
void popcon_release(struct popcon *popcon);

#endif
