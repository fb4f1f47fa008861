/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/solve_load.h"

#include <errno.h>
#include <solv/repo.h>
#include <solv/repo_deb.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "snapshot/index_stream.h"
#include "snapshot/pin.h"

/* What libsolv reads, and on the way the priorities, which it does not keep. */
struct tee {
	struct index_stream *stream;
	struct error *err;
	enum status status;
	struct buffer rest; /* of a line that is not whole yet */
	char *package;
	struct text_list *important;
};

static void line_see(struct tee *tee, const char *line, size_t len)
{
	static const char name[] = "Package: ", priority[] = "Priority: ";

	if (len > strlen(name) && memcmp(line, name, strlen(name)) == 0) {
		free(tee->package);
		tee->package = strndup(line + strlen(name), len - strlen(name));
	} else if (len > strlen(priority) && memcmp(line, priority, strlen(priority)) == 0) {
		const char *value = line + strlen(priority);
		size_t value_len = len - strlen(priority);

		if (tee->package &&
			((value_len == 8 && memcmp(value, "required", 8) == 0) ||
				(value_len == 9 && memcmp(value, "important", 9) == 0)))
			text_list_add(tee->important, tee->package);
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

static enum status packages_load(Repo *repo, struct store *store, const struct suite_release *release,
	const struct release_file *file, struct text_list *important, struct error *err)
{
	struct tee tee = {.err = err, .important = important};
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
	buffer_release(&tee.rest);
	free(tee.package);
	return status;
}

static enum status suite_load(Pool *pool, struct store *store, const struct pin *pin,
	const struct pin_suite *suite, const char *architecture, struct text_list *important,
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
		status = packages_load(repo, store, &release, indexes[i].file, important, err);
	}
	repo_internalize(repo);
	free(indexes);
	suite_release_release(&release);
	return status < 0 ? error_context(err, "%s %s", pin->name, suite->suite) : STATUS_OK;
}

enum status solve_load(Pool *pool, struct store *store, const struct pin_list *pins,
	const char *architecture, struct text_list *important, struct error *err)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		if (!text_list_contains(&pin->architectures, architecture))
			return error_set(err, STATUS_NOT_FOUND,
				"%s holds no packages for the architecture %s", pin->name,
				architecture);
		for (size_t j = 0; j < pin->suite_count; j++) {
			enum status status = suite_load(
				pool, store, pin, &pin->suites[j], architecture, important, err);

			if (status < 0)
				return status;
		}
	}
	return STATUS_OK;
}
