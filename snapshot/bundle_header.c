/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/bundle_manifest.h"

/* POSIX.1-2017 pax, "ustar Interchange Format". */
struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], rest[12];
};

_Static_assert(sizeof(struct ustar) == BUNDLE_BLOCK, "a block");

#define CHECKSUM_BLANK "        "

size_t bundle_padding(uint64_t size)
{
	return (size_t)((BUNDLE_BLOCK - size % BUNDLE_BLOCK) % BUNDLE_BLOCK);
}

/* Where a long name is cut at a slash into prefix and name; 0 when it cannot be. */
static size_t name_cut(const char *name, size_t len)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t at = (size_t)(slash - name);

		if (at > sizeof(((struct ustar *)0)->prefix))
			break;
		if (len - at - 1 <= sizeof(((struct ustar *)0)->name))
			return at;
	}
	return 0;
}

static void block_add(const char *name, size_t cut, uint64_t size, char type, struct buffer *blocks)
{
	struct ustar header = {.type = type, .magic = "ustar", .version = {'0', '0'}};
	const char *last = name + (cut ? cut + 1 : 0);
	const unsigned char *bytes = (const void *)&header;
	size_t last_len = strlen(last);
	unsigned sum = 0;

	memcpy(header.prefix, name, cut);
	memcpy(header.name, last, last_len < sizeof(header.name) ? last_len : sizeof(header.name));
	memcpy(header.mode, "0000644", sizeof(header.mode));
	memcpy(header.uid, "0000000", sizeof(header.uid));
	memcpy(header.gid, "0000000", sizeof(header.gid));
	memcpy(header.mtime, "00000000000", sizeof(header.mtime));
	memcpy(header.major, "0000000", sizeof(header.major));
	memcpy(header.minor, "0000000", sizeof(header.minor));
	snprintf(header.size, sizeof(header.size), "%011jo",
		(uintmax_t)(size <= BUNDLE_MEMBER_LIMIT ? size : BUNDLE_MEMBER_LIMIT));
	memcpy(header.checksum, CHECKSUM_BLANK, sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += bytes[i];
	snprintf(header.checksum, sizeof(header.checksum), "%06o", sum % 01000000);
	buffer_add(blocks, &header, sizeof(header));
}

/* "LENGTH path=NAME\n", where LENGTH counts itself. */
static char *pax_record(const char *name)
{
	size_t len = strlen(name) + strlen(" path=\n"), digits = 1, total;

	do {
		total = len + digits++;
	} while ((size_t)snprintf(NULL, 0, "%zu", total) != total - len);
	return xasprintf("%zu path=%s\n", total, name);
}

void bundle_header(const char *name, uint64_t size, struct buffer *blocks)
{
	static const char zeros[BUNDLE_BLOCK];
	size_t len = strlen(name), cut = 0;
	char *record;

	if (len > sizeof(((struct ustar *)0)->name))
		cut = name_cut(name, len);
	if (len > sizeof(((struct ustar *)0)->name) && cut == 0) {
		record = pax_record(name);
		len = strlen(record);
		block_add("PaxHeader", 0, len, 'x', blocks);
		buffer_add(blocks, record, len);
		buffer_add(blocks, zeros, bundle_padding(len));
		free(record);
	}
	block_add(name, cut, size, '0', blocks);
}
