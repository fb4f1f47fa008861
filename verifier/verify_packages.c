/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"

#include "base/deb822.h"
#include "base/progress.h"
#include "base/source.h"
#include "verifier/verify_judge.h"

#define LIST_LIMIT ((size_t)256 * 1024 * 1024)

/* One package of an image. */
struct package {
	char *name, *architecture, *version;
};

struct package_set {
	struct package *items;
	size_t count, capacity;
};

static void add_package(struct package_set *set, char *name, char *architecture, char *version)
{
	ARRAY_GROW(set->items, set->count, set->capacity);
	set->items[set->count++] = (struct package){name, architecture, version};
}

static int compare_packages(const void *a, const void *b)
{
	const struct package *one = a, *two = b;
	int order = strcmp(one->name, two->name);

	if (order == 0)
		order = strcmp(one->architecture, two->architecture);
	return order ? order : strcmp(one->version, two->version);
}

static void package_set_release(struct package_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->items[i].name);
		free(set->items[i].architecture);
		free(set->items[i].version);
	}
	free(set->items);
	*set = (struct package_set){0};
}

/* A stanza of /var/lib/dpkg/status, as dpkg writes it: only what is installed counts. */
static enum status read_stanza(struct deb822 *reader, struct package_set *set, struct error *err)
{
	char *name = NULL, *architecture = NULL, *version = NULL, *state = NULL;
	struct deb822_field field;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		char **slot = deb822_is(&field, "Package")  ? &name
			: deb822_is(&field, "Architecture") ? &architecture
			: deb822_is(&field, "Version")	    ? &version
			: deb822_is(&field, "Status")	    ? &state
							    : NULL;

		if (slot && !*slot)
			*slot = deb822_text(&field);
	}
	if (status == STATUS_END && state && strstr(state, " installed")) {
		if (!name || !version || !architecture) {
			status = error_set(err, STATUS_FORMAT,
				"the installed package %s has no name, version or architecture",
				name ? name : "(without a name)");
		} else {
			add_package(set, name, architecture, version);
			name = architecture = version = NULL;
		}
	}
	free(name);
	free(architecture);
	free(version);
	free(state);
	return status < 0 ? status : STATUS_OK;
}

static enum status read_dpkg_status(
	const char *data, size_t len, struct package_set *set, struct error *err)
{
	struct deb822 reader;

	deb822_init(&reader, data, len);
	while (!deb822_at_end(&reader)) {
		if (read_stanza(&reader, set, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* One line a package: `source|source version|binary[:architecture]|version` (ISAR). */
static enum status read_manifest(
	const char *data, size_t len, struct package_set *set, struct error *err)
{
	const char *at = data, *end = data + len;

	if (memchr(data, '\0', len))
		return error_set(err, STATUS_FORMAT, "it holds NUL bytes");
	for (size_t line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *bars[3], *from = at, *colon;

		stop = stop ? stop : end;
		for (size_t i = 0; i < 3; i++) {
			bars[i] = memchr(from, '|', (size_t)(stop - from));
			if (!bars[i])
				return error_set(err, STATUS_FORMAT,
					"line %zu is not source|version|binary|version", line);
			from = bars[i] + 1;
		}
		colon = memchr(bars[1] + 1, ':', (size_t)(bars[2] - bars[1] - 1));
		add_package(set,
			xstrndup(bars[1] + 1, (size_t)((colon ? colon : bars[2]) - bars[1] - 1)),
			colon ? xstrndup(colon + 1, (size_t)(bars[2] - colon - 1)) : xstrdup(""),
			xstrndup(bars[2] + 1, (size_t)(stop - bars[2] - 1)));
		at = stop + 1;
	}
	return STATUS_OK;
}

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len >= end && strcmp(name + len - end, ending) == 0;
}

static enum status read_packages(const struct file_set *files, const struct file *file,
	bool is_manifest, struct package_set *set, struct error *err)
{
	struct source *source;
	char *data = NULL;
	size_t len = 0;
	enum status status;
	off_t size;
	int fd;

	if (file_set_open(files, file, &fd, err) < 0)
		return err->status;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || (uint64_t)size > LIST_LIMIT) {
		close(fd);
		return error_set(err, STATUS_LIMIT, "too large for a package list");
	}
	source = source_file_new(fd, (uint64_t)size);
	data = xmalloc((size_t)size + 1);
	status = source_read(source, data, (size_t)size, &len, err);
	data[len] = '\0';
	if (status == STATUS_OK)
		status = is_manifest ? read_manifest(data, len, set, err)
				     : read_dpkg_status(data, len, set, err);
	if (status == STATUS_OK && set->count == 0)
		status = error_set(err, STATUS_FORMAT, "it lists no package");
	if (set->count)
		qsort(set->items, set->count, sizeof(set->items[0]), compare_packages);
	free(data);
	source_free(source);
	close(fd);
	return status;
}

static enum status record_change(struct evidence *evidence, const char *run,
	const struct package *published, const struct package *rebuilt, struct error *err)
{
	const struct package *any = published ? published : rebuilt;
	struct package_change change = {
		.change = !published ? "added"
			: !rebuilt   ? "removed"
				     : "changed",
		.name = any->name,
		.architecture = any->architecture,
		.published = published ? published->version : NULL,
		.rebuilt = rebuilt ? rebuilt->version : NULL,
	};

	return evidence_package_change(evidence, run, &change, err);
}

static bool package_set_has(const struct package_set *set, const struct package *package)
{
	return bsearch(package, set->items, set->count, sizeof(set->items[0]), compare_packages);
}

static enum status record_changes(struct evidence *evidence, const char *run,
	const struct package_set *published, const struct package_set *rebuilt, struct error *err)
{
	enum status status = STATUS_OK;
	size_t p = 0, r = 0;

	while (status == STATUS_OK && (p < published->count || r < rebuilt->count)) {
		const struct package *one = p < published->count ? &published->items[p] : NULL;
		const struct package *two = r < rebuilt->count ? &rebuilt->items[r] : NULL;
		int order = !one ? 1 : !two ? -1 : strcmp(one->name, two->name);

		if (order == 0)
			order = strcmp(one->architecture, two->architecture);
		/* Of several versions of one package, those that both sides have are no change. */
		if (order == 0 &&
			(package_set_has(rebuilt, one) || package_set_has(published, two)))
			order = strcmp(one->version, two->version);
		p += order <= 0;
		r += order >= 0;
		if (order != 0)
			status = record_change(
				evidence, run, order < 0 ? one : NULL, order > 0 ? two : NULL, err);
		else if (strcmp(one->version, two->version) != 0)
			status = record_change(evidence, run, one, two, err);
	}
	return status;
}

/* The list both sides have: the one asked for, or the first that ends so. */
static const struct file *find_list(const struct file_set *published,
	const struct file_set *rebuilt, const char *name, const char *ending)
{
	if (name)
		return file_set_find(rebuilt, name) ? file_set_find(published, name) : NULL;
	for (size_t i = 0; i < published->count; i++) {
		const struct file *file = &published->files[i];

		if (has_ending(file->name, ending) && file_set_find(rebuilt, file->name) &&
			file->place != FILE_HASH_ONLY)
			return file;
	}
	return NULL;
}

/* A package list that cannot be had is worth a word, and no reason to distrust the bytes. */
static enum status note_trouble(const char *side, const char *name, const char *what)
{
	progress_note("packages", "not compared: %s %s: %s", side, name, what);
	return STATUS_OK;
}

enum status verify_packages(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt, const char *status_name,
	const char *manifest_name, struct error *err)
{
	/* What the descriptor names comes first, and a dpkg status before a manifest. */
	bool is_manifest = manifest_name && !status_name;
	const struct file *file =
		is_manifest ? NULL : find_list(published, rebuilt, status_name, ".dpkg_status");
	struct package_set one = {0}, two = {0};
	enum status status = STATUS_OK;

	if (!file && !status_name) {
		is_manifest = true;
		file = find_list(published, rebuilt, manifest_name, ".manifest");
	}
	if (!file || file->place == FILE_HASH_ONLY) {
		if (status_name || manifest_name)
			note_trouble("the descriptor's", status_name ? status_name : manifest_name,
				"it cannot be read on both sides");
		return STATUS_OK;
	}
	if (read_packages(published, file, is_manifest, &one, err) < 0) {
		status = note_trouble("published", file->name, err->text);
	} else if (read_packages(rebuilt, file_set_find(rebuilt, file->name), is_manifest, &two,
			   err) < 0) {
		status = note_trouble("rebuilt", file->name, err->text);
	} else {
		status = record_changes(evidence, run, &one, &two, err);
		if (status == STATUS_OK)
			status = evidence_package_source(evidence, run, file->name, one.count, err);
	}
	package_set_release(&one);
	package_set_release(&two);
	return status;
}
