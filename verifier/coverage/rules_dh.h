/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_DH_H
#define VERIFIER_COVERAGE_RULES_DH_H

#include "verifier/coverage/rules.h"

/* Options of dh and dh_auto_test (debhelper(7), dh(1)). */
struct dh_options {
	const char *build_system, *source_directory;
	const char *addons[16];
	size_t addon_count;
	bool is_dry;	 /* --no-act */
	bool has_limits; /* --before, --until, --remaining: only a part of the sequence */
	const char *const *arguments; /* behind `--` */
	size_t argument_count;
	const char *sequence; /* the first word that is no option */
};

/* Borrows of the words. */
void dh_options_read(const struct text_list *words, struct dh_options *options);

#endif
