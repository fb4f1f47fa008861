/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_CAUSES_H
#define DBDIFF_CAUSES_H

#include <stddef.h>

/* Of bytes and values that no other cause accounts for, until one does. */
#define UNEXPLAINED "unexplained"

/* What a difference of this kind means for whoever has to decide; none of them is harmless. */
enum severity {
	SEVERITY_METADATA,  /* of files and containers: no byte that is run or read */
	SEVERITY_IDENTITY,  /* an identifier that each build draws anew */
	SEVERITY_SIGNATURE, /* who signed, or when */
	SEVERITY_TOOLCHAIN, /* made by other tools, or by the same ones in another way */
	SEVERITY_PACKAGES,  /* other packages or versions */
	SEVERITY_CONTENT,   /* the content itself */
};

/* One row of the catalogue: why members differ. Every text is a sentence or more, for people. */
struct cause {
	const char *id; /* the word of reports, waivers and JSON */
	const char *title;
	enum severity severity;
	const char *looks; /* what it looks like */
	const char *why;   /* why it happens */
	const char *mend;  /* how to mend it; for CIP, in which recipe or setting */
};

/* The catalogue, in the order of its ids (dbdiff/causes.c). */
extern const struct cause cause_catalogue[];
extern const size_t cause_catalogue_count;

/* NULL for an id that is not in it. */
const struct cause *cause_find(const char *id);
const char *severity_word(enum severity severity);

#endif
