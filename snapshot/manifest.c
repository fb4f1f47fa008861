/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/debversion.h"
#include "snapshot/manifest_row.h"

/* An image has some hundreds of packages, and all of Debian 64,000. */
#define BYTES_MAX    ((uint64_t)256 << 20)
#define TEXT_MAX     ((size_t)4 << 20) /* of a line or a stanza */
#define PACKAGES_MAX ((size_t)500000)
#define ROWS_MAX     ((size_t)100) /* of one name: a few architectures, two versions */

enum form {
	FORM_UNKNOWN,
	FORM_LINES,
	FORM_STANZAS,
};

/* A list being read: bytes in, packages out. */
struct reading {
	struct manifest *manifest;
	enum form form;
	struct buffer text; /* a line, or a stanza, that is not whole yet */
	size_t line;	    /* of the beginning of `text` */
	size_t begun;	    /* where in `text` the line begins that is not whole */
	size_t lines;	    /* whole ones in `text` */
	uint64_t bytes;
};

static void row_release(struct manifest_package *row)
{
	free(row->name);
	free(row->version);
	free(row->architecture);
	free(row->source);
	free(row->source_version);
	free(row->state);
}

void manifest_release(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		row_release(&manifest->items[i]);
	free(manifest->items);
	text_list_release(&manifest->notes);
	*manifest = (struct manifest){0};
}

static void note_add(struct manifest *manifest, char *note)
{
	text_list_add(&manifest->notes, note);
	free(note);
}

/* ---- reading ---- */

/* What stands in `text` is taken, and forgotten. */
static enum status text_take(struct reading *reading, struct error *err)
{
	struct manifest *manifest = reading->manifest;
	struct manifest_package row = {.line = reading->line};
	const char *text = buffer_text(&reading->text);
	size_t len = reading->text.len;
	enum status status;

	if (reading->form == FORM_STANZAS)
		status = manifest_row_read_stanza(text, len, &row, err);
	else
		status = manifest_row_read_line(text, len, &row, err);
	if (status < 0)
		return status;
	if (row.state)
		note_add(manifest,
			xasprintf("line %zu: %s is %s, not installed whole", row.line, row.name,
				row.state));
	if (status == STATUS_OK) {
		ARRAY_GROW(manifest->items, manifest->count, manifest->capacity);
		manifest->items[manifest->count++] = row;
	}
	if (manifest->count > PACKAGES_MAX)
		return error_set(
			err, STATUS_LIMIT, "it lists more than %zu packages", PACKAGES_MAX);
	return STATUS_OK;
}

static void text_forget(struct reading *reading)
{
	reading->line += reading->lines;
	reading->lines = 0;
	reading->begun = 0;
	buffer_clear(&reading->text);
}

/* dpkg's status begins with "Package: NAME"; a colon in another list has no blank behind it. */
static enum form form_tell(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);

	return colon && (colon + 1 == line + len || colon[1] == ' ' || colon[1] == '\t')
		? FORM_STANZAS
		: FORM_LINES;
}

/* `text` ends with a line that is whole, without its newline. */
static enum status line_end(struct reading *reading, struct error *err)
{
	const char *line = buffer_text(&reading->text) + reading->begun;
	size_t len = reading->text.len - reading->begun;
	enum status status = STATUS_OK;
	bool is_something;

	if (memchr(line, '\0', len))
		return error_set(err, STATUS_FORMAT, "it holds a NUL byte");
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	buffer_truncate(&reading->text, reading->begun + len);
	is_something = len > 0 && *line != '#';
	if (reading->form == FORM_UNKNOWN && is_something)
		reading->form = form_tell(line, len);
	reading->lines++;
	if (reading->form == FORM_STANZAS && len > 0) {
		buffer_add_char(&reading->text, '\n');
		reading->begun = reading->text.len;
		return STATUS_OK;
	}
	if (reading->form == FORM_STANZAS || is_something)
		status = text_take(reading, err);
	if (status == STATUS_OK)
		text_forget(reading);
	return status;
}

static enum status bytes_take(
	struct reading *reading, const char *data, size_t len, struct error *err)
{
	const char *end = data + len;
	enum status status = STATUS_OK;

	reading->bytes += len;
	if (reading->bytes > BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "it is too large for a package list");
	while (data < end && status == STATUS_OK) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t part = (size_t)((newline ? newline : end) - data);

		if (reading->text.len + part > TEXT_MAX)
			return error_set(err, STATUS_LIMIT, "a line or stanza is too long");
		buffer_add(&reading->text, data, part);
		if (newline)
			status = line_end(reading, err);
		data += part + (newline ? 1 : 0);
	}
	return status;
}

/* The last line may lack its newline, and the last stanza has no empty line behind it. */
static enum status bytes_end(struct reading *reading, struct error *err)
{
	enum status status = STATUS_OK;

	if (reading->text.len > reading->begun)
		status = line_end(reading, err);
	if (status == STATUS_OK && reading->text.len)
		status = text_take(reading, err);
	return status;
}

/* ---- what several lines say of one package ---- */

static int texts_compare(const char *a, const char *b)
{
	return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int rows_compare(const void *a, const void *b)
{
	const struct manifest_package *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order == 0)
		order = texts_compare(left->architecture, right->architecture);
	if (order == 0 && left->version && right->version)
		order = debversion_compare(left->version, right->version);
	if (order == 0)
		order = texts_compare(left->version, right->version);
	return order ? order : (left->line > right->line) - (left->line < right->line);
}

/*
 * A line without an architecture means the image's own or "all"; what `own` is the list does not
 * say. NULL: it is not known, and the other may be a foreign one.
 */
static bool may_be_one(
	const struct manifest_package *a, const struct manifest_package *b, const char *own)
{
	const char *said = a->architecture ? a->architecture : b->architecture;

	if (a->architecture && b->architecture)
		return strcmp(a->architecture, b->architecture) == 0;
	return !said || strcmp(said, "all") == 0 || (own && strcmp(said, own) == 0);
}

static bool is_said(const char *text, const char *by)
{
	return !text || (by && strcmp(text, by) == 0);
}

/* `row` says nothing that `other` does not. */
static bool is_covered(
	const struct manifest_package *row, const struct manifest_package *other, const char *own)
{
	if (!may_be_one(row, other, own))
		return false;
	if (!row->version && other->version)
		return true;
	return is_said(row->architecture, other->architecture) &&
		is_said(row->version, other->version) && is_said(row->source, other->source) &&
		is_said(row->source_version, other->source_version) &&
		is_said(row->state, other->state);
}

static const char *said(const char *text)
{
	return text ? text : "none";
}

static void conflict_note(struct manifest *manifest, const struct manifest_package *a,
	const struct manifest_package *b)
{
	if (texts_compare(a->version, b->version) != 0)
		note_add(manifest,
			xasprintf("%s has two versions: %s in line %zu, %s in line %zu", a->name,
				said(a->version), a->line, said(b->version), b->line));
	else
		note_add(manifest,
			xasprintf("%s has two sources: %s %s in line %zu, %s %s in line %zu",
				a->name, said(a->source), said(a->source_version), a->line,
				said(b->source), said(b->source_version), b->line));
}

static bool is_needless(
	const struct manifest_package *rows, size_t count, size_t at, const char *own)
{
	for (size_t i = 0; i < count; i++) {
		if (i != at && is_covered(&rows[at], &rows[i], own) &&
			(i < at || !is_covered(&rows[i], &rows[at], own)))
			return true;
	}
	return false;
}

/* Of the rows of one name, those that say something go to `kept`, which is not behind them. */
static size_t group_unite(struct manifest *manifest, struct manifest_package *rows, size_t count,
	const char *own, struct manifest_package *kept)
{
	bool is_left_out[ROWS_MAX];
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		is_left_out[i] = is_needless(rows, count, i, own);
	for (size_t i = 0; i < count; i++) {
		if (is_left_out[i]) {
			row_release(&rows[i]);
			manifest->repeated++;
			continue;
		}
		kept[left] = rows[i];
		for (size_t j = 0; j < left; j++) {
			/* What is one without `own` was told when the list was read. */
			if (may_be_one(&kept[j], &kept[left], own) &&
				!(own && may_be_one(&kept[j], &kept[left], NULL))) {
				conflict_note(manifest, &kept[j], &kept[left]);
				break;
			}
		}
		left++;
	}
	return left;
}

void manifest_unite(struct manifest *manifest, const char *own)
{
	size_t all = manifest->count, kept = 0;
	struct manifest_package *rows = manifest->items;

	for (size_t i = 0, next; i < all; i = next) {
		next = i + 1;
		while (next < all && strcmp(rows[next].name, rows[i].name) == 0)
			next++;
		kept += group_unite(manifest, rows + i, next - i, own, rows + kept);
	}
	manifest->count = kept;
}

static enum status rows_unite(struct manifest *manifest, struct error *err)
{
	size_t all = manifest->count;
	struct manifest_package *rows = manifest->items;

	if (all > 1)
		qsort(rows, all, sizeof(rows[0]), rows_compare);
	for (size_t i = 0, next; i < all; i = next) {
		next = i + 1;
		while (next < all && strcmp(rows[next].name, rows[i].name) == 0)
			next++;
		if (next - i > ROWS_MAX)
			return error_set(err, STATUS_LIMIT, "it has more than %zu lines of %s",
				ROWS_MAX, rows[i].name);
	}
	manifest_unite(manifest, NULL);
	return STATUS_OK;
}

/* ---- */

static enum status reading_finish(
	struct reading *reading, const char *name, enum status status, struct error *err)
{
	if (status == STATUS_OK)
		status = bytes_end(reading, err);
	buffer_release(&reading->text);
	if (status < 0)
		return error_context(err, "%s:%zu", name, reading->line);
	if (reading->manifest->count == 0)
		return error_set(err, STATUS_FORMAT, "%s lists no package", name);
	if (rows_unite(reading->manifest, err) < 0)
		return error_context(err, "%s", name);
	return STATUS_OK;
}

enum status manifest_parse(const char *name, const char *data, size_t len,
	struct manifest *manifest, struct error *err)
{
	struct reading reading = {.manifest = manifest, .line = 1};

	*manifest = (struct manifest){0};
	return reading_finish(&reading, name, bytes_take(&reading, data, len, err), err);
}

static enum status descriptor_read(struct reading *reading, int fd, struct error *err)
{
	char data[65536];
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		ssize_t got = read(fd, data, sizeof(data));

		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		status = got < 0 ? error_set_errno(err, "cannot be read")
				 : bytes_take(reading, data, (size_t)got, err);
	}
	return status;
}

enum status manifest_read_descriptor(
	int fd, const char *name, struct manifest *manifest, struct error *err)
{
	struct reading reading = {.manifest = manifest, .line = 1};

	*manifest = (struct manifest){0};
	return reading_finish(&reading, name, descriptor_read(&reading, fd, err), err);
}

enum status manifest_read(const char *path, struct manifest *manifest, struct error *err)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum status status;

	*manifest = (struct manifest){0};
	if (fd < 0)
		return error_set_errno(err, "cannot open the package list %s", path);
	status = manifest_read_descriptor(fd, is_input ? "standard input" : path, manifest, err);
	if (!is_input)
		close(fd);
	return status;
}
