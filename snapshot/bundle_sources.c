/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/pin_packages.h"
#include "snapshot/pin_stanzas.h"

/* A source package that is looked for. */
struct wanted {
	char *name, *version;
	bool is_found;
};

struct sources_job {
	struct store *store;
	const struct pin_list *pins;
	const struct text_list *paths;
	struct wanted *wanted; /* in the end by name and version */
	size_t count, capacity;
	struct source_file_list *files;
	size_t pin; /* whose index is read */
};

void source_file_list_release(struct source_file_list *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].path);
	free(files->items);
	*files = (struct source_file_list){0};
}

static int wanted_compare(const void *a, const void *b)
{
	const struct wanted *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : strcmp(left->version, right->version);
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void wanted_add(struct sources_job *job, const struct deb822_field *package,
	const struct deb822_field *version, const struct deb822_field *source)
{
	struct wanted wanted = {0};

	package_source(package, version, source, &wanted.name, &wanted.version);
	ARRAY_GROW(job->wanted, job->count, job->capacity);
	job->wanted[job->count++] = wanted;
}

static bool is_packages(void *context, const struct pin_index *index)
{
	(void)context;
	return !index->is_sources;
}

static bool is_sources(void *context, const struct pin_index *index)
{
	(void)context;
	return index->is_sources;
}

static enum status package_take(void *context, const struct pin_stanza *stanza, struct error *err)
{
	const struct deb822_field *fields = stanza->fields;
	struct sources_job *job = context;
	char *path;

	(void)err;
	if (!fields[0].value || !fields[1].value || !fields[2].value || job->paths->count == 0)
		return STATUS_OK;
	path = deb822_text(&fields[0]);
	if (bsearch(&path, job->paths->items, job->paths->count, sizeof(char *), text_compare))
		wanted_add(job, &fields[1], &fields[2], &fields[3]);
	free(path);
	return STATUS_OK;
}

/* " SHA256 SIZE NAME" lines below a directory. */
static void source_files_add(struct sources_job *job, const struct deb822_field *directory,
	const struct deb822_field *checksums)
{
	const char *at = checksums->value, *end = at + checksums->value_len;
	char *below = deb822_text(directory);

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end, *name = line_end;

		while (name > at && name[-1] != ' ')
			name--;
		if (name < line_end && name > at) {
			char *file = xstrndup(name, (size_t)(line_end - name));

			ARRAY_GROW(job->files->items, job->files->count, job->files->capacity);
			job->files->items[job->files->count++] =
				(struct source_file){.pin = job->pin,
					.path = strcmp(below, ".") == 0 ? xstrdup(file)
									: path_join(below, file)};
			free(file);
		}
		at = newline ? newline + 1 : end;
	}
	free(below);
}

static enum status source_take(void *context, const struct pin_stanza *stanza, struct error *err)
{
	const struct deb822_field *fields = stanza->fields;
	struct sources_job *job = context;
	struct wanted key, *found;

	(void)err;
	if (!fields[0].value || !fields[1].value || !fields[2].value || !fields[3].value)
		return STATUS_OK;
	key = (struct wanted){.name = deb822_text(&fields[0]), .version = deb822_text(&fields[1])};
	found = job->count ? bsearch(&key, job->wanted, job->count, sizeof(key), wanted_compare)
			   : NULL;
	if (found) {
		found->is_found = true;
		job->pin = (size_t)(stanza->pin - job->pins->items);
		source_files_add(job, &fields[2], &fields[3]);
	}
	free(key.name);
	free(key.version);
	return STATUS_OK;
}

static enum status indexes_read(struct sources_job *job, bool of_sources, struct error *err)
{
	static const char *const package_names[] = {"Filename", "Package", "Version", "Source"};
	static const char *const source_names[] = {
		"Package", "Version", "Directory", "Checksums-Sha256"};
	const struct stanza_reading reading = {
		.names = of_sources ? source_names : package_names,
		.count = ARRAY_SIZE(package_names),
		.what = of_sources ? "a source package" : "a package",
		.is_wanted = of_sources ? is_sources : is_packages,
		.take = of_sources ? source_take : package_take,
		.context = job,
	};

	return pin_stanzas_visit(job->store, job->pins, &reading, err);
}

/* One source package of several binary packages is looked for once. */
static void wanted_unite(struct sources_job *job)
{
	size_t kept = 0;

	if (job->count == 0)
		return;
	if (job->count > 1)
		qsort(job->wanted, job->count, sizeof(job->wanted[0]), wanted_compare);
	for (size_t i = 1; i < job->count; i++) {
		if (wanted_compare(&job->wanted[kept], &job->wanted[i]) != 0) {
			job->wanted[++kept] = job->wanted[i];
			continue;
		}
		free(job->wanted[i].name);
		free(job->wanted[i].version);
	}
	job->count = kept + 1;
}

static enum status all_found(const struct sources_job *job, struct error *err)
{
	const struct wanted *first = NULL;
	size_t missing = 0;

	for (size_t i = job->count; i-- > 0;) {
		if (job->wanted[i].is_found)
			continue;
		first = &job->wanted[i];
		missing++;
	}
	if (missing == 0)
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND,
		"no Sources of the pins has %zu of the source packages, the first is %s %s: leave "
		"out --sources, or take a pin that has deb-src",
		missing, first->name, first->version);
}

enum status bundle_sources(struct store *store, const struct pin_list *pins,
	const struct text_list *paths, struct source_file_list *files, struct error *err)
{
	struct sources_job job = {.store = store, .pins = pins, .paths = paths, .files = files};
	enum status status = indexes_read(&job, false, err);

	*files = (struct source_file_list){0};
	if (status == STATUS_OK) {
		wanted_unite(&job);
		status = indexes_read(&job, true, err);
	}
	if (status == STATUS_OK)
		status = all_found(&job, err);
	for (size_t i = 0; i < job.count; i++) {
		free(job.wanted[i].name);
		free(job.wanted[i].version);
	}
	free(job.wanted);
	if (status < 0)
		source_file_list_release(files);
	return status;
}
