/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_TRACKER_H
#define VERIFIER_COVERAGE_TRACKER_H

#include "base/array.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

/*
 * What Debian's security tracker says of source packages in one suite: its file data/json
 * (security-tracker's bin/tracker_service.py):
 *	{SOURCE: {CVE: {"description"?, "debianbug"?, "scope"?: "remote"|"local",
 *	                "releases": {SUITE: {"status", "repositories", "fixed_version"?, "urgency",
 *	                                     "nodsa"?, "nodsa_reason"?}}}}}
 * About 80 MB, read as a stream; only what is said of the wanted sources is kept.
 */
enum tracker_state {
	TRACKER_OPEN,	      /* the suite's version is vulnerable */
	TRACKER_UNDETERMINED, /* nobody has looked yet; as good as open */
	TRACKER_RESOLVED,     /* fixed in `fixed_version` */
	TRACKER_NEVER,	      /* resolved, with a fixed version of "0": never affected */
};

enum tracker_scope {
	TRACKER_SCOPE_UNKNOWN,
	TRACKER_REMOTE,
	TRACKER_LOCAL
};

struct tracker_issue {
	char *id; /* "CVE-2026-1234", "TEMP-0000000-ABCDEF" */
	enum tracker_state state;
	enum tracker_scope scope;
	char *urgency;	     /* as it is written, "unimportant", "not yet assigned"; NULL unsaid */
	char *fixed_version; /* NULL when open */
	char *nodsa;	     /* why there is no advisory; NULL when that is not said */
	char *nodsa_reason;  /* "ignored", "postponed", ""; NULL */
	char *place;	     /* "NAME#/openssl/CVE-2026-1234" */
};

struct tracker_source {
	char *name;
	bool is_named; /* the file has it; else nothing is known, which is not "no CVE" */
	/* Those the file tells of in the suite, in the order of ids (byte values). */
	struct tracker_issue *issues;
	size_t issue_count, issue_capacity;
	size_t unsaid; /* issues of it where the suite is not listed: nothing is said */
};

/* A zeroed struct is empty. */
struct tracker {
	char *name; /* of the file */
	struct digest sha256;
	char *suite;
	struct tracker_source *sources; /* by name */
	size_t source_count;
	bool has_suite; /* any source at all is listed in that suite; else its name is wrong */
};

#define TRACKER_ISSUES_MAX ((size_t)200000) /* kept; Debian's whole has some 60,000 in a suite */

/*
 * Reads what it says of `sources`, which text_list_sort() has sorted and of which none stands
 * twice. The file is taken whole or not at all: one that is cut, that has a key twice in an object
 * or another form is STATUS_FORMAT with the place, and `tracker` stays empty. So is one that names
 * the suite nowhere STATUS_NOT_FOUND.
 */
enum status tracker_read(struct tracker *tracker, const struct data_file *file, const char *suite,
	const struct text_list *sources, struct error *err);
/* NULL for a source that was not asked for. */
const struct tracker_source *tracker_find(const struct tracker *tracker, const char *source);
void tracker_release(struct tracker *tracker);

/*
 * Whether an issue is open in a package of this source version: also one that is resolved in the
 * suite, when the version shipped is older than the one that fixed it.
 */
bool tracker_is_open(const struct tracker_issue *issue, const char *version);

/* How urgent Debian holds an issue; of several words for one the plain one. */
enum tracker_urgency {
	TRACKER_HIGH,
	TRACKER_MEDIUM,
	TRACKER_LOW,
	TRACKER_UNIMPORTANT,
	TRACKER_NOT_ASSIGNED, /* "not yet assigned", or nothing said */
	TRACKER_END_OF_LIFE,
	TRACKER_OTHER,
	TRACKER_URGENCIES,
};

/* "high", "medium", "low", "unimportant", "not yet assigned", "end-of-life", "other" */
const char *tracker_urgency_word(enum tracker_urgency urgency);

struct tracker_count {
	size_t open_by[TRACKER_URGENCIES];
	size_t open, open_remote; /* in the version shipped */
	size_t past;		  /* fixed in it or before */
	size_t never;		  /* it was never affected */
	size_t unsaid;
};

/*
 * Counts, and adds a claim for each that is open, one for all that are past, and one when the file
 * does not have the source.
 */
struct tracker_count tracker_judge(const struct tracker *tracker,
	const struct tracker_source *source, const char *version, struct claim_list *claims);

#endif
