/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/suite_release.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/deb822.h"
#include "base/number.h"
#include "base/path.h"

void suite_release_release(struct suite_release *release)
{
	for (size_t i = 0; i < release->file_count; i++)
		free(release->files[i].path);
	free(release->files);
	free(release->origin);
	free(release->label);
	free(release->suite);
	free(release->codename);
	text_list_release(&release->components);
	text_list_release(&release->architectures);
	*release = (struct suite_release){0};
}

/* The next word of a line: skips blanks, stops before `end`; false when there is none. */
static bool word_next(const char **at, const char *end, const char **word, size_t *len)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	*word = *at;
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\n')
		(*at)++;
	*len = (size_t)(*at - *word);
	return *len > 0;
}

static void words_add(const struct deb822_field *field, struct text_list *list)
{
	const char *at = field->value, *end = field->value + field->value_len, *word;
	size_t len;

	while (word_next(&at, end, &word, &len))
		text_list_addn(list, word, len);
}

/* " <sha256> <size> <path>" */
static enum status file_line_parse(
	struct suite_release *release, const char *at, const char *end, struct error *err)
{
	struct release_file file;
	const char *hex, *size, *path, *rest;
	size_t hex_len, size_len, path_len, rest_len;

	if (!word_next(&at, end, &hex, &hex_len))
		return STATUS_OK;
	if (!digest_parse(hex, hex_len, &file.digest) || !word_next(&at, end, &size, &size_len) ||
		!number_parse(size, size_len, &file.size) ||
		!word_next(&at, end, &path, &path_len) || word_next(&at, end, &rest, &rest_len))
		return error_set(err, STATUS_FORMAT, "SHA256: a line is not \"hash size path\"");
	file.path = xstrndup(path, path_len);
	if (strlen(file.path) != path_len || !path_is_contained(file.path)) {
		error_set(err, STATUS_FORMAT, "SHA256: the path %s leads out of the suite",
			file.path);
		free(file.path);
		return err->status;
	}
	ARRAY_GROW(release->files, release->file_count, release->file_capacity);
	release->files[release->file_count++] = file;
	return STATUS_OK;
}

static enum status files_parse(
	struct suite_release *release, const struct deb822_field *field, struct error *err)
{
	const char *at = field->value, *end = field->value + field->value_len;
	enum status status = STATUS_OK;

	while (at < end && status == STATUS_OK) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;

		status = file_line_parse(release, at, line_end, err);
		at = newline ? newline + 1 : end;
	}
	return status;
}

static int file_compare(const void *a, const void *b)
{
	return strcmp(
		((const struct release_file *)a)->path, ((const struct release_file *)b)->path);
}

/* Sorts, drops what is said twice, and refuses what is said in two ways. */
static enum status files_sort(struct suite_release *release, struct error *err)
{
	size_t kept = 0;

	if (release->file_count == 0)
		return error_set(err, STATUS_FORMAT, "it lists no file by SHA256");
	qsort(release->files, release->file_count, sizeof(release->files[0]), file_compare);
	for (size_t i = 1; i < release->file_count; i++) {
		struct release_file *last = &release->files[kept], *file = &release->files[i];

		if (strcmp(last->path, file->path) != 0) {
			struct release_file *to = &release->files[++kept];

			if (to != file) {
				*to = *file;
				file->path = NULL;
			}
			continue;
		}
		if (!digest_equal(&last->digest, &file->digest) || last->size != file->size)
			return error_set(
				err, STATUS_TRUST, "it lists two digests for %s", last->path);
		free(file->path);
		file->path = NULL;
	}
	release->file_count = kept + 1;
	return STATUS_OK;
}

static enum status date_parse(
	const struct deb822_field *field, const char *name, int64_t *date, struct error *err)
{
	char *text = deb822_text(field);
	enum status status = clock_parse_release_date(text, date, err);

	free(text);
	return status < 0 ? error_context(err, "%s", name) : STATUS_OK;
}

enum release_field {
	FIELD_ORIGIN,
	FIELD_LABEL,
	FIELD_SUITE,
	FIELD_CODENAME,
	FIELD_DATE,
	FIELD_VALID_UNTIL,
	FIELD_COMPONENTS,
	FIELD_ARCHITECTURES,
	FIELD_BY_HASH,
	FIELD_NO_ALL,
	FIELD_NOT_AUTOMATIC,
	FIELD_SHA256,
	FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_ORIGIN] = "Origin",
	[FIELD_LABEL] = "Label",
	[FIELD_SUITE] = "Suite",
	[FIELD_CODENAME] = "Codename",
	[FIELD_DATE] = "Date",
	[FIELD_VALID_UNTIL] = "Valid-Until",
	[FIELD_COMPONENTS] = "Components",
	[FIELD_ARCHITECTURES] = "Architectures",
	[FIELD_BY_HASH] = "Acquire-By-Hash",
	[FIELD_NO_ALL] = "No-Support-for-Architecture-all",
	[FIELD_NOT_AUTOMATIC] = "NotAutomatic",
	[FIELD_SHA256] = "SHA256",
};

static bool value_is(const struct deb822_field *field, const char *text)
{
	return field->value_len == strlen(text) &&
		strncasecmp(field->value, text, field->value_len) == 0;
}

static enum status field_parse(struct suite_release *release, enum release_field which,
	const struct deb822_field *field, struct error *err)
{
	switch (which) {
	case FIELD_ORIGIN:
		release->origin = deb822_text(field);
		break;
	case FIELD_LABEL:
		release->label = deb822_text(field);
		break;
	case FIELD_SUITE:
		release->suite = deb822_text(field);
		break;
	case FIELD_CODENAME:
		release->codename = deb822_text(field);
		break;
	case FIELD_DATE:
		return date_parse(field, "Date", &release->date, err);
	case FIELD_VALID_UNTIL:
		return date_parse(field, "Valid-Until", &release->valid_until, err);
	case FIELD_COMPONENTS:
		words_add(field, &release->components);
		break;
	case FIELD_ARCHITECTURES:
		words_add(field, &release->architectures);
		break;
	case FIELD_BY_HASH:
		release->has_by_hash = value_is(field, "yes");
		break;
	case FIELD_NO_ALL:
		release->has_all_in_each = value_is(field, "Packages");
		break;
	case FIELD_NOT_AUTOMATIC:
		release->is_not_automatic = value_is(field, "yes");
		break;
	case FIELD_SHA256:
		return files_parse(release, field, err);
	case FIELD_COUNT:
		break;
	}
	return STATUS_OK;
}

static enum status fields_parse(struct suite_release *release, const char *text, size_t len,
	bool seen[FIELD_COUNT], struct error *err)
{
	struct deb822 reader;
	struct deb822_field field;
	enum status status;

	deb822_init(&reader, text, len);
	while ((status = deb822_next(&reader, &field, err)) == STATUS_OK) {
		for (size_t i = 0; i < FIELD_COUNT && status == STATUS_OK; i++) {
			if (!deb822_is(&field, field_names[i]))
				continue;
			if (seen[i])
				return error_set(err, STATUS_FORMAT, "the field %s comes twice",
					field_names[i]);
			seen[i] = true;
			status = field_parse(release, (enum release_field)i, &field, err);
		}
		if (status < 0)
			return status;
	}
	if (status < 0)
		return status;
	if (!deb822_at_end(&reader))
		return error_set(err, STATUS_FORMAT, "it has more than one paragraph");
	return STATUS_OK;
}

enum status suite_release_parse(
	const char *text, size_t len, struct suite_release *release, struct error *err)
{
	bool seen[FIELD_COUNT] = {false};
	char **texts[] = {&release->origin, &release->label, &release->suite, &release->codename};
	enum status status;

	*release = (struct suite_release){0};
	status = fields_parse(release, text, len, seen, err);
	if (status == STATUS_OK && !seen[FIELD_DATE])
		status = error_set(err, STATUS_FORMAT, "it has no Date");
	if (status == STATUS_OK)
		status = files_sort(release, err);
	if (status < 0) {
		suite_release_release(release);
		return error_context(err, "Release");
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!*texts[i])
			*texts[i] = xstrdup("");
	}
	return STATUS_OK;
}

/* What Debian's own archives are labelled with: one key signs them all. */
static const struct {
	const char *archive;
	const char *label;
} debian_labels[] = {
	{"debian", "Debian"},
	{"debian", "Debian Backports"},
	{"debian-security", "Debian-Security"},
};

static bool label_fits(const struct suite_release *release, const char *archive)
{
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(debian_labels); i++) {
		if (strcmp(debian_labels[i].archive, archive) != 0)
			continue;
		if (strcmp(debian_labels[i].label, release->label) == 0)
			return true;
		is_known = true;
	}
	return !is_known;
}

/* "Debian Backports" is Debian too; "Debianish" is not. */
static bool origin_fits(const struct suite_release *release, const char *origin)
{
	size_t len = strlen(origin);

	return strncmp(release->origin, origin, len) == 0 &&
		(release->origin[len] == '\0' || release->origin[len] == ' ');
}

static bool suite_fits(const struct suite_release *release, const char *suite)
{
	const char *slash = strchr(suite, '/');
	size_t len = slash ? (size_t)(slash - suite) : strlen(suite);
	const char *names[] = {release->codename, release->suite};

	if (slash && strcmp(slash, "/updates") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], suite) == 0)
			return true;
		if (slash && strlen(names[i]) == len && memcmp(names[i], suite, len) == 0)
			return true;
	}
	return false;
}

enum status suite_release_check(const struct suite_release *release, const char *archive,
	const char *suite, const char *origin, int64_t now, struct error *err)
{
	if (!suite_fits(release, suite))
		return error_set(err, STATUS_TRUST,
			"%s was asked for, but what came is Suite \"%s\", Codename \"%s\"", suite,
			release->suite, release->codename);
	if (origin && !origin_fits(release, origin))
		return error_set(
			err, STATUS_TRUST, "its Origin is \"%s\", not %s", release->origin, origin);
	if (strcmp(release->origin, "Debian") == 0 && !label_fits(release, archive))
		return error_set(err, STATUS_TRUST,
			"%s was asked for, but what came is labelled \"%s\"", archive,
			release->label);
	if (release->date > now)
		return error_set(err, STATUS_CLOCK,
			"its Date is in this machine's future: set the clock and try again");
	return STATUS_OK;
}

const char *component_directory(const char *component)
{
	return path_basename(component);
}

bool suite_release_has_component(const struct suite_release *release, const char *component)
{
	for (size_t i = 0; i < release->components.count; i++) {
		if (strcmp(component_directory(release->components.items[i]),
			    component_directory(component)) == 0)
			return true;
	}
	return false;
}

const struct release_file *suite_release_find(const struct suite_release *release, const char *path)
{
	size_t low = 0, high = release->file_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, release->files[middle].path);

		if (order == 0)
			return &release->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct release_file *suite_release_find_index(
	const struct suite_release *release, const char *path)
{
	static const char *const suffixes[] = {".xz", ".zst", ".gz", ".bz2", ".lzma", ""};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		char *name = xasprintf("%s%s", path, suffixes[i]);
		const struct release_file *file = suite_release_find(release, name);

		free(name);
		if (file)
			return file;
	}
	return NULL;
}
