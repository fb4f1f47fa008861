/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/compare_order.h"

#include "dbdiff/fields.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/unpacking.h"

void order_told_release(struct order_told *told)
{
	buffer_release(&told->text);
}

/* Entries of a text whose order counts, as their format says (dbdiff/format/entries.h). */
static bool is_ordered(const struct index_row *row)
{
	return fields_value(row->fields, row->fields_len, "ordered") != NULL;
}

enum status compare_order_tell(const struct side_bytes sides[SIDES],
	const struct index_row *const rows[SIDES], const struct order_pair *moved,
	struct order_told *told, struct error *err)
{
	const struct format *format = format_named(rows[PUBLISHED]->format);
	size_t before;

	told->differs = true;
	told->field = format != NULL && format->order_field != NULL ? format->order_field : "order";
	buffer_add_text(&told->text, "first that moved: ");
	if (index_path_at(sides[PUBLISHED].index, rows[PUBLISHED]->id, moved->published,
		    &told->text, err) != STATUS_OK)
		return err->status;
	buffer_add_format(&told->text, " (member %u published, %u rebuilt)\n", moved->published + 1,
		moved->rebuilt + 1);
	before = told->text.len;
	if (format != NULL && format->is_unpacked &&
		unpacking_compare(
			(struct index *[SIDES]){sides[PUBLISHED].index, sides[REBUILT].index},
			(int64_t[SIDES]){rows[PUBLISHED]->id, rows[REBUILT]->id}, &told->text,
			err) != STATUS_OK)
		return err->status;
	if (told->text.len > before)
		told->field = "unpack-order";
	else if (is_ordered(rows[PUBLISHED]) || is_ordered(rows[REBUILT]))
		told->field = "value-order";
	return STATUS_OK;
}
