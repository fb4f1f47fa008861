/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/formats.h"

const struct format *const formats[] = {
	&format_tar,
	&format_cpio,
	&format_ar,
	&format_gzip,
	&format_bzip2,
	&format_xz,
	&format_lzma,
	&format_zstd,
	&format_lz4,
	&format_lzip,
	&format_lzop,
	&format_compress,
	NULL,
};

const struct format *format_find(const unsigned char *data, size_t len)
{
	const struct format *best = NULL;
	unsigned best_bid = 0;

	for (size_t i = 0; formats[i] != NULL; i++) {
		unsigned bid = formats[i]->bid(data, len);

		if (bid > best_bid) {
			best = formats[i];
			best_bid = bid;
		}
	}
	return best;
}

size_t format_bid_bytes(void)
{
	size_t most = 0;

	for (size_t i = 0; formats[i] != NULL; i++) {
		if (formats[i]->bid_bytes > most)
			most = formats[i]->bid_bytes;
	}
	return most;
}
