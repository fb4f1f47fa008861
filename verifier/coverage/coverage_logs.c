/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/coverage/coverage_data.h"

static enum status read_log(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	struct buildlog log = {0};

	if (buildlog_read(&log, file, err) < 0)
		return err->status;
	ARRAY_GROW(outside->logs, outside->log_count, outside->log_capacity);
	outside->logs[outside->log_count++] = log;
	return STATUS_OK;
}

static enum status read_buildinfo(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return buildlog_add_buildinfo(&outside->logs[outside->log_count - 1], file, err);
}

/* The length of a name without its packing, and then without ".build" or ".log". */
static size_t stem(const char *path, bool *is_log)
{
	static const char *const packings[] = {".gz", ".xz", ".bz2", ".zst"};
	static const char *const endings[] = {".build", ".log"};
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(packings); i++)
		if (path_has_suffix(path, packings[i])) {
			len -= strlen(packings[i]);
			break;
		}
	*is_log = false;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t end = strlen(endings[i]);

		if (len > end && memcmp(path + len - end, endings[i], end) == 0) {
			*is_log = true;
			return len - end;
		}
	}
	return len;
}

/* A log alone, or with the .buildinfo of the same name beside it. */
static enum status read_log_file(struct outside *outside, const char *path, struct error *err)
{
	size_t before = outside->log_count;
	enum status status = data_read(outside, DATA_BUILDLOG, path, read_log, err);
	struct stat st;
	bool is_log;
	char *beside = xasprintf("%.*s.buildinfo", (int)stem(path, &is_log), path);

	if (status == STATUS_OK && outside->log_count > before && stat(beside, &st) == 0)
		status = data_read(outside, DATA_BUILDLOG, beside, read_buildinfo, err);
	free(beside);
	return status;
}

/* The logs of a directory by name; what else lies there is told, but .buildinfo files. */
static enum status names_read(
	struct outside *outside, const char *directory, struct text_list *names, struct error *err)
{
	struct text_list others = {0};
	struct buffer text = {0};
	struct dirent *entry;
	DIR *stream = opendir(directory);
	enum status status = STATUS_OK;
	bool is_log;

	if (!stream)
		return error_set_errno(err, "%s", directory);
	while ((errno = 0, entry = readdir(stream)) != NULL) {
		stem(entry->d_name, &is_log);
		if (entry->d_name[0] != '.' && !path_has_suffix(entry->d_name, ".buildinfo"))
			text_list_add(is_log ? names : &others, entry->d_name);
	}
	if (errno != 0)
		status = error_set_errno(err, "%s", directory);
	closedir(stream);
	text_list_sort(names);
	text_list_sort(&others);
	for (size_t i = 0; i < others.count && i < 5; i++)
		buffer_add_format(&text, "%s%s", i ? ", " : "", others.items[i]);
	if (others.count > 0) {
		char *sentence = xasprintf(
			"--buildlog: %s: %zu files are not called .log or .build, and were not "
			"read: %s%s",
			directory, others.count, buffer_text(&text), others.count > 5 ? ", …" : "");

		text_list_add(&outside->coverage->notes, sentence);
		free(sentence);
	}
	text_list_release(&others);
	buffer_release(&text);
	return status;
}

static enum status read_directory(struct outside *outside, const char *directory, struct error *err)
{
	struct text_list names = {0};
	enum status status = names_read(outside, directory, &names, err);

	if (status == STATUS_OK && names.count == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s has no file that is called .log or .build, packed or not", directory);
	if (status < 0)
		status = data_refuse(outside, DATA_BUILDLOG, directory, err);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		char *path = path_join(directory, names.items[i]);

		status = read_log_file(outside, path, err);
		free(path);
	}
	text_list_release(&names);
	return status;
}

enum status coverage_logs_read(struct outside *outside, const char *path, struct error *err)
{
	struct stat st;

	if (!data_is_url(path) && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(outside, path, err);
	return read_log_file(outside, path, err);
}
