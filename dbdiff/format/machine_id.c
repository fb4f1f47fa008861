/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/machine-id (machine-id(5)): 32 lower-case hexadecimal digits and a newline, nothing else. */
#include <string.h>

#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/shapes.h"

#define ID_DIGITS 32
#define ID_BYTES  (ID_DIGITS + 1)

static bool is_id(const char *text, size_t len)
{
	return len == ID_BYTES && text[ID_DIGITS] == '\n' && is_hex(text, ID_DIGITS, ID_DIGITS);
}

static enum status machine_id_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	(void)err;
	*end = entries->text.len;
	buffer_add_text(&member->path, "id");
	member_add_field(member, "type", "value");
	member_add_field(member, "machine-id", "%.*s", ID_DIGITS, entries->text.data);
	return STATUS_OK;
}

static enum status machine_id_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct entries *entries;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, ID_BYTES, sizeof(*entries), &entries, err);
	if (status == STATUS_OK && !is_id(entries->text.data, entries->text.len)) {
		entries_free(entries);
		status = error_set(err, STATUS_FORMAT, "no id");
	}
	if (status != STATUS_OK)
		return error_context(err, "machine-id");
	entries->cut = machine_id_cut;
	*members = &entries->members;
	return STATUS_OK;
}

static unsigned machine_id_bid(const struct candidate *candidate)
{
	bool is_whole = candidate->source == NULL || candidate->source->size == ID_BYTES;

	return strcmp(path_basename(candidate->path), "machine-id") == 0 && is_whole &&
			is_id((const char *)candidate->data, candidate->len)
		? 30
		: 0;
}

const struct format format_machine_id = {
	.name = "machine-id",
	.bid_bytes = ID_BYTES + 1,
	.is_lazy = true,
	.bid_more = machine_id_bid,
	.open = machine_id_open,
};
