/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/progress.h"
#include "snapshot/manifest.h"
#include "verifier/verify_judge.h"

/* One package of an image; the texts are the list's. */
struct package {
	const char *name, *architecture, *version;
};

/* A zeroed struct is empty and safe to release. */
struct package_set {
	struct manifest list;
	struct package *items;
	size_t count, capacity;
};

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
	manifest_release(&set->list);
	free(set->items);
	*set = (struct package_set){0};
}

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len >= end && strcmp(name + len - end, ending) == 0;
}

/* What is there but not installed whole is not of the image, as it is for dpkg. */
static enum status take_installed(struct package_set *set, const char *name, struct error *err)
{
	for (size_t i = 0; i < set->list.count; i++) {
		const struct manifest_package *row = &set->list.items[i];

		if (!row->version)
			return error_set(err, STATUS_FORMAT, "%s:%zu: %s has no version", name,
				row->line, row->name);
		if (row->state)
			continue;
		ARRAY_GROW(set->items, set->count, set->capacity);
		set->items[set->count++] = (struct package){
			row->name, row->architecture ? row->architecture : "", row->version};
	}
	if (set->count == 0)
		return error_set(err, STATUS_FORMAT, "%s lists no package that is installed", name);
	qsort(set->items, set->count, sizeof(set->items[0]), compare_packages);
	return STATUS_OK;
}

static enum status read_packages(const struct file_set *files, const struct file *file,
	struct package_set *set, struct error *err)
{
	enum status status;
	int fd;

	if (file_set_open(files, file, &fd, err) < 0)
		return error_context(err, "%s", file->name);
	status = manifest_read_descriptor(fd, file->name, &set->list, err);
	close(fd);
	return status < 0 ? status : take_installed(set, file->name, err);
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
static void note_trouble(const char *side, const char *what)
{
	progress_note("packages", "not compared: %s %s", side, what);
}

enum status verify_packages(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt, const char *status_name,
	const char *manifest_name, struct error *err)
{
	/* What the descriptor names comes first, and a dpkg status before a manifest. */
	const char *named = status_name ? status_name : manifest_name;
	const struct file *file =
		find_list(published, rebuilt, named, named ? NULL : ".dpkg_status");
	struct package_set one = {0}, two = {0};
	enum status status = STATUS_OK;

	if (!file && !named)
		file = find_list(published, rebuilt, NULL, ".manifest");
	if (!file || file->place == FILE_HASH_ONLY) {
		if (named)
			progress_note("packages",
				"not compared: the descriptor's %s cannot be read on both sides",
				named);
		return STATUS_OK;
	}
	if (read_packages(published, file, &one, err) < 0) {
		note_trouble("published", err->text);
	} else if (read_packages(rebuilt, file_set_find(rebuilt, file->name), &two, err) < 0) {
		note_trouble("rebuilt", err->text);
	} else {
		status = record_changes(evidence, run, &one, &two, err);
		if (status == STATUS_OK)
			status = evidence_package_source(evidence, run, file->name, one.count, err);
	}
	package_set_release(&one);
	package_set_release(&two);
	return status;
}
