/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_IMPORT_H
#define SNAPSHOT_BUNDLE_IMPORT_H

#include "snapshot/bundle_read.h"
#include "snapshot/lock.h"
#include "snapshot/suite_release.h"

/* A suite of the bundle, once its Release is verified. */
struct import_suite {
	size_t pin;
	const struct pin_suite *suite; /* the pin's */
	struct suite_release release;
};

struct import_job {
	struct store *store, *staging;
	const struct bundle_acceptance *acceptance;
	struct bundle_reader reader;
	struct buffer lock_text;
	struct buffer *pin_texts; /* of each pin */
	size_t pin_text_count;
	struct lock given; /* whose digests count as given */
	bool has_given;
	struct pin_list pins;
	size_t pin_suites; /* of all pins */
	struct import_suite *suites;
	size_t suite_count, suite_capacity;
};

/*
 * Once lock and pins are read, from the manifest alone: it has the signed files of each suite of
 * the pins, and no others.
 */
enum status import_check_signed_files(const struct import_job *job, struct error *err);
/*
 * Once a signed file is in staging: when its suite has all of them, it is verified. So no more
 * than one that does not hold is ever taken.
 */
enum status import_verify_suite(
	struct import_job *job, const struct bundle_entry *entry, struct error *err);
/*
 * Once all suites are verified: that the pins and the lock are what they say, that every index
 * needed is in the bundle, and that all it has below dists/ is listed.
 */
enum status import_verify_texts(struct import_job *job, struct error *err);
/* Once the indexes are in staging: each file of the pool is one that they name. */
enum status import_verify_pool(struct import_job *job, struct error *err);

#endif
