/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/deb_marks.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/deb822.h"
#include "base/path.h"
#include "dbdiff/format/archive_reader.h"
#include "dbdiff/format/formats.h"
#include "verifier/coverage/source_facts.h"

#define TEXT_MAX  ((size_t)256 << 10) /* of a maintainer script or unit; longer ones are refused */
#define MARKS_MAX ((size_t)2000)      /* of one kind */

/* One of the two tarballs in it. */
struct deb_reading {
	const struct limits *limits;
	struct deb_marks *marks;
	bool is_control;
	struct archive_reader reader;
	struct buffer text;
	uint64_t members, bytes;
};

void deb_marks_release(struct deb_marks *marks)
{
	free(marks->section);
	text_list_release(&marks->privileges);
	text_list_release(&marks->scripts);
	text_list_release(&marks->services);
	text_list_release(&marks->sockets);
	*marks = (struct deb_marks){0};
}

static int prepare(struct archive *archive)
{
	/* What dpkg-deb packs. */
	if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
		archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
		archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
		archive_read_support_filter_lzma(archive) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_read_support_format_tar(archive);
}

static enum status add(struct text_list *list, const char *text, struct error *err)
{
	if (list->count == MARKS_MAX)
		return error_set(err, STATUS_LIMIT, "more than %zu marks of one kind", MARKS_MAX);
	text_list_add(list, text);
	return STATUS_OK;
}

/* All bytes of the member count; those of one that is `wanted` are kept. */
static enum status content_read(struct deb_reading *reading, bool is_wanted, struct error *err)
{
	const void *block;
	la_int64_t offset;
	size_t len;

	buffer_clear(&reading->text);
	for (;;) {
		int code = archive_read_data_block(reading->reader.archive, &block, &len, &offset);

		if (code == ARCHIVE_EOF)
			return STATUS_OK;
		if (code < ARCHIVE_WARN)
			return archive_reader_error(&reading->reader, err);
		reading->bytes += len;
		if (reading->bytes > reading->limits->total_bytes)
			return error_set(err, STATUS_LIMIT, "it unpacks to more than %ju bytes",
				(uintmax_t)reading->limits->total_bytes);
		if (!is_wanted)
			continue;
		if (len > TEXT_MAX - reading->text.len)
			return error_set(
				err, STATUS_LIMIT, "a script or unit is over %zu bytes", TEXT_MAX);
		buffer_add(&reading->text, block, len);
	}
}

/* Calls `take` with each line, NUL-terminated, and its number. */
static enum status lines_each(struct deb_reading *reading, const char *path,
	enum status (*take)(struct deb_reading *reading, const char *path, const char *line,
		size_t number, struct error *err),
	struct error *err)
{
	enum status status = STATUS_OK;
	size_t number = 1;

	for (const char *at = buffer_text(&reading->text); *at && status == STATUS_OK; number++) {
		size_t len = strcspn(at, "\n");
		char *line = xstrndup(at, len);

		status = take(reading, path, line, number, err);
		free(line);
		at += len + (at[len] == '\n');
	}
	return status;
}

static enum status take_script_line(struct deb_reading *reading, const char *path, const char *line,
	size_t number, struct error *err)
{
	enum status status = STATUS_OK;

	if (script_line_sets_rights(line)) {
		char *mark = xasprintf("%s:%zu", path, number);

		status = add(&reading->marks->scripts, mark, err);
		free(mark);
	}
	return status;
}

/* "ListenStream=", "ListenDatagram=" … (systemd.socket(5)). */
static enum status take_socket_line(struct deb_reading *reading, const char *path, const char *line,
	size_t number, struct error *err)
{
	enum status status = STATUS_OK;

	(void)number;
	line += strspn(line, " \t");
	if (strncmp(line, "Listen", 6) == 0 && strchr(line, '=')) {
		char *mark = xasprintf("%s %s", path, line);

		status = add(&reading->marks->sockets, mark, err);
		free(mark);
	}
	return status;
}

static enum status control_take(struct deb_reading *reading, const char *path, struct error *err)
{
	struct deb822_field field;
	struct deb822 fields;
	enum status status;

	if (strcmp(path, "control") != 0)
		return lines_each(reading, path, take_script_line, err);
	deb822_init(&fields, buffer_text(&reading->text), reading->text.len);
	while ((status = deb822_next(&fields, &field, err)) == STATUS_OK)
		if (deb822_is(&field, "Section")) {
			free(reading->marks->section);
			reading->marks->section = deb822_text(&field);
		}
	return status < 0 ? error_context(err, "control") : STATUS_OK;
}

static bool has_capabilities(struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK)
		if (strcmp(name, "security.capability") == 0)
			return true;
	return false;
}

static enum status rights_take(struct deb_reading *reading, struct archive_entry *entry,
	const char *path, struct error *err)
{
	unsigned mode = (unsigned)archive_entry_mode(entry) & 07777;
	bool is_file = archive_entry_filetype(entry) == AE_IFREG;
	enum status status;
	char *mark;

	/* Of a directory set-group-ID gives a group, and no rights. */
	if (!is_file || (!(mode & (S_ISUID | S_ISGID)) && !has_capabilities(entry)))
		return STATUS_OK;
	mark = xasprintf("%s %o%s", path, mode, has_capabilities(entry) ? " capabilities" : "");
	status = add(&reading->marks->privileges, mark, err);
	free(mark);
	return status;
}

static bool is_unit(const char *path, const char *suffix)
{
	return (strncmp(path, "lib/systemd/system/", 19) == 0 ||
		       strncmp(path, "usr/lib/systemd/system/", 23) == 0) &&
		path_has_suffix(path, suffix);
}

static bool is_service(const char *path)
{
	return is_unit(path, ".service") || strncmp(path, "etc/init.d/", 11) == 0;
}

static enum status member_take(
	struct deb_reading *reading, struct archive_entry *entry, struct error *err)
{
	const char *name = archive_entry_pathname(entry);
	bool is_file = archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry);
	bool is_socket;
	enum status status;

	if (!name)
		return error_set(err, STATUS_FORMAT, "a member without a name");
	while (*name == '/' || strncmp(name, "./", 2) == 0)
		name += *name == '/' ? 1 : 2;
	is_socket = is_unit(name, ".socket");
	status = content_read(reading, is_file && (reading->is_control || is_socket), err);
	if (status < 0 || (reading->is_control && !is_file))
		return status;
	if (reading->is_control)
		return control_take(reading, name, err);
	status = rights_take(reading, entry, name, err);
	if (status == STATUS_OK && is_file && is_service(name))
		status = add(&reading->marks->services, name, err);
	if (status == STATUS_OK && is_file && is_socket)
		status = lines_each(reading, name, take_socket_line, err);
	return status;
}

static enum status tar_read(struct deb_reading *reading, struct source *source, struct error *err)
{
	enum status status = archive_reader_open(&reading->reader, source, prepare, err);
	struct archive_entry *entry;
	locale_t before;

	if (status < 0)
		return status;
	before = uselocale(reading->reader.locale);
	while (status == STATUS_OK) {
		int code = archive_read_next_header(reading->reader.archive, &entry);

		if (code == ARCHIVE_EOF)
			break;
		if (code < ARCHIVE_WARN)
			status = archive_reader_error(&reading->reader, err);
		else if (++reading->members > reading->limits->members)
			status = error_set(err, STATUS_LIMIT, "too many members");
		else
			status = member_take(reading, entry, err);
	}
	uselocale(before);
	return status;
}

/* debian-binary, control.tar.*, data.tar.* */
static enum status part_read(struct members *members, const char *name, const struct limits *limits,
	struct deb_marks *marks, struct error *err)
{
	struct deb_reading reading = {.limits = limits,
		.marks = marks,
		.is_control = strncmp(name, "control.tar", 11) == 0};
	struct source *source = NULL;
	enum status status = members->ops->open(members, &source, err);

	if (status == STATUS_OK)
		status = tar_read(&reading, source, err);
	if (status == STATUS_OK && reading.members == 0)
		status = error_set(err, STATUS_FORMAT, "there is nothing in it");
	archive_reader_release(&reading.reader);
	source_free(source);
	buffer_release(&reading.text);
	return status < 0 ? error_context(err, "%s", name) : STATUS_OK;
}

static void lists_sort(struct deb_marks *marks)
{
	struct text_list *lists[] = {
		&marks->privileges, &marks->scripts, &marks->services, &marks->sockets};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		text_list_sort(lists[i]);
		text_list_unique(lists[i]);
	}
}

enum status deb_marks_read(struct source *source, const struct limits *limits,
	struct deb_marks *marks, struct error *err)
{
	struct members *members = NULL;
	struct member member = {0};
	bool has_control = false, has_data = false;
	enum status status = format_deb.open(source, "package", limits, &members, err);

	*marks = (struct deb_marks){0};
	while (status == STATUS_OK) {
		const char *name;
		bool is_control, is_data;

		member_clear(&member);
		status = members->ops->next(members, &member, err);
		if (status != STATUS_OK)
			break;
		name = buffer_text(&member.path);
		is_control = strncmp(name, "control.tar", 11) == 0;
		is_data = strncmp(name, "data.tar", 8) == 0;
		if ((is_control && has_control) || (is_data && has_data))
			status = error_set(err, STATUS_FORMAT, "two %s in it", name);
		else if (is_control || is_data)
			status = part_read(members, name, limits, marks, err);
		has_control = has_control || is_control;
		has_data = has_data || is_data;
	}
	if (status == STATUS_END)
		status = STATUS_OK;
	if (status == STATUS_OK && (!has_control || !has_data))
		status = error_set(err, STATUS_FORMAT, "no control.tar and data.tar in it");
	member_release(&member);
	if (members)
		members->ops->free(members);
	lists_sort(marks);
	if (status < 0)
		deb_marks_release(marks);
	return status;
}
