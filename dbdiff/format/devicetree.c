/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <libfdt.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/parts.h"

/*
 * Device trees (Devicetree Specification 0.4, chapter 5), and U-Boot's images that are one (FIT,
 * "Flattened Image Tree specification"). Every node is a member, its properties are fields; an
 * image of a FIT, whether it lies in the tree or behind it, is the content of its node.
 */

#define TREE_BYTES_MAX ((size_t)64 << 20) /* libfdt wants it in one piece */
#define STRINGS_MAX    131072 /* libfdt looks for the end of its name with each property */
#define DEPTH_MAX      64
#define PATH_MAX_BYTES 4096
#define HEADER_SIZE    40
#define TAG_SIZE       4
#define PROPERTY_SIZE  12 /* of its tag and head */

struct tree {
	struct parts *parts;
	const char *fdt;
	uint64_t size;	/* of the tree; FIT data may follow */
	uint64_t nodes; /* where the structure block is */
	struct buffer path;
	size_t ends[DEPTH_MAX];	  /* of the path of each node that is open */
	size_t owners[DEPTH_MAX]; /* their parts, as added */
	unsigned depth;
};

/* Values that are texts read as texts, with ", " between them. */
static bool is_texts(const char *value, size_t len)
{
	if (len < 2 || value[len - 1] != '\0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\0' ? i == 0 || value[i - 1] == '\0'
				     : (value[i] < 0x20 || value[i] > 0x7e))
			return false;
	}
	return true;
}

static void add_property(
	struct tree *tree, struct part *node, const char *name, const char *value, size_t len)
{
	struct buffer field = {0}, text = {0};

	buffer_add_format(&field, "property:%.200s", name);
	if (is_texts(value, len)) {
		for (size_t i = 0; i + 1 < len; i++) {
			if (value[i] == '\0')
				buffer_add_text(&text, ", ");
			else
				buffer_add_char(&text, value[i]);
		}
	} else {
		for (size_t i = 0; i < len && len <= PATH_MAX_BYTES; i++)
			buffer_add_format(&text, "%s%02x", i > 0 && i % 4 == 0 ? " " : "",
				(unsigned)(unsigned char)value[i]);
	}
	if (len <= PATH_MAX_BYTES)
		parts_add_field_bytes(
			tree->parts, node, buffer_text(&field), buffer_text(&text), text.len);
	else
		parts_add_field_bytes(tree->parts, node, buffer_text(&field), value, len);
	buffer_release(&field);
	buffer_release(&text);
}

static enum status open_node(struct tree *tree, uint64_t at, uint64_t end, struct error *err)
{
	const char *name = tree->fdt + at + TAG_SIZE;
	size_t before = tree->depth > 0 ? tree->ends[tree->depth - 1] : 0;

	if (tree->depth == DEPTH_MAX)
		return error_set(err, STATUS_LIMIT, "nodes more than %d deep", DEPTH_MAX);
	if (before > 0)
		buffer_add_char(&tree->path, '/');
	if (tree->depth > 0)
		buffer_add_text(&tree->path, name);
	if (tree->path.len > PATH_MAX_BYTES)
		return error_set(err, STATUS_LIMIT, "a path of more than %d bytes", PATH_MAX_BYTES);
	tree->ends[tree->depth] = tree->path.len;
	tree->owners[tree->depth] = tree->parts->count;
	tree->depth++;
	parts_add_member(tree->parts, tree->depth > 1 ? buffer_text(&tree->path) : "/", at, 0)
		->has_content = false;
	parts_add_metadata(tree->parts, "node", at, end - at, tree->owners[tree->depth - 1]);
	return STATUS_OK;
}

/* The value of a property of one number, or -1. */
static int64_t number_of(const struct tree *tree, int node, const char *name)
{
	int len = 0;
	const unsigned char *value = fdt_getprop(tree->fdt, node, name, &len);

	return value != NULL && len == 4 ? (int64_t)bytes_be32(value) : -1;
}

static void set_content(struct part *node, uint64_t offset, uint64_t len)
{
	node->offset = offset;
	node->len = len;
	node->has_content = true;
}

/* Only nodes below /images of a FIT have images; theirs is called "data". */
static bool is_image(const struct tree *tree)
{
	return tree->depth == 3 && strncmp(buffer_text(&tree->path), "images/", 7) == 0;
}

/* Data behind the tree: at data-position from its beginning, or data-offset from its end. */
static void find_external(struct tree *tree)
{
	struct part *part = &tree->parts->items[tree->owners[tree->depth - 1]];
	int node = (int)(part->offset - tree->nodes);
	int64_t position, offset, len;

	if (part->has_content)
		return;
	position = number_of(tree, node, "data-position");
	offset = number_of(tree, node, "data-offset");
	len = number_of(tree, node, "data-size");
	if (len >= 0 && position >= 0)
		set_content(part, (uint64_t)position, (uint64_t)len);
	else if (len >= 0 && offset >= 0)
		set_content(part, (tree->size + 3) / 4 * 4 + (uint64_t)offset, (uint64_t)len);
}

static void close_node(struct tree *tree, uint64_t at, uint64_t end)
{
	if (is_image(tree))
		find_external(tree);
	tree->depth--;
	parts_add_metadata(tree->parts, "node", at, end - at, tree->owners[tree->depth]);
	buffer_truncate(&tree->path, tree->depth > 0 ? tree->ends[tree->depth - 1] : 0);
}

static enum status add_value(struct tree *tree, uint64_t at, uint64_t end, struct error *err)
{
	const char *head = tree->fdt + at;
	uint32_t len = bytes_be32((const unsigned char *)head + 4);
	int name_len = 0;
	const char *name = fdt_get_string(
		tree->fdt, (int)bytes_be32((const unsigned char *)head + 8), &name_len);
	size_t owner;

	if (tree->depth == 0 || name == NULL || len > end - at - PROPERTY_SIZE)
		return error_set(err, STATUS_FORMAT, "a property at %" PRIu64, at);
	owner = tree->owners[tree->depth - 1];
	if (is_image(tree) && strcmp(name, "data") == 0 && !tree->parts->items[owner].has_content) {
		set_content(&tree->parts->items[owner], at + PROPERTY_SIZE, len);
		parts_add_metadata(tree->parts, "property", at, PROPERTY_SIZE, owner);
		at += PROPERTY_SIZE + len;
	} else if (tree->depth == 1 && strcmp(name, "timestamp") == 0 && len == 4) {
		/* The field fit-timestamp. */
		parts_add_metadata(tree->parts, "property", at, PROPERTY_SIZE, owner);
		parts_add(tree->parts, REGION_STRUCTURE, "fit-timestamp", at + PROPERTY_SIZE, 4);
		at += PROPERTY_SIZE + 4;
	} else {
		add_property(tree, &tree->parts->items[owner], name, head + PROPERTY_SIZE, len);
	}
	parts_add_metadata(tree->parts, "property", at, end - at, owner);
	return STATUS_OK;
}

static enum status read_nodes(struct tree *tree, struct error *err)
{
	int at = 0, next = 0;

	for (;;) {
		uint32_t tag = fdt_next_tag(tree->fdt, at, &next);
		uint64_t from = tree->nodes + (uint64_t)at, to = tree->nodes + (uint64_t)next;
		enum status status = STATUS_OK;

		if (next < 0 || next <= at)
			return error_set(err, STATUS_FORMAT, "the structure at %d", at);
		if (parts_check(tree->parts, err) < 0)
			return err->status;
		if (tag == FDT_BEGIN_NODE)
			status = open_node(tree, from, to, err);
		else if (tag == FDT_PROP)
			status = add_value(tree, from, to, err);
		else if (tag == FDT_END_NODE && tree->depth > 0)
			close_node(tree, from, to);
		else
			parts_add(tree->parts, REGION_STRUCTURE, "tree-structure", from, to - from);
		if (status < 0)
			return status;
		if (tag == FDT_END)
			return STATUS_OK;
		at = next;
	}
}

static void add_reservations(struct tree *tree)
{
	int count = fdt_num_mem_rsv(tree->fdt);

	for (int i = 0; i < count && i < 64; i++) {
		uint64_t address = 0, len = 0;

		if (fdt_get_mem_rsv(tree->fdt, i, &address, &len) == 0)
			parts_add_field(tree->parts, NULL, "memory-reservation",
				"0x%016" PRIx64 " 0x%016" PRIx64, address, len);
	}
	parts_add(tree->parts, REGION_STRUCTURE, "memory-reservations",
		fdt_off_mem_rsvmap(tree->fdt), 16 * ((uint64_t)(count > 0 ? count : 0) + 1));
}

static enum status read_tree(struct tree *tree, struct error *err)
{
	struct parts *parts = tree->parts;
	int64_t time;

	parts_add_field(parts, NULL, "kind", "%s",
		fdt_path_offset(tree->fdt, "/images") >= 0 ? "FIT image" : "device tree");
	parts_add_field(parts, NULL, "tree-version", "%d", fdt_version(tree->fdt));
	parts_add_field(parts, NULL, "tree-boot-cpu", "%" PRIu32, fdt_boot_cpuid_phys(tree->fdt));
	time = number_of(tree, 0, "timestamp");
	if (time >= 0) {
		struct member member = {0};

		member_add_time(&member, "fit-timestamp", time, 0);
		buffer_add(&parts->fields, member.fields.data, member.fields.len);
		member_release(&member);
	}
	parts_add(parts, REGION_STRUCTURE, "tree-header", 0, HEADER_SIZE);
	add_reservations(tree);
	parts_add(parts, REGION_STRUCTURE, "tree-strings", fdt_off_dt_strings(tree->fdt),
		fdt_size_dt_strings(tree->fdt));
	return read_nodes(tree, err);
}

static enum status load(struct source *source, char **fdt, uint64_t *size, struct error *err)
{
	unsigned char header[HEADER_SIZE];
	enum status status = source_pread(source, 0, header, sizeof(header), err);
	int problem;

	if (status < 0)
		return status;
	*size = bytes_be32(header + 4);
	if (bytes_be32(header) != FDT_MAGIC || bytes_be32(header + 20) < 17)
		return error_set(err, STATUS_FORMAT, "no tree of version 17");
	if (*size > source->size || *size < HEADER_SIZE)
		return error_set(
			err, STATUS_FORMAT, "short read: it says %" PRIu64 " bytes", *size);
	if (*size > TREE_BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "a tree of %" PRIu64 " bytes, more than %zu",
			*size, TREE_BYTES_MAX);
	if (bytes_be32(header + 32) > STRINGS_MAX)
		return error_set(err, STATUS_LIMIT, "%" PRIu32 " bytes of names of properties",
			bytes_be32(header + 32));
	*fdt = xmalloc((size_t)*size);
	status = source_pread(source, 0, *fdt, (size_t)*size, err);
	if (status < 0)
		return status;
	problem = fdt_check_full(*fdt, (size_t)*size);
	return problem == 0 ? STATUS_OK
			    : error_set(err, STATUS_FORMAT, "%s", fdt_strerror(problem));
}

static enum status devicetree_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct tree tree = {.parts = parts_new(source)};
	char *fdt = NULL;
	enum status status = load(source, &fdt, &tree.size, err);

	(void)name, (void)limits;
	if (status == STATUS_OK) {
		tree.fdt = fdt;
		tree.nodes = fdt_off_dt_struct(fdt);
		status = read_tree(&tree, err);
	}
	if (status < 0)
		parts_free(&tree.parts->members);
	else
		status = parts_finish(tree.parts, members, err);
	buffer_release(&tree.path);
	free(fdt);
	return status < 0 ? error_context(err, "device tree") : STATUS_OK;
}

static unsigned devicetree_bid(const unsigned char *data, size_t len)
{
	return len >= HEADER_SIZE && bytes_be32(data) == FDT_MAGIC && bytes_be32(data + 20) >= 16 &&
			bytes_be32(data + 20) <= 64
		? 56
		: 0;
}

const struct format format_devicetree = {
	.name = "devicetree",
	.bid_bytes = HEADER_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = devicetree_bid,
	.open = devicetree_open,
};
