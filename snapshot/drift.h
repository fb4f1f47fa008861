/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_DRIFT_H
#define SNAPSHOT_DRIFT_H

#include "snapshot/manifest.h"
#include "snapshot/snapshot.h"

/* How the packages of an image stand to what their suites have now. */

enum drift_kind {
	DRIFT_NEWER, /* there is a newer version */
	DRIFT_OLDER, /* what the image has was withdrawn, and only an older one is left */
	DRIFT_GONE,  /* there is no package of that name any more */
};

const char *drift_kind_text(enum drift_kind kind);

/* A binary package that is another one now. */
struct drift_package {
	const struct manifest_package *package; /* borrowed from the manifest */
	char *now;				/* the version; NULL when gone */
	enum drift_kind kind;
	bool is_security;	       /* a security suite has a newer version */
	char *source, *source_version; /* pinned; the version is NULL when not known */
	char *now_source_version;      /* NULL when gone */
	char *archive, *suite;	       /* what has it now; NULL when gone */
};

/* A zeroed struct is safe to release. */
struct drift {
	struct drift_package *packages; /* by source, kind, version now, then name */
	size_t count, capacity;
	size_t source_count, security_count;	  /* sources that drifted; with security updates */
	size_t judged;				  /* packages that could be looked up */
	const struct manifest_package **unjudged; /* the rest: what Debian did not make */
	size_t unjudged_count, unjudged_capacity;
};

/*
 * Looks up every package of `manifest` in `now`: the latest version of its suites. Suites that apt
 * takes nothing from unasked (NotAutomatic) count for packages that the pins have from them. A
 * package that is not in the pins in its version is judged when `now` has a newer one, and else is
 * listed as unjudged. When `now` was captured (from apt sources, which may have other releases as
 * well), its suites count whose release the pins have: bookworm-security for a pin of bookworm.
 * STATUS_NOT_FOUND when `now` lacks a suite of the pins, and when no package
 * could be judged.
 */
enum status snapshot_drift(struct store *store, const struct pin_list *pins,
	const struct pin_list *now, bool is_captured, const char *architecture,
	const struct manifest *manifest, struct drift *drift, struct error *err);
void drift_release(struct drift *drift);

/* True for suites with security updates: "bookworm-security", and those of debian-security. */
bool suite_is_security(const char *archive, const char *suite);

/* Whether two neighbours are of one source that drifted from one version to one other. */
bool drift_is_one_source(const struct drift_package *a, const struct drift_package *b);

#endif
