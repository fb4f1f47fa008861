/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/formats.h"

const struct format *const formats[] = {
	&format_tar,
	&format_control,
	&format_cpio,
	&format_initrd,
	&format_ar,
	&format_deb,
	&format_zip,
	&format_squashfs,
	&format_ext,
	&format_verity,
	&format_swu,
	&format_sw_description,
	&format_env,
	&format_rdiff,
	&format_bmap,
	&format_zchunk,
	&format_packages,
	&format_manifest,
	&format_kernel_config,
	&format_shadow,
	&format_machine_id,
	&format_json,
	&format_other_filesystem,
	&format_fat,
	&format_disk,
	&format_bgenv,
	&format_gzip,
	&format_bzip2,
	&format_xz,
	&format_lzma,
	&format_zstd,
	&format_lz4,
	&format_lzip,
	&format_lzop,
	&format_compress,
	&format_pe,
	&format_bzimage,
	&format_kernel_image,
	&format_kernel_module,
	&format_uimage,
	&format_devicetree,
	&format_elf,
	&format_python_bytecode,
	&format_gettext,
	&format_ld_cache,
	&format_ld_aux_cache,
	NULL,
};

static unsigned bid(const struct format *format, const struct candidate *candidate)
{
	unsigned plain = format->bid != NULL ? format->bid(candidate->data, candidate->len) : 0;
	unsigned more = format->bid_more != NULL ? format->bid_more(candidate) : 0;

	return more > plain ? more : plain;
}

const struct format *format_find(const struct candidate *candidate, bool with_lazy)
{
	const struct format *best = NULL;
	unsigned best_bid = 0;

	for (size_t i = 0; formats[i] != NULL; i++) {
		unsigned sure = formats[i]->is_lazy && !with_lazy ? 0 : bid(formats[i], candidate);

		if (sure > best_bid) {
			best = formats[i];
			best_bid = sure;
		}
	}
	return best;
}

const struct format *format_named(const char *name)
{
	for (size_t i = 0; formats[i] != NULL; i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
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
