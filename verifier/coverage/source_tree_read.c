/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/deb822.h"
#include "base/path.h"
#include "base/pread.h"
#include "verifier/coverage/source_tree_build.h"

#define DSC_MAX	    ((size_t)4 << 20)
#define TROUBLE_MAX ((size_t)16 << 10)

void builder_trouble(struct tree_builder *builder, const char *format, ...)
{
	va_list arguments;

	/* A hostile package can have no end of them. */
	if (builder->trouble.len > TROUBLE_MAX)
		return;
	if (builder->trouble.len)
		buffer_add_text(&builder->trouble, "; ");
	va_start(arguments, format);
	buffer_add_vformat(&builder->trouble, format, arguments);
	va_end(arguments);
}

static int file_compare(const void *a, const void *b)
{
	const struct tree_file *const *left = a, *const *right = b;
	int order = strcmp((*left)->path, (*right)->path);

	/* In the order in which they were added, which is that of the array. */
	return order ? order : *left < *right ? -1 : *left > *right;
}

void tree_sort(struct tree_builder *builder)
{
	struct source_tree *tree = builder->tree;
	struct tree_file **order, *sorted;
	size_t kept = 0;

	if (tree->count == 0)
		return;
	order = xcalloc(tree->count, sizeof(order[0]));
	sorted = xcalloc(tree->count, sizeof(sorted[0]));
	for (size_t i = 0; i < tree->count; i++)
		order[i] = &tree->files[i];
	qsort(order, tree->count, sizeof(order[0]), file_compare);
	for (size_t i = 0; i < tree->count; i++) {
		if (kept && strcmp(sorted[kept - 1].path, order[i]->path) == 0) {
			tree_file_release(&sorted[kept - 1]);
			sorted[kept - 1] = *order[i];
		} else {
			sorted[kept++] = *order[i];
		}
	}
	free(order);
	free(tree->files);
	tree->files = sorted;
	tree->capacity = tree->count;
	tree->count = kept;
}

enum container_kind container_kind_of(const char *name)
{
	const char *tar = strstr(name, ".tar.");

	if (path_has_suffix(name, ".dsc"))
		return CONTAINER_DSC;
	if (path_has_suffix(name, ".diff.gz"))
		return CONTAINER_DIFF;
	if (path_has_suffix(name, ".asc") || path_has_suffix(name, ".sig"))
		return CONTAINER_SIGNATURE;
	if (!tar)
		return CONTAINER_OTHER;
	if (strstr(name, ".debian.tar."))
		return CONTAINER_DEBIAN;
	if (strstr(name, ".orig.tar."))
		return CONTAINER_ORIG;
	return strstr(name, ".orig-") ? CONTAINER_COMPONENT : CONTAINER_NATIVE;
}

/* ---- the .dsc ---- */

/* What stands between the armour of a clear-signed text; all of one that is not signed. */
static void signed_part(const char **text, size_t *len)
{
	const char *begin, *end;

	if (strncmp(*text, "-----BEGIN PGP SIGNED MESSAGE-----", 34) != 0)
		return;
	begin = strstr(*text, "\n\n");
	if (!begin)
		return;
	begin += 2;
	end = strstr(begin, "\n-----BEGIN PGP SIGNATURE-----");
	*len = end ? (size_t)(end + 1 - begin) : strlen(begin);
	*text = begin;
}

/* On one line, since some are folded. */
static char *field_line(const struct deb822_field *field)
{
	char *line = xstrndup(field->value, field->value_len);
	size_t kept = 0;

	for (size_t i = 0; line[i]; i++) {
		bool is_blank = strchr(" \t\r\n", line[i]);

		if (!is_blank)
			line[kept++] = line[i];
		else if (kept && line[kept - 1] != ' ')
			line[kept++] = ' ';
	}
	line[kept] = '\0';
	return line;
}

static enum status dsc_fields(
	struct source_tree *tree, struct deb822 *reader, char **checksums, struct error *err)
{
	const struct {
		const char *name;
		char **to;
	} fields[] = {
		{"Format", &tree->format},
		{"Source", &tree->source},
		{"Version", &tree->version},
		{"Maintainer", &tree->maintainer},
		{"Testsuite", &tree->testsuite},
		{"Testsuite-Triggers", &tree->triggers},
		{"Checksums-Sha256", checksums},
	};
	struct deb822_field field;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			if (deb822_is(&field, fields[i].name))
				*fields[i].to = field_line(&field);
	}
	if (status < 0)
		return status;
	if (!tree->source || !tree->version || !*checksums)
		return error_set(
			err, STATUS_FORMAT, "it has no Source, Version and Checksums-Sha256");
	if (!tree->format)
		tree->format = xstrdup("1.0");
	return STATUS_OK;
}

static enum status dsc_read(struct tree_builder *builder, const struct source_input *input,
	char **checksums, struct error *err)
{
	off_t size = lseek(input->fd, 0, SEEK_END);
	enum status status = STATUS_OK;
	struct deb822 reader;
	const char *part;
	char *text;
	size_t len;

	if (size < 0 || (size_t)size > DSC_MAX)
		return error_set(err, STATUS_FORMAT, "%s: it is no file of at most %zu bytes",
			input->name, DSC_MAX);
	len = (size_t)size;
	part = text = xcalloc(1, len + 1);
	if (pread_exactly(input->fd, text, len, 0, err) != STATUS_OK)
		status = error_context(err, "%s", input->name);
	hash_memory(text, len, &builder->tree->dsc_sha256);
	builder->tree->dsc = xstrdup(input->name);
	signed_part(&part, &len);
	deb822_init(&reader, part, len);
	if (status == STATUS_OK && dsc_fields(builder->tree, &reader, checksums, err) < 0)
		status = error_context(err, "%s", input->name);
	free(text);
	return status;
}

/* ---- what it lists ---- */

static int input_compare(const void *a, const void *b)
{
	const struct source_input *left = a, *right = b;
	enum container_kind left_kind = container_kind_of(left->name),
			    right_kind = container_kind_of(right->name);

	return left_kind != right_kind ? (int)left_kind - (int)right_kind
				       : strcmp(left->name, right->name);
}

/* What a part has to have come from, and what came. */
struct parts {
	bool has_packaging, has_upstream; /* some of it was given, or is to be */
	bool lacks_packaging, lacks_upstream;
};

static void part_note(struct parts *parts, enum container_kind kind, bool is_whole)
{
	bool is_packaging =
		kind == CONTAINER_DEBIAN || kind == CONTAINER_DIFF || kind == CONTAINER_NATIVE;
	bool is_upstream = kind == CONTAINER_ORIG || kind == CONTAINER_COMPONENT ||
		kind == CONTAINER_NATIVE || kind == CONTAINER_DIFF;

	parts->has_packaging |= is_packaging;
	parts->has_upstream |= is_upstream;
	parts->lacks_packaging |= is_packaging && !is_whole;
	parts->lacks_upstream |= is_upstream && !is_whole;
}

static bool input_is_given(const struct source_input *inputs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(inputs[i].name, name) == 0)
			return true;
	return false;
}

/* "SHA256 SIZE NAME SHA256 SIZE NAME …": each name that the .dsc lists. */
static void listed_check(struct tree_builder *builder, const struct source_input *inputs,
	size_t count, const char *checksums, struct parts *parts)
{
	for (const char *at = checksums; *at;) {
		char *name;
		enum container_kind kind;

		for (int i = 0; i < 2; i++) {
			at += strcspn(at, " ");
			at += *at == ' ';
		}
		if (*at == '\0')
			return;
		name = xstrndup(at, strcspn(at, " "));
		kind = container_kind_of(name);
		if (kind != CONTAINER_SIGNATURE && !input_is_given(inputs, count, name)) {
			part_note(parts, kind, false);
			if (kind != CONTAINER_ORIG && kind != CONTAINER_COMPONENT)
				builder_trouble(builder, "%s lists %s, which was not given",
					builder->tree->dsc, name);
		}
		at += strlen(name);
		at += *at == ' ';
		free(name);
	}
}

/* Where autopkgtests may be besides debian/tests; their text is wanted (README.package-tests). */
static void directories_find(struct tree_builder *builder)
{
	const struct tree_file *file;
	const char *at;

	tree_sort(builder);
	file = source_tree_find(builder->tree, "debian/tests/control");
	at = file && file->text ? file->text : "";
	while ((at = strcasestr(at, "tests-directory:"))) {
		size_t len;

		at += strlen("tests-directory:");
		at += strspn(at, " \t");
		len = strcspn(at, " \t\r\n");
		while (len && at[len - 1] == '/')
			len--;
		if (len && builder->directories.count < 16)
			text_list_addn(&builder->directories, at, len);
	}
}

static void inputs_read(struct tree_builder *builder, const struct source_input *inputs,
	size_t count, struct parts *parts)
{
	struct source_tree *tree = builder->tree;

	/* Names are borrowed by files: all are there before the first is. */
	for (size_t i = 0; i < count; i++)
		text_list_add(&tree->containers, inputs[i].name);
	for (size_t i = 0; i < count; i++) {
		enum container_kind kind = container_kind_of(inputs[i].name);
		const char *name = tree->containers.items[i];
		bool is_whole = false;

		if (kind == CONTAINER_DSC || kind == CONTAINER_SIGNATURE)
			continue;
		if (kind == CONTAINER_OTHER)
			builder_trouble(
				builder, "%s: no file of a source package is called so", name);
		else if (kind == CONTAINER_DIFF)
			is_whole = tree_read_diff(builder, &inputs[i], name);
		else
			is_whole = tree_read_tar(builder, &inputs[i], kind, name);
		if (kind == CONTAINER_DEBIAN || kind == CONTAINER_DIFF || kind == CONTAINER_NATIVE)
			builder->packaging = name;
		if (kind == CONTAINER_DEBIAN)
			directories_find(builder);
		part_note(parts, kind, is_whole);
	}
}

static void builder_release(struct tree_builder *builder)
{
	patches_release(builder);
	free(builder->made);
	text_list_release(&builder->directories);
	buffer_release(&builder->trouble);
}

static void tree_finish(struct tree_builder *builder, const struct parts *parts)
{
	struct source_tree *tree = builder->tree;
	uint64_t left_out = builder->packaging_left_out + builder->upstream_left_out;

	tree_sort(builder);
	builder->is_upstream_given = parts->has_upstream && !parts->lacks_upstream;
	patches_apply(builder);
	recipes_apply(builder);
	if (left_out)
		builder_trouble(builder,
			"%llu files that say how it is built or tested were not kept: over the "
			"bounds "
			"of %zu and %zu bytes",
			(unsigned long long)left_out, TREE_PACKAGING_TEXT, TREE_UPSTREAM_TEXT);
	tree->is_packaging_whole =
		parts->has_packaging && !parts->lacks_packaging && !builder->packaging_left_out;
	tree->is_upstream_whole =
		parts->has_upstream && !parts->lacks_upstream && !builder->upstream_left_out;
	tree->trouble = builder->trouble.len ? buffer_detach(&builder->trouble) : NULL;
}

enum status source_tree_read(const struct source_input *inputs, size_t count,
	const struct limits *limits, struct source_tree *tree, struct error *err)
{
	struct tree_builder builder = {.tree = tree, .limits = limits};
	struct source_input *sorted = xcalloc(count + 1, sizeof(sorted[0]));
	struct parts parts = {0};
	char *checksums = NULL;
	enum status status;

	*tree = (struct source_tree){0};
	for (size_t i = 0; i < count; i++)
		sorted[i] = inputs[i];
	if (count)
		qsort(sorted, count, sizeof(sorted[0]), input_compare);
	if (count == 0 || container_kind_of(sorted[0].name) != CONTAINER_DSC)
		status = error_set(err, STATUS_FORMAT, "there is no .dsc");
	else
		status = dsc_read(&builder, &sorted[0], &checksums, err);
	if (status == STATUS_OK) {
		listed_check(&builder, sorted, count, checksums, &parts);
		inputs_read(&builder, sorted, count, &parts);
		tree_finish(&builder, &parts);
	} else {
		source_tree_release(tree);
	}
	builder_release(&builder);
	free(checksums);
	free(sorted);
	return status;
}
