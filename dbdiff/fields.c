/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/fields.h"

#include "base/array.h"

/* A value that only its bytes explain has this cause until somebody explains it. */
#define UNEXPLAINED "unexplained"

static const struct field field_table[] = {
	/* ---- of members of any format ---- */
	{"type", "file type", FIELD_OWN, UNEXPLAINED},
	{"mode", "permissions", FIELD_OWN, "mode"},
	{"uid", "owner id", FIELD_OWN, "ownership"},
	{"gid", "group id", FIELD_OWN, "ownership"},
	{"user", "owner name", FIELD_OWN, "ownership"},
	{"group", "group name", FIELD_OWN, "ownership"},
	{"size", "size", FIELD_OWN, UNEXPLAINED},
	{"mtime", "modification time", FIELD_OWN, "mtime-only"},
	{"atime", "access time", FIELD_TIME, "filesystem-times"},
	{"ctime", "change time", FIELD_TIME, "filesystem-times"},
	{"birthtime", "creation time", FIELD_TIME, "filesystem-times"},
	{"link-target", "link target", FIELD_OWN, UNEXPLAINED},
	{"hard-link", "hard link to", FIELD_OWN, UNEXPLAINED},
	{"device", "device numbers", FIELD_OWN, UNEXPLAINED},
	{"inode", "inode number", FIELD_OWN, "inode-number"},
	{"links", "link count", FIELD_OWN, "inode-number"},
	{"filesystem", "device numbers of its file system", FIELD_OWN, "inode-number"},
	{"acl-access", "access list", FIELD_OWN, "xattr"},
	{"acl-default", "default access list", FIELD_OWN, "xattr"},
	{"flags", "file flags", FIELD_OWN, "mode"},
	{"xattr:", "extended attribute", FIELD_OWN, "xattr"},
	{"sparse", "holes", FIELD_OWN, "layout"},
	{"name", "stored name", FIELD_OWN, "stored-form"},
	{"header", "header form", FIELD_OWN, "stored-form"},
	{"warning", "warning of the reader", FIELD_OWN, UNEXPLAINED},
	{"order", "order of members", FIELD_OWN, "order-only"},
	{"inode-times", "times that the file system keeps", FIELD_OWN, "filesystem-times"},

	/* ---- of any container: names of regions (dbdiff/members.h) ---- */
	{"layout", "where members lie", FIELD_FOLLOWS, "layout"},
	{"packed-data", "how members are packed", FIELD_FOLLOWS, "compression"},
	{"padding", "padding", FIELD_OWN, UNEXPLAINED},
	{"free-space", "free space", FIELD_OWN, UNEXPLAINED},
	{"checksum", "checksums", FIELD_FOLLOWS, "derived"},
	{"trailing-data", "bytes behind the end", FIELD_OWN, UNEXPLAINED},

	/* ---- file systems ---- */
	{"filesystem-uuid", "UUID", FIELD_OWN, "filesystem-uuid"},
	{"filesystem-label", "label", FIELD_OWN, UNEXPLAINED},
	{"filesystem-hash-seed", "directory hash seed", FIELD_OWN, "hash-seed"},
	{"filesystem-created", "time of creation", FIELD_OWN, "filesystem-times"},
	{"filesystem-written", "time last written", FIELD_OWN, "filesystem-times"},
	{"filesystem-mounted", "time last mounted", FIELD_OWN, "filesystem-times"},
	{"filesystem-last-checked", "time last checked", FIELD_OWN, "filesystem-times"},
	{"filesystem-checksum-seed", "checksum seed", FIELD_OWN, "filesystem-uuid"},
	{"filesystem-bytes", "size of the file system", FIELD_FOLLOWS, "layout"},
	{"filesystem-inodes", "number of inodes", FIELD_FOLLOWS, "layout"},
	{"filesystem-fragments", "number of fragments", FIELD_FOLLOWS, "layout"},
	{"filesystem-free-blocks", "free blocks", FIELD_FOLLOWS, "layout"},
	{"filesystem-free-inodes", "free inodes", FIELD_FOLLOWS, "layout"},

	/* ---- disks: GPT, MBR ---- */

	/* ---- FAT ---- */

	/* ---- ext ---- */

	/* ---- squashfs, ISO 9660 ---- */

	/* ---- dm-verity ---- */

	/* ---- archives and compressors ---- */
	{"initrd-order", "order of members", FIELD_OWN, "initrd-order"},
	{"debian-control-order", "order of members", FIELD_OWN, "debian-control-order"},
	{"segments", "number of segments", FIELD_OWN, UNEXPLAINED},
	{"end-mark", "end mark", FIELD_OWN, UNEXPLAINED},
	{"checksum-invalid", "checksums that do not fit", FIELD_OWN, UNEXPLAINED},
	{"stream", "form of the compressed stream", FIELD_OWN, UNEXPLAINED},
	{"stream-settings", "settings of the compressor", FIELD_OWN, "compression"},
	{"stream-header", "headers of the second stream and on", FIELD_OWN, UNEXPLAINED},
	{"stream-padding", "zeros between streams", FIELD_OWN, UNEXPLAINED},
	{"stream-blocks", "number of blocks", FIELD_FOLLOWS, "compression"},
	{"skippable-frame", "skippable frames", FIELD_OWN, UNEXPLAINED},
	{"gzip-mtime", "time in the gzip header", FIELD_OWN, "mtime-only"},
	{"gzip-name", "name in the gzip header", FIELD_OWN, "stored-form"},
	{"gzip-flags", "flags in the gzip header", FIELD_OWN, "compression"},
	{"gzip-os", "system in the gzip header", FIELD_OWN, "compression"},
	{"gzip-extra", "extra field of the gzip header", FIELD_OWN, UNEXPLAINED},
	{"gzip-comment", "comment in the gzip header", FIELD_OWN, UNEXPLAINED},
	{"zip-comment", "comment of the archive", FIELD_OWN, UNEXPLAINED},
	{"zip-end", "end of the central directory", FIELD_OWN, UNEXPLAINED},
	{"zip-made-by", "system and version that wrote it", FIELD_OWN, "toolchain-version"},
	{"zip-method", "way it is packed", FIELD_OWN, "compression"},
	{"zip-flags", "general purpose flags", FIELD_OWN, UNEXPLAINED},
	{"zip-attributes", "internal and external attributes", FIELD_OWN, "mode"},
	{"zip-extra", "extra fields", FIELD_OWN, UNEXPLAINED},
	{"zip-time", "time in local time", FIELD_OWN, "mtime-only"},
	{"zip-local-extra", "extra fields of the local header", FIELD_OWN, UNEXPLAINED},
	{"zip-local", "what the local header says otherwise", FIELD_OWN, UNEXPLAINED},
	{"between-members", "bytes between members", FIELD_OWN, UNEXPLAINED},

	/* ---- PE/COFF, unified kernel images, boot loaders ---- */

	/* ---- kernels, modules, device trees, FIT, uImage ---- */

	/* ---- sw-description, CMS, deltas ---- */

	/* ---- ELF ---- */

	/* ---- texts read by key ---- */

	/* What has no row of its own. */
	{"", "field", FIELD_OWN, UNEXPLAINED},
};

const struct field *field_find(const char *name)
{
	size_t last = ARRAY_SIZE(field_table) - 1;

	for (size_t i = 0; i < last; i++) {
		size_t len = strlen(field_table[i].name);

		if (field_table[i].name[len - 1] == ':'
				? strncmp(name, field_table[i].name, len) == 0
				: strcmp(name, field_table[i].name) == 0)
			return &field_table[i];
	}
	return &field_table[last];
}

int field_compare(const char *a, const char *b)
{
	const struct field *row_a = field_find(a);
	const struct field *row_b = field_find(b);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	return strcmp(a, b);
}

void field_cursor_init(struct field_cursor *cursor, const char *fields, size_t len)
{
	*cursor = (struct field_cursor){.at = fields, .end = len > 0 ? fields + len : fields};
}

static const char *cursor_text(struct field_cursor *cursor)
{
	const char *text = cursor->at;
	const char *nul;

	if (text == cursor->end)
		return NULL;
	nul = memchr(text, '\0', (size_t)(cursor->end - text));
	if (nul != NULL)
		cursor->at = nul + 1;
	return nul != NULL ? text : NULL;
}

bool field_cursor_next(struct field_cursor *cursor)
{
	cursor->name = cursor_text(cursor);
	cursor->value = cursor->name != NULL ? cursor_text(cursor) : NULL;
	return cursor->value != NULL;
}

struct pair {
	const char *name;
	const char *value;
};

static int pair_compare(const void *a, const void *b)
{
	const struct pair *pair_a = a;
	const struct pair *pair_b = b;
	int order = field_compare(pair_a->name, pair_b->name);

	return order != 0 ? order : strcmp(pair_a->value, pair_b->value);
}

void fields_sort(struct buffer *fields, const char *dropped)
{
	struct pair *pairs = NULL;
	size_t count = 0, capacity = 0;
	struct buffer sorted = {0};
	struct field_cursor cursor;

	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor)) {
		if (dropped != NULL && strcmp(cursor.name, dropped) == 0)
			continue;
		ARRAY_GROW(pairs, count, capacity);
		pairs[count++] = (struct pair){cursor.name, cursor.value};
	}
	if (count > 1)
		qsort(pairs, count, sizeof(pairs[0]), pair_compare);
	for (size_t i = 0; i < count; i++) {
		buffer_add(&sorted, pairs[i].name, strlen(pairs[i].name) + 1);
		buffer_add(&sorted, pairs[i].value, strlen(pairs[i].value) + 1);
	}
	buffer_clear(fields);
	if (sorted.len > 0)
		buffer_add(fields, sorted.data, sorted.len);
	buffer_release(&sorted);
	free(pairs);
}

enum field_weight fields_weight(const struct buffer *differences)
{
	enum field_weight weightiest = FIELD_OWN;
	const char *at = differences->data;
	const char *end = at + differences->len;
	bool first = true;

	while (differences->len > 0 && at < end) {
		enum field_weight weight = field_find(at)->weight;

		if (first || weight < weightiest)
			weightiest = weight;
		first = false;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return weightiest;
}
