/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PROXY_ROUTE_H
#define SNAPSHOT_PROXY_ROUTE_H

#include "snapshot/snapshot.h"

/*
 * Which pinned file a path asks for, whatever the host (trust T12). Paths are:
 *	/archive/ARCHIVE/TIMESTAMP/…  as on snapshot.debian.org; the timestamp is the pin's, or
 *		another one at which, by a pin of the store, the same signed files were there
 *	/ARCHIVE/…  and the paths of the places' URLs, for mirrors that have others
 *	/dists/… and /pool/…  the archive that names it (a host that holds one archive alone)
 */
struct proxy_routes;

struct proxy_route {
	struct archive_file file; /* texts borrowed from the index */
	int64_t modified;	  /* the Date of its suite, or the pin's time */
};

/* Borrows all it is given; *made is to be freed also when this fails. */
enum status proxy_routes_new(struct store *store, const struct pin_list *pins,
	const struct place_list *places, const struct archive_index *index,
	struct proxy_routes **made, struct error *err);
void proxy_routes_free(struct proxy_routes *routes);

/*
 * `path` is normalised (snapshot/proxy_target.h). STATUS_NOT_FOUND: of a pinned archive, but no
 * pinned index names it; route->file.archive says which archive, NULL for several.
 * STATUS_UNSUPPORTED: of no pinned archive, or of another time.
 */
enum status proxy_routes_find(const struct proxy_routes *routes, const char *path,
	struct proxy_route *route, struct error *err);

#endif
