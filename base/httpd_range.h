/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTTPD_RANGE_H
#define BASE_HTTPD_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/httpd.h"

/* The conditional and range headers of a request (RFC 9110, 13 and 14); NULL for absent ones. */
struct httpd_conditions {
	const char *none_match;
	const char *modified_since;
	const char *range;
	const char *if_range;
};

#define HTTPD_ETAG_SIZE		 100
#define HTTPD_CONTENT_RANGE_SIZE 80

/* What a content is known by, as it is written in headers; "" for absent ones. */
struct httpd_validators {
	char etag[HTTPD_ETAG_SIZE]; /* in quotes */
	char date[HTTPD_DATE_SIZE];
};

struct httpd_range {
	uint64_t start;
	uint64_t len;
};

void httpd_validators_init(struct httpd_validators *validators, const char *etag, int64_t modified);

/*
 * 200, 206, 304 or 416, and for the first two what is to be sent. A Range that is malformed, of
 * another unit or of several parts is passed over, as the standard allows: 200.
 */
int httpd_conditions_judge(const struct httpd_conditions *conditions,
	const struct httpd_validators *validators, uint64_t size, struct httpd_range *range);

/* The value of Content-Range for a 206 or 416. */
void httpd_content_range(int status, const struct httpd_range *range, uint64_t size,
	char text[HTTPD_CONTENT_RANGE_SIZE]);

#endif
