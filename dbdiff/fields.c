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
	{"filesystem-trailing-data", "bytes behind the file system", FIELD_OWN, UNEXPLAINED},
	{"filesystem-free-blocks", "free blocks", FIELD_FOLLOWS, "layout"},
	{"filesystem-free-inodes", "free inodes", FIELD_FOLLOWS, "layout"},

	/* ---- disks: GPT, MBR ---- */

	/* ---- FAT ---- */

	/* ---- ext ---- */
	{"filesystem-boot-block", "boot block", FIELD_OWN, UNEXPLAINED},
	{"filesystem-written-kib", "KiB written to it", FIELD_OWN, "filesystem-times"},
	{"filesystem-superblock-rest", "rest of the superblock", FIELD_OWN, UNEXPLAINED},
	{"superblock-backup", "backups of the superblock", FIELD_FOLLOWS, "derived"},
	{"group-descriptors", "group descriptors", FIELD_FOLLOWS, "layout"},
	{"group-descriptors-backup", "backups of the group descriptors", FIELD_FOLLOWS, "derived"},
	{"group-counters", "counters of groups", FIELD_FOLLOWS, "layout"},
	{"reserved-group-descriptors", "blocks kept for descriptors", FIELD_OWN, UNEXPLAINED},
	{"block-bitmap", "block bitmaps", FIELD_FOLLOWS, "layout"},
	{"inode-bitmap", "inode bitmaps", FIELD_FOLLOWS, "layout"},
	{"inode-record", "bytes of inodes that no field stands for", FIELD_OWN, UNEXPLAINED},
	{"free-inodes", "inodes not in use", FIELD_OWN, UNEXPLAINED},
	{"reserved-inodes", "reserved inodes", FIELD_OWN, UNEXPLAINED},
	{"unnamed-inodes", "inodes in use without a name", FIELD_OWN, UNEXPLAINED},
	{"xattr-inode", "inodes with extended attributes", FIELD_OWN, "xattr"},
	{"xattr-block", "blocks with extended attributes", FIELD_OWN, "xattr"},
	{"extent-tree", "extent trees", FIELD_FOLLOWS, "layout"},
	{"indirect-blocks", "indirect blocks", FIELD_FOLLOWS, "layout"},
	{"directory-block", "directory blocks", FIELD_OWN, UNEXPLAINED},
	{"journal-superblock", "superblock of the journal", FIELD_OWN, UNEXPLAINED},
	{"journal-uuid", "UUID in the journal", FIELD_FOLLOWS, "filesystem-uuid"},
	{"journal", "journal", FIELD_OWN, UNEXPLAINED},
	{"orphan-file", "list of orphans", FIELD_OWN, UNEXPLAINED},
	{"quota", "quota files", FIELD_OWN, UNEXPLAINED},
	{"resize-inode", "inode of blocks kept for descriptors", FIELD_FOLLOWS, "layout"},
	{"mount-protection", "block of multiple mount protection", FIELD_OWN, UNEXPLAINED},
	{"slack", "bytes behind the ends of files", FIELD_OWN, UNEXPLAINED},
	{"unwritten", "blocks of files that were never written", FIELD_OWN, UNEXPLAINED},
	{"unreferenced-blocks", "blocks in use by nobody", FIELD_OWN, UNEXPLAINED},
	{"filesystem-type", "file system", FIELD_OWN, UNEXPLAINED},

	/* ---- squashfs, ISO 9660 ---- */
	{"filesystem-compressor", "compressor", FIELD_OWN, "compression"},
	{"filesystem-compressor-options", "options of the compressor", FIELD_OWN, "compression"},
	{"filesystem-padding", "zeros behind the file system", FIELD_FOLLOWS, "layout"},
	{"filesystem-ids", "number of owner ids", FIELD_FOLLOWS, "layout"},
	{"table-offsets", "where the tables lie", FIELD_FOLLOWS, "layout"},
	{"inode-table", "packed inodes", FIELD_FOLLOWS, "layout"},
	{"directory-table", "packed directories", FIELD_FOLLOWS, "layout"},
	{"fragment-table", "table of fragments", FIELD_FOLLOWS, "layout"},
	{"export-table", "table of inodes to export", FIELD_FOLLOWS, "layout"},
	{"id-table", "table of owner ids", FIELD_FOLLOWS, "layout"},
	{"xattr-table", "table of extended attributes", FIELD_FOLLOWS, "layout"},
	{"unreferenced-data", "data of no file", FIELD_OWN, UNEXPLAINED},

	/* ---- dm-verity ---- */

	/* ---- archives and compressors ---- */

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
