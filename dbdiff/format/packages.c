/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packages that a system has, as dpkg keeps them (/var/lib/dpkg/status: deb822(5), one stanza a
 * package; ISAR leaves a copy beside the image as .dpkg_status). Each package is a member called
 * NAME:ARCHITECTURE, so that another version of it is one difference.
 */
#include <string.h>

#include "base/deb822.h"
#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/package_name.h"

#define STATUS_BYTES_MAX ((size_t)32 << 20)

struct packages {
	struct entries entries; /* first */
	struct deb822 reader;
};

/* What is read of one stanza. */
struct stanza {
	struct member *member;
	struct deb822_field name, architecture;
	struct buffer order; /* of its fields: their names */
	struct buffer usual;
};

static void take_field(struct stanza *stanza, const struct deb822_field *field)
{
	struct member *member = stanza->member;
	char name[128];

	buffer_add_format(&stanza->order, "%s%.*s", stanza->order.len > 0 ? " " : "",
		(int)field->name_len, field->name);
	buffer_add(&stanza->usual, field->name, field->name_len);
	buffer_add_text(
		&stanza->usual, field->value_len == 0 || *field->value == '\n' ? ":" : ": ");
	buffer_add(&stanza->usual, field->value, field->value_len);
	buffer_add_char(&stanza->usual, '\n');
	if (deb822_is(field, "Package")) {
		stanza->name = *field;
	} else if (deb822_is(field, "Architecture")) {
		stanza->architecture = *field;
	} else if (deb822_is(field, "Version")) {
		member_add_field_bytes(member, "package-version", field->value, field->value_len);
	} else if (deb822_is(field, "Status")) {
		member_add_field_bytes(member, "package-status", field->value, field->value_len);
	} else {
		snprintf(name, sizeof(name), "package-field:%.*s", (int)field->name_len,
			field->name);
		member_add_field_bytes(member, name, field->value, field->value_len);
	}
}

static enum status read_stanza(struct packages *packages, struct stanza *stanza, struct error *err)
{
	struct deb822 *reader = &packages->reader;
	struct deb822_field field;
	size_t line = reader->line;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		if (field.name_len > 100)
			return error_set(err, STATUS_LIMIT, "line %zu: a name of %zu bytes",
				reader->line, field.name_len);
		take_field(stanza, &field);
	}
	if (status != STATUS_END)
		return status;
	if (!is_package_name(stanza->name.value, stanza->name.value_len) ||
		(stanza->architecture.name_len > 0 &&
			!is_package_name(
				stanza->architecture.value, stanza->architecture.value_len)))
		return error_set(err, STATUS_FORMAT, "the stanza in line %zu is no package", line);
	return STATUS_OK;
}

static enum status packages_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	struct packages *packages = (struct packages *)entries;
	struct stanza stanza = {.member = member};
	enum status status;

	if (deb822_at_end(&packages->reader)) {
		entries_set_end(entries, member, end);
		return STATUS_OK;
	}
	member_add_field(member, "type", "package");
	status = read_stanza(packages, &stanza, err);
	if (status == STATUS_OK) {
		buffer_add(&member->path, stanza.name.value, stanza.name.value_len);
		if (stanza.architecture.name_len > 0) {
			buffer_add_char(&member->path, ':');
			buffer_add(&member->path, stanza.architecture.value,
				stanza.architecture.value_len);
		}
		member_add_field_bytes(
			member, "package-order", buffer_text(&stanza.order), stanza.order.len);
		buffer_add_char(&stanza.usual, '\n');
		*end = (size_t)(packages->reader.at - entries->text.data);
		entries_add_unusual(entries, member, *end, &stanza.usual);
	}
	buffer_release(&stanza.order);
	buffer_release(&stanza.usual);
	return status;
}

static enum status packages_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct entries *entries;
	struct packages *packages;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, STATUS_BYTES_MAX, sizeof(*packages), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "packages");
	packages = (struct packages *)entries;
	deb822_init(&packages->reader, entries->text.data, entries->text.len);
	entries->cut = packages_cut;
	*members = &entries->members;
	return STATUS_OK;
}

/* As dpkg and ISAR call it, and it begins as such a list does. */
static unsigned packages_bid(const struct candidate *candidate)
{
	static const char begin[] = "Package: ", suffix[] = ".dpkg_status";
	const char *path = candidate->path;
	const char *name = path_basename(path);
	size_t len = strlen(path);
	bool is_named = (strncmp(name, "status", 6) == 0 && strstr(path, "dpkg/") != NULL) ||
		strstr(path, "dpkg/status.d/") != NULL ||
		(len > strlen(suffix) && strcmp(path + len - strlen(suffix), suffix) == 0);

	if (!is_named || candidate->len < strlen(begin) ||
		memcmp(candidate->data, begin, strlen(begin)) != 0)
		return 0;
	return 20;
}

const struct format format_packages = {
	.name = "packages",
	.bid_bytes = 64,
	.is_lazy = true,
	.bid_more = packages_bid,
	.open = packages_open,
};
