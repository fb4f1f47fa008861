/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_KERNEL_SCAN_H
#define DBDIFF_FORMAT_KERNEL_SCAN_H

#include "dbdiff/format/parts.h"

#define KERNEL_VERSION_SIZE 512

/* What an uncompressed Linux kernel tells of itself somewhere in its bytes. */
struct kernel_scan {
	char version[KERNEL_VERSION_SIZE]; /* "Linux version 6.1.0 (…) …", "" when not found */
	uint64_t version_offset;
	/* The gzip'd configuration of CONFIG_IKCONFIG (kernel/configs.c); len 0: has none. */
	uint64_t config_offset;
	uint64_t config_len;
};

/* Looks through the bytes [from, to); the first of each is taken. `source` can seek. */
enum status kernel_scan(struct source *source, uint64_t from, uint64_t to, struct kernel_scan *scan,
	struct error *err);

/*
 * The member parts->items[number], when it holds the configuration, becomes three: what is before
 * it, "config.gz", and the rest.
 */
void kernel_cut_config(struct parts *parts, size_t number, const struct kernel_scan *scan);

#endif
