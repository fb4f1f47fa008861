/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/solve_load.h"

#include <errno.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* What libsolv reads, and on the way what it does not keep. */
struct tee {
	struct index_stream *stream;
	struct error *err;
	enum status status;
	struct buffer rest;				/* of a line that is not whole yet */
	struct buffer package, version, source_version; /* of this stanza */
	bool is_important;
	struct solve_facts *facts;
};

void solve_facts_release(struct solve_facts *facts)
{
	text_list_release(&facts->important);
	text_list_release(&facts->source_versions);
}

const char *solve_facts_source_version(
	const struct solve_facts *facts, const char *name, const char *version)
{
	char *key = xasprintf("%s %s ", name, version);
	const char *found = NULL;
	size_t len = strlen(key), low = 0, high = facts->source_versions.count;

	while (low < high && !found) {
		size_t middle = low + (high - low) / 2;
		const char *item = facts->source_versions.items[middle];
		int order = strncmp(key, item, len);

		if (order == 0)
			found = item + len;
		else if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	free(key);
	return found;
}

static void stanza_end(struct tee *tee)
{
	if (tee->package.len && tee->is_important)
		text_list_add(&tee->facts->important, tee->package.data);
	if (tee->package.len && tee->version.len && tee->source_version.len) {
		char *item = xasprintf(
			"%s %s %s", tee->package.data, tee->version.data, tee->source_version.data);

		text_list_add(&tee->facts->source_versions, item);
		free(item);
	}
	buffer_clear(&tee->package);
	buffer_clear(&tee->version);
	buffer_clear(&tee->source_version);
	tee->is_important = false;
}

/* The value when the line is that field, else NULL. */
static const char *field_value(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t name_len = strlen(name);

	if (len <= name_len || memcmp(line, name, name_len) != 0)
		return NULL;
	*value_len = len - name_len;
	return line + name_len;
}

static void line_see(struct tee *tee, const char *line, size_t len)
{
	const char *value;
	size_t value_len;

	if (len == 0) {
		stanza_end(tee);
	} else if ((value = field_value(line, len, "Package: ", &value_len)) != NULL) {
		buffer_clear(&tee->package);
		buffer_add(&tee->package, value, value_len);
	} else if ((value = field_value(line, len, "Version: ", &value_len)) != NULL) {
		buffer_clear(&tee->version);
		buffer_add(&tee->version, value, value_len);
	} else if ((value = field_value(line, len, "Source: ", &value_len)) != NULL) {
		const char *open = memchr(value, '(', value_len);

		buffer_clear(&tee->source_version);
		if (open && value[value_len - 1] == ')')
			buffer_add(&tee->source_version, open + 1,
				(size_t)(value + value_len - 1 - (open + 1)));
	} else if ((value = field_value(line, len, "Priority: ", &value_len)) != NULL) {
		tee->is_important = (value_len == 8 && memcmp(value, "required", 8) == 0) ||
			(value_len == 9 && memcmp(value, "important", 9) == 0);
	}
}

static void text_see(struct tee *tee, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));

		if (!newline) {
			buffer_add(&tee->rest, data, (size_t)(end - data));
			return;
		}
		if (tee->rest.len) {
			buffer_add(&tee->rest, data, (size_t)(newline - data));
			line_see(tee, tee->rest.data, tee->rest.len);
			buffer_clear(&tee->rest);
		} else {
			line_see(tee, data, (size_t)(newline - data));
		}
		data = newline + 1;
	}
}

static ssize_t tee_read(void *cookie, char *data, size_t len)
{
	struct tee *tee = cookie;
	size_t got;

	if (tee->status < 0)
		return -1;
	tee->status = index_stream_read(tee->stream, data, len, &got, tee->err);
	if (tee->status < 0) {
		errno = EIO;
		return -1;
	}
	text_see(tee, data, got);
	return (ssize_t)got;
}

static enum status packages_load(Repo *repo, struct store *store,
	const struct suite_release *release, const struct release_file *file,
	struct solve_facts *facts, struct error *err)
{
	struct tee tee = {.err = err, .facts = facts};
	cookie_io_functions_t functions = {.read = tee_read};
	enum status status = index_stream_open(store, release, file, &tee.stream, err);
	FILE *stream;

	if (status < 0)
		return status;
	stream = fopencookie(&tee, "r", functions);
	if (!stream ||
		repo_add_debpackages(repo, stream, REPO_REUSE_REPODATA | REPO_NO_INTERNALIZE))
		status = error_set(err, STATUS_FORMAT, "%s cannot be read as packages", file->path);
	if (tee.status < 0)
		status = tee.status;
	if (stream)
		fclose(stream);
	index_stream_close(tee.stream);
	if (status == STATUS_OK)
		stanza_end(&tee);
	buffer_release(&tee.rest);
	buffer_release(&tee.package);
	buffer_release(&tee.version);
	buffer_release(&tee.source_version);
	return status;
}

static enum status suite_load(Pool *pool, struct store *store, const struct pin *pin,
	const struct pin_suite *suite, const char *architecture, struct solve_facts *facts,
	struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(store, suite, &release, err);
	Repo *repo = repo_create(pool, pin->archive);

	if (status == STATUS_OK && release.is_not_automatic)
		repo->priority = -1;
	if (status == STATUS_OK)
		status = pin_indexes(pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		if (indexes[i].is_sources ||
			(strcmp(indexes[i].architecture, architecture) != 0 &&
				strcmp(indexes[i].architecture, "all") != 0))
			continue;
		status = packages_load(repo, store, &release, indexes[i].file, facts, err);
	}
	repo_internalize(repo);
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s %s", pin->name, suite->suite) : STATUS_OK;
}

enum status solve_load(Pool *pool, struct store *store, const struct pin_list *pins,
	const char *architecture, struct solve_facts *facts, struct error *err)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		if (!text_list_contains(&pin->architectures, architecture))
			return error_set(err, STATUS_NOT_FOUND,
				"%s holds no packages for the architecture %s", pin->name,
				architecture);
		for (size_t j = 0; j < pin->suite_count; j++) {
			enum status status = suite_load(
				pool, store, pin, &pin->suites[j], architecture, facts, err);

			if (status < 0)
				return status;
		}
	}
	text_list_sort(&facts->source_versions);
	return STATUS_OK;
}
