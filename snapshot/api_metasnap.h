/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_API_METASNAP_H
#define SNAPSHOT_API_METASNAP_H

#include "base/buffer.h"
#include "snapshot/api_catalog.h"

/* The most packages of one question: far more than a system has installed. */
#define METASNAP_PACKAGES_MAX 50000

/*
 * What metasnap.debian.net answers: for "name:arch=version,…" the lines
 * "name arch version suite component first last", one for each run of pins that have it, where no
 * pin between the first and the last one lacks it. A package of architecture "all" is found under
 * the one that is asked for. STATUS_NOT_FOUND: *answer has "name arch version" of each that no pin
 * of the archive has, and nothing else. STATUS_FORMAT: the question is none.
 */
enum status metasnap_answer(struct catalog *catalog, const char *archive, const char *arch,
	const char *packages, struct buffer *answer, struct error *err);

#endif
