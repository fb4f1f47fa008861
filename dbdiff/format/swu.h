/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SWU_H
#define DBDIFF_FORMAT_SWU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "dbdiff/members.h"

/*
 * An update of SWUpdate: a cpio archive (crc, or newc) whose first member is sw-description, and
 * whose second may be its signature.
 */
#define SWU_FILES_MAX	1024
#define SWU_HEADER_SIZE 110
#define SWU_SUM_SIZE	8 /* digits of the sum at the end of a header */
#define SWU_DESCRIPTION "sw-description"
#define SWU_SIGNATURE	"sw-description.sig"

/* cpio(5), "New ASCII Format": thirteen numbers of eight digits. */
enum swu_number {
	SWU_INODE,
	SWU_MODE,
	SWU_UID,
	SWU_GID,
	SWU_LINKS,
	SWU_MTIME,
	SWU_SIZE,
	SWU_MAJOR,
	SWU_MINOR,
	SWU_DEVICE_MAJOR,
	SWU_DEVICE_MINOR,
	SWU_NAME_SIZE,
	SWU_SUM,
	SWU_NUMBERS,
};

struct swu_file {
	char *name;
	uint32_t numbers[SWU_NUMBERS];
	bool has_sum;
	unsigned char *odd; /* the header with its name, when fields do not tell all of it */
	uint64_t header, data, size; /* offsets in the archive; bytes */
	/* Known after swu_read_contents(). */
	uint32_t sum;
	struct digest digest;
};

/* A file that the description names with its hash. */
struct swu_image {
	char *filename;
	bool has_digest; /* what is said is a SHA-256 */
	struct digest digest;
	size_t offset;	  /* of its digits in the description, or … */
	bool is_verbatim; /* … false: they are not there as 64 lower-case digits */
	bool is_right;
};

struct swu {
	struct members members;
	struct source *source;
	struct swu_file files[SWU_FILES_MAX];
	size_t count;
	uint64_t end_mark, end; /* where the end mark begins and ends */
	uint64_t trailing;	/* the first byte behind it that is not zero, or the size */
	struct error scan; /* why the archive could not be read further; STATUS_OK if it could */
	size_t given;
	bool is_told;
	uint32_t name_bytes;

	struct buffer description;
	struct swu_image *images;
	size_t image_count, image_capacity;
	bool is_signed; /* as a wrapper must be, and by: */
	char signer[SHA256_HEX_SIZE];
	struct buffer fields;
};

/* Reads the description, and what it says of each file. What is wrong with it goes into fields. */
enum status swu_read_description(struct swu *swu, struct error *err);
/* Sums and hashes the files, and compares them with what is said of them. */
enum status swu_read_contents(struct swu *swu, struct error *err);
enum status swu_verify(struct swu *swu, struct error *err);
/* The regions of all its bytes. */
void swu_tell(struct swu *swu);

#endif
