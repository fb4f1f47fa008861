/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/archive_table.h"
#include "snapshot/pin.h"

/* Looking for the chains of one file. */
struct search {
	struct store *store;
	const struct pin_list *pins;
	const char *file;
	bool is_name; /* the last part of a path, not a path */
	struct trust_chains *chains;
};

void trust_chains_release(struct trust_chains *chains)
{
	for (size_t i = 0; i < chains->count; i++) {
		free(chains->items[i].index);
		free(chains->items[i].path);
	}
	free(chains->items);
	*chains = (struct trust_chains){0};
}

/* Takes the texts over. */
static void chain_add(struct search *search, const struct trust_chain *chain)
{
	struct trust_chains *chains = search->chains;

	ARRAY_GROW(chains->items, chains->count, chains->capacity);
	chains->items[chains->count++] = *chain;
}

static void file_found(
	struct search *search, size_t pin, size_t suite, const struct digest *digest, uint64_t size)
{
	chain_add(search,
		&(struct trust_chain){.pin = pin,
			.suite = suite,
			.path = xstrdup(search->file),
			.digest = *digest,
			.size = size});
}

/* The signed files themselves, and what Release lists. */
static void release_search(
	struct search *search, size_t pin, size_t suite, const struct suite_release *release)
{
	const struct pin_suite *of = &search->pins->items[pin].suites[suite];
	char *directory = xasprintf("dists/%s/", of->suite);
	size_t len = strlen(directory);
	const struct release_file *file;

	if (!search->is_name && strncmp(search->file, directory, len) == 0) {
		const char *name = search->file + len;

		file = suite_release_find(release, name);
		if (file)
			file_found(search, pin, suite, &file->digest, file->size);
		else if (!of->is_detached && strcmp(name, "InRelease") == 0)
			file_found(search, pin, suite, &of->inrelease, 0);
		else if (of->is_detached && strcmp(name, "Release") == 0)
			file_found(search, pin, suite, &of->release, 0);
		else if (of->is_detached && strcmp(name, "Release.gpg") == 0)
			file_found(search, pin, suite, &of->release_gpg, 0);
	}
	free(directory);
}

static bool is_wanted(const struct search *search, const char *path)
{
	return strcmp(search->is_name ? path_basename(path) : path, search->file) == 0;
}

static enum status index_search(struct search *search, size_t pin, size_t suite,
	const struct suite_release *release, const struct pin_index *index, struct error *err)
{
	const struct pin_suite *of = &search->pins->items[pin].suites[suite];
	struct table_builder builder = {0};
	struct archive_table table = {0};
	enum status status = archive_table_read_index(
		search->store, release, index->file, index->is_sources, &builder, err);

	if (status == STATUS_OK)
		status = table_builder_finish(&builder, &table, err);
	for (size_t i = 0; i < table.count && status == STATUS_OK; i++) {
		const char *path = archive_table_path(&table, i);

		if (is_wanted(search, path))
			chain_add(search,
				&(struct trust_chain){.pin = pin,
					.suite = suite,
					.index = xasprintf(
						"dists/%s/%s", of->suite, index->file->path),
					.index_digest = index->file->digest,
					.path = xstrdup(path),
					.digest = table.entries[i].digest,
					.size = table.entries[i].size});
	}
	table_builder_release(&builder);
	archive_table_release(&table);
	return status;
}

static enum status suite_search(struct search *search, size_t pin, size_t suite, struct error *err)
{
	const struct pin *of = &search->pins->items[pin];
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status =
		pin_suite_release_read(search->store, &of->suites[suite], &release, err);

	if (status == STATUS_OK) {
		release_search(search, pin, suite, &release);
		status = pin_indexes(of, &release, &indexes, &count, err);
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = index_search(search, pin, suite, &release, &indexes[i], err);
	free(indexes);
	suite_release_release(&release);
	return status;
}

/* A last part that several paths have would leave open which of them is meant. */
static enum status check_one_path(const struct search *search, struct error *err)
{
	const struct trust_chains *chains = search->chains;

	for (size_t i = 1; i < chains->count; i++) {
		if (strcmp(chains->items[0].path, chains->items[i].path) != 0)
			return error_set(err, STATUS_USAGE, "%s may be %s or %s: give the path",
				search->file, chains->items[0].path, chains->items[i].path);
	}
	return STATUS_OK;
}

enum status snapshot_trust_chains(struct store *store, const struct pin_list *pins,
	const char *file, struct trust_chains *chains, struct error *err)
{
	struct search search = {.store = store,
		.pins = pins,
		.file = file,
		.is_name = strchr(file, '/') == NULL,
		.chains = chains};
	enum status status = STATUS_OK;

	*chains = (struct trust_chains){0};
	for (size_t i = 0; i < pins->count && status == STATUS_OK; i++) {
		for (size_t j = 0; j < pins->items[i].suite_count && status == STATUS_OK; j++)
			status = suite_search(&search, i, j, err);
	}
	if (status == STATUS_OK)
		status = check_one_path(&search, err);
	if (status == STATUS_OK && chains->count == 0)
		status = error_set(err, STATUS_NOT_FOUND, "no index of %s%s names %s",
			pins->items[0].name, pins->count > 1 ? " and the other pins" : "", file);
	if (status < 0)
		trust_chains_release(chains);
	return status;
}
