/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_REBUILDERD_H
#define VERIFIER_COVERAGE_REBUILDERD_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * Whether a package itself was reproduced by somebody, in either of two forms, told apart by the
 * keys of each entry of the array:
 * - a rebuilderd instance's answer to /api/v0/pkgs/list (common/src/lib.rs, PkgRelease), of binary
 *   packages: name, version, status GOOD, BAD or UNKWN, distro, suite, architecture, artifact_url,
 *   build_id, built_at;
 * - the export reproducible.json of tests.reproducible-builds.org (bin/reproducible_json.py), of
 *   source packages: package, version, suite, architecture, status, build_date.
 */
enum rebuilt {
	REBUILT_GOOD,
	REBUILT_UNKNOWN, /* not rebuilt yet, or it could not be built: nothing is shown */
	REBUILT_BAD,	 /* it came out different */
};

struct rebuilt_package {
	char *name, *version, *suite, *architecture;
	char *word; /* the status as it is written */
	char *date; /* NULL when not said */
	bool is_source;
	enum rebuilt rebuilt;
	char *place; /* "NAME#/17" */
};

/* A zeroed struct is empty. */
struct rebuilderd {
	char *name; /* of the file */
	struct digest sha256;
	struct rebuilt_package *packages; /* in the order of the file */
	size_t count, capacity;
};

#define REBUILDERD_ENTRIES_MAX ((size_t)1024) /* of one name: versions, suites, architectures */

/*
 * Reads what it says of `names`, of sources and of their binaries, which text_list_sort() has
 * sorted. Entries that name another distribution than Debian are passed over. On trouble, of which
 * more than REBUILDERD_ENTRIES_MAX entries of one name are STATUS_LIMIT, nothing of it is used.
 */
enum status rebuilderd_read(struct rebuilderd *rebuilderd, const struct data_file *file,
	const struct text_list *names, struct error *err);
void rebuilderd_release(struct rebuilderd *rebuilderd);

/*
 * Of one package at exactly its version and architecture (binaries also as "all"): the worst that
 * is said of it; `is_known` false when nothing is. An entry of another version says nothing of this
 * one. `suite` may be NULL for any: the same version is the same package in each. Adds a claim for
 * each entry that fits.
 */
struct rebuilt_answer {
	bool is_known;
	enum rebuilt rebuilt;
};

struct rebuilt_answer rebuilderd_look_up(const struct rebuilderd *rebuilderd, bool is_source,
	const char *name, const char *version, const char *suite, const char *architecture,
	struct claim_list *claims);

#endif
