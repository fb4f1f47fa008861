/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_buildinfo.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/deb822.h"

#define BLANKS " \t\n"

/* What is still to be read of one field's value. */
struct text {
	const char *at, *end;
};

static size_t span(const struct text *text, const char *set, bool is_in)
{
	size_t len = 0;

	while (text->at + len < text->end && (strchr(set, text->at[len]) != NULL) == is_in)
		len++;
	return len;
}

static void skip_blanks(struct text *text)
{
	text->at += span(text, BLANKS, true);
}

/* Takes what stands before the next character of `stop`; empty at the end. */
static struct text take(struct text *text, const char *stop)
{
	struct text word = {text->at, text->at + span(text, stop, false)};

	text->at = word.end;
	return word;
}

static bool take_word(struct text *text, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len) != 0)
		return false;
	text->at += len;
	return true;
}

static char *copy(const struct text *word)
{
	return xstrndup(word->at, (size_t)(word->end - word->at));
}

/* "libc6:i386 (= 2.36-9)" */
static enum status package_read(struct text *text, struct buildinfo *buildinfo, struct error *err)
{
	struct text name = take(text, ":(," BLANKS), architecture = {text->at, text->at}, version;
	struct buildinfo_package *package;

	if (take_word(text, ":"))
		architecture = take(text, "(," BLANKS);
	skip_blanks(text);
	if (!take_word(text, "(="))
		return error_set(err, STATUS_FORMAT,
			"Installed-Build-Depends: %.*s has no version in the form (= VERSION)",
			(int)(name.end - name.at), name.at);
	skip_blanks(text);
	version = take(text, ")," BLANKS);
	if (name.at == name.end || version.at == version.end || !take_word(text, ")"))
		return error_set(err, STATUS_FORMAT,
			"Installed-Build-Depends: an entry is not NAME (= VERSION)");
	skip_blanks(text);
	ARRAY_GROW(buildinfo->packages, buildinfo->package_count, buildinfo->package_capacity);
	package = &buildinfo->packages[buildinfo->package_count++];
	*package = (struct buildinfo_package){copy(&name), copy(&architecture), copy(&version)};
	return STATUS_OK;
}

static enum status packages_read(struct text text, struct buildinfo *buildinfo, struct error *err)
{
	skip_blanks(&text);
	while (text.at < text.end) {
		if (package_read(&text, buildinfo, err) < 0)
			return err->status;
		if (text.at < text.end && !take_word(&text, ","))
			return error_set(err, STATUS_FORMAT,
				"Installed-Build-Depends: no comma behind %s",
				buildinfo->packages[buildinfo->package_count - 1].name);
		skip_blanks(&text);
	}
	return STATUS_OK;
}

/* Lines "DIGEST SIZE NAME". */
static enum status files_read(struct text text, struct buildinfo *buildinfo, struct error *err)
{
	skip_blanks(&text);
	while (text.at < text.end) {
		struct text hex = take(&text, BLANKS), size, name;
		struct buildinfo_file file = {0};

		skip_blanks(&text);
		size = take(&text, BLANKS);
		skip_blanks(&text);
		name = take(&text, BLANKS);
		skip_blanks(&text);
		if (!digest_parse(hex.at, (size_t)(hex.end - hex.at), &file.digest) ||
			span(&size, "0123456789", true) != (size_t)(size.end - size.at) ||
			size.at == size.end || name.at == name.end)
			return error_set(err, STATUS_FORMAT,
				"Checksums-Sha256: a line is not DIGEST SIZE NAME");
		file.name = copy(&name);
		ARRAY_GROW(buildinfo->files, buildinfo->file_count, buildinfo->file_capacity);
		buildinfo->files[buildinfo->file_count++] = file;
	}
	return STATUS_OK;
}

static int compare_packages(const void *a, const void *b)
{
	const struct buildinfo_package *one = a, *two = b;
	int order = strcmp(one->name, two->name);

	return order ? order : strcmp(one->architecture, two->architecture);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(
		((const struct buildinfo_file *)a)->name, ((const struct buildinfo_file *)b)->name);
}

/* Sorts both lists. Of two entries for one name neither can be believed. */
static enum status check_unique(struct buildinfo *buildinfo, struct error *err)
{
	struct buildinfo_package *packages = buildinfo->packages;
	struct buildinfo_file *files = buildinfo->files;

	qsort(packages, buildinfo->package_count, sizeof(packages[0]), compare_packages);
	qsort(files, buildinfo->file_count, sizeof(files[0]), compare_files);
	for (size_t i = 1; i < buildinfo->package_count; i++)
		if (compare_packages(&packages[i - 1], &packages[i]) == 0)
			return error_set(err, STATUS_FORMAT,
				"Installed-Build-Depends names %s twice", packages[i].name);
	for (size_t i = 1; i < buildinfo->file_count; i++)
		if (compare_files(&files[i - 1], &files[i]) == 0)
			return error_set(err, STATUS_FORMAT, "Checksums-Sha256 names %s twice",
				files[i].name);
	return STATUS_OK;
}

static const char *find(const struct text *text, const char *word)
{
	return memmem(text->at, (size_t)(text->end - text->at), word, strlen(word));
}

/*
 * What a signature is around (RFC 4880, 7): its armour headers end with an empty line. Text outside
 * is refused, as nobody signed it; no line of a record begins with a dash, which would be escaped.
 */
static enum status take_off_signature(struct text *text, struct error *err)
{
	const char *begin, *end, *last;

	if (!take_word(text, "-----BEGIN PGP SIGNED MESSAGE-----\n"))
		return STATUS_OK;
	begin = find(text, "\n\n");
	end = find(text, "\n-----BEGIN PGP SIGNATURE-----\n");
	last = find(text, "\n-----END PGP SIGNATURE-----");
	if (!begin || !end || !last || begin > end || end > last)
		return error_set(err, STATUS_FORMAT, "its signature has no end");
	last += strlen("\n-----END PGP SIGNATURE-----");
	for (; last < text->end; last++)
		if (*last == '\0' || !strchr(BLANKS, *last))
			return error_set(err, STATUS_FORMAT, "there is text behind its signature");
	text->at = begin + 2;
	text->end = end + 1;
	return STATUS_OK;
}

static enum status fields_read(
	struct deb822 *reader, struct buildinfo *buildinfo, struct error *err)
{
	struct deb822_field field;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		const struct text value = {field.value, field.value + field.value_len};

		if (deb822_is(&field, "Installed-Build-Depends"))
			status = packages_read(value, buildinfo, err);
		else if (deb822_is(&field, "Checksums-Sha256"))
			status = files_read(value, buildinfo, err);
		if (status < 0)
			return status;
	}
	return status < 0 ? status : STATUS_OK;
}

enum status buildinfo_read(
	const char *data, size_t len, struct buildinfo *buildinfo, struct error *err)
{
	struct text text = {data, data + len};
	struct deb822 reader;

	if (take_off_signature(&text, err) < 0)
		return err->status;
	deb822_init(&reader, text.at, (size_t)(text.end - text.at));
	if (fields_read(&reader, buildinfo, err) < 0)
		return err->status;
	if (!deb822_at_end(&reader))
		return error_set(err, STATUS_FORMAT, "it has more than one paragraph");
	if (buildinfo->package_count == 0 || buildinfo->file_count == 0)
		return error_set(err, STATUS_FORMAT, "it has no %s",
			buildinfo->file_count ? "Installed-Build-Depends" : "Checksums-Sha256");
	return check_unique(buildinfo, err);
}

const struct digest *buildinfo_find(const struct buildinfo *buildinfo, const char *name)
{
	struct buildinfo_file wanted = {.name = (char *)(uintptr_t)name};
	const struct buildinfo_file *found = bsearch(
		&wanted, buildinfo->files, buildinfo->file_count, sizeof(wanted), compare_files);

	return found ? &found->digest : NULL;
}

void buildinfo_release(struct buildinfo *buildinfo)
{
	for (size_t i = 0; i < buildinfo->package_count; i++) {
		free(buildinfo->packages[i].name);
		free(buildinfo->packages[i].architecture);
		free(buildinfo->packages[i].version);
	}
	for (size_t i = 0; i < buildinfo->file_count; i++)
		free(buildinfo->files[i].name);
	free(buildinfo->packages);
	free(buildinfo->files);
	*buildinfo = (struct buildinfo){0};
}
