/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_NEWER_H
#define VERIFIER_COVERAGE_NEWER_H

#include "base/array.h"
#include "verifier/coverage/data_file.h"

/*
 * A Sources index of a newer Debian release or of another distribution (deb-src-control(5),
 * Debian's wiki RepositoryFormat): which source packages declare autopkgtests there. It is no
 * evidence of any test that ships here, only of where one could be taken from.
 */
struct newer_source {
	const char *name; /* borrowed of the names asked for */
	char *version;	  /* the highest with Testsuite; NULL: none declares one */
	char *testsuite;
	size_t line; /* where that stanza begins */
};

/* A zeroed struct is empty. */
struct newer {
	char *file;
	struct digest sha256;
	struct newer_source *sources; /* beside the names asked for, which outlive it */
	size_t count;
	size_t stanzas; /* of source packages in the file */
};

/*
 * Reads what it says of `names`, which text_list_sort() has sorted and of which none stands twice.
 * A file without a stanza of a source package is STATUS_FORMAT, and so is one that ends inside a
 * stanza without a version; nothing of it is used then.
 */
enum status newer_read(struct newer *newer, const struct data_file *file,
	const struct text_list *names, struct error *err);
/* NULL when it declares none. */
const struct newer_source *newer_find(const struct newer *newer, const char *name);
void newer_release(struct newer *newer);

#endif
