/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/compare.h"

#include <inttypes.h>

#include "dbdiff/causes.h"
#include "dbdiff/compare_fields.h"
#include "dbdiff/compare_order.h"
#include "dbdiff/compare_terms.h"
#include "dbdiff/fields.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/same_bytes.h"

/* The cause of packed bytes that differ around what is equal inside. */
static const char cause_compression[] = "compression";

struct compare {
	const struct side_bytes *sides;
	struct findings *findings;
	struct diff_plan *plan;
	const struct compare_terms *terms;
	const char *name; /* the artifact's */
	struct buffer path;
	struct buffer fields;
};

/* What a container's inside came to. */
struct inside {
	uint64_t differences;
	struct order_told order;
	uint64_t times; /* members of which only times differ that the file system keeps */
	struct buffer first_time; /* the first of them */
};

static enum status compare_pair(struct compare *compare, const struct level *level,
	struct inside *outer, struct error *err);

/* The walk did not open it, because both sides have the same bytes where it lies. */
static bool is_spared(const struct index_row *row)
{
	return row->has_content && row->is_read && !row->is_hashed && row->format == NULL;
}

/*
 * What was neither hashed nor compared is never the same. STATUS_END for members of which one was
 * spared and the other is another, or was opened: then fields of what is inside are missing too.
 */
static enum status find_same(
	const struct compare *compare, const struct level *level, bool *is_same, struct error *err)
{
	const struct index_row *a = level->rows[PUBLISHED], *b = level->rows[REBUILT];
	const struct sameness *sameness = compare->sides[PUBLISHED].sameness;

	*is_same = false;
	if (sameness != NULL && (is_spared(a) || is_spared(b))) {
		*is_same = is_spared(a) && is_spared(b) && a->has_place && b->has_place &&
			a->size == b->size && a->place == b->place &&
			sameness_covers(sameness, a->place, a->size);
		return *is_same ? STATUS_OK : STATUS_END;
	}
	/* The artifacts are known to differ. */
	if (level->parent == NULL || a->has_content != b->has_content)
		return STATUS_OK;
	if (!a->has_content || (a->is_hashed && b->is_hashed)) {
		*is_same = !a->has_content ||
			(a->size == b->size && digest_equal(&a->sha256, &b->sha256));
		return STATUS_OK;
	}
	if (!a->is_read || !b->is_read || a->size != b->size || !a->has_place || !b->has_place)
		return STATUS_OK;
	*is_same = sameness != NULL && a->place == b->place &&
		sameness_covers(sameness, a->place, a->size);
	if (*is_same)
		return STATUS_OK;
	return same_bytes_at(
		compare->sides, (uint64_t[SIDES]){a->place, b->place}, a->size, is_same, err);
}

static int key_compare(const struct index_row *a, const struct index_row *b)
{
	size_t least = a->path_len < b->path_len ? a->path_len : b->path_len;
	int result = memcmp(a->path, b->path, least);

	if (result != 0)
		return result;
	if (a->path_len != b->path_len)
		return a->path_len < b->path_len ? -1 : 1;
	return (a->occurrence > b->occurrence) - (a->occurrence < b->occurrence);
}

/* Appends "//path" and gives the length to go back to. */
static size_t path_push(struct compare *compare, const struct index_row *row)
{
	size_t before = compare->path.len;

	if (before > 0)
		buffer_add_text(&compare->path, "//");
	buffer_add(&compare->path, row->path, row->path_len);
	return before;
}

static const struct digest *digest_of(const struct index_row *row)
{
	return row->is_hashed ? &row->sha256 : NULL;
}

/* A member that only one side has. */
static enum status report_single(
	struct compare *compare, const struct index_row *row, enum change change, struct error *err)
{
	size_t before = path_push(compare, row);
	struct buffer none = {0};
	enum status status;
	int64_t id;

	status = findings_add(compare->findings,
		&(struct finding_row){
			.path = &compare->path,
			.occurrence = row->occurrence,
			.change = change,
			.inspected = row->inspected,
			.reason = row->reason,
			.fields = &none,
			.published = change == CHANGE_REMOVED ? digest_of(row) : NULL,
			.rebuilt = change == CHANGE_ADDED ? digest_of(row) : NULL,
			.cause = fields_single_cause(
				row->fields, row->fields_len, change == CHANGE_ADDED),
		},
		&id, err);
	if (status == STATUS_OK)
		status = findings_add_place(compare->findings,
			change == CHANGE_ADDED ? REBUILT : PUBLISHED, row->container, row->position,
			&(struct finding_range){id, id, true}, err);
	buffer_truncate(&compare->path, before);
	return status;
}

/*
 * Pairs the members of two containers. A member that one side lacks is only reported where that
 * side was read whole: what was not read is not missing.
 */
static enum status merge_members(struct compare *compare, const struct level *level,
	struct index_cursor cursors[SIDES], struct order *order, struct inside *inside,
	struct error *err)
{
	static const enum change single[SIDES] = {CHANGE_REMOVED, CHANGE_ADDED};
	bool has[SIDES] = {false, false}, step[SIDES] = {true, true};
	enum status status;

	for (;;) {
		int key;

		for (int side = 0; side < SIDES; side++) {
			if (!step[side])
				continue;
			status = index_cursor_next(&cursors[side], err);
			if (status < 0)
				return status;
			has[side] = status == STATUS_OK;
		}
		if (!has[PUBLISHED] && !has[REBUILT])
			return STATUS_OK;
		key = !has[REBUILT] ? -1
			: !has[PUBLISHED]
			? 1
			: key_compare(&cursors[PUBLISHED].row, &cursors[REBUILT].row);
		step[PUBLISHED] = key <= 0;
		step[REBUILT] = key >= 0;
		status = STATUS_OK;
		if (key == 0) {
			struct level next = {
				level, {&cursors[PUBLISHED].row, &cursors[REBUILT].row}};

			order_add(order, next.rows[PUBLISHED]->position,
				next.rows[REBUILT]->position);
			status = compare_pair(compare, &next, inside, err);
		} else {
			int side = key < 0 ? PUBLISHED : REBUILT;

			if (level->rows[!side]->inspected)
				status = report_single(
					compare, &cursors[side].row, single[side], err);
		}
		if (status != STATUS_OK)
			return status;
	}
}

static enum status compare_containers(struct compare *compare, const struct level *level,
	struct inside *inside, struct error *err)
{
	struct index_cursor cursors[SIDES] = {0};
	struct order order = {0};
	struct order_pair moved;
	uint64_t before = compare->findings->count;
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = index_cursor_open(
			&cursors[side], compare->sides[side].index, level->rows[side]->id, err);
	if (status == STATUS_OK)
		status = merge_members(compare, level, cursors, &order, inside, err);
	if (status == STATUS_OK && level->rows[PUBLISHED]->inspected &&
		level->rows[REBUILT]->inspected && order_differs(&order, &moved))
		status = compare_order_tell(
			compare->sides, level->rows, &moved, &inside->order, err);
	inside->differences = compare->findings->count - before + inside->times;
	order_release(&order);
	for (int side = 0; side < SIDES; side++)
		index_cursor_release(&cursors[side]);
	return status;
}

static void add_reasons(struct buffer *reason, const struct index_row *const rows[SIDES])
{
	static const char *const names[SIDES] = {"published", "rebuilt"};

	for (int side = 0; side < SIDES; side++) {
		if (!rows[side]->inspected)
			buffer_add_format(reason, "%s%s: %s", reason->len > 0 ? "; " : "",
				names[side],
				rows[side]->reason != NULL ? rows[side]->reason : "not read");
	}
}

/* The path stands in compare->path. */
static enum status report_pair(struct compare *compare, const struct level *level,
	enum change change, const char *cause, int64_t *id, struct error *err)
{
	bool inspected = change != CHANGE_CONTENT ||
		(level->rows[PUBLISHED]->inspected && level->rows[REBUILT]->inspected);
	struct buffer reason = {0};
	enum status status;

	if (!inspected)
		add_reasons(&reason, level->rows);
	status = findings_add(compare->findings,
		&(struct finding_row){
			.path = &compare->path,
			.occurrence = level->rows[PUBLISHED]->occurrence,
			.change = change,
			.inspected = inspected,
			.reason = buffer_text(&reason),
			.fields = &compare->fields,
			.published = digest_of(level->rows[PUBLISHED]),
			.rebuilt = digest_of(level->rows[REBUILT]),
			.cause = inspected ? cause : UNEXPLAINED,
		},
		id, err);
	buffer_release(&reason);
	return status;
}

/* Times that a file system keeps for itself differ by the thousand: they are told once. */
static void add_times(const struct inside *inside, struct buffer *fields)
{
	struct buffer text = {0};

	buffer_add_format(&text, "others in %" PRIu64 " member%s, the first is %s", inside->times,
		inside->times == 1 ? "" : "s", buffer_text(&inside->first_time));
	fields_add_difference(fields, "inode-times", "as stored", buffer_text(&text));
	buffer_release(&text);
}

/* The path and the fields stand in compare. */
static enum status plan_diff(
	struct compare *compare, const struct level *level, int64_t id, struct error *err)
{
	struct plan_leaf leaf = {level, id, buffer_text(&compare->path), &compare->fields,
		compare_terms_show(compare->terms, compare->name, buffer_text(&compare->path))};
	enum planned planned;

	if (diff_plan_add(compare->plan,
		    (struct index *[SIDES]){
			    compare->sides[PUBLISHED].index, compare->sides[REBUILT].index},
		    &leaf, compare->terms->diff_members, &planned, err) < 0)
		return err->status;
	return compare_terms_note(compare->terms, planned, id, compare->findings, err);
}

/* Both would be opened as one format, because they differ. */
static bool may_be_opened(const struct index_row *published, const struct index_row *rebuilt)
{
	return published->lazy != NULL && rebuilt->lazy != NULL &&
		strcmp(published->lazy, rebuilt->lazy) == 0;
}

/* The bytes differ and both are containers of one format: what is inside says why, or nothing. */
static enum status compare_opened(
	struct compare *compare, const struct level *level, struct error *err)
{
	const struct index_row *published = level->rows[PUBLISHED];
	const struct index_row *rebuilt = level->rows[REBUILT];
	bool is_whole = published->inspected && rebuilt->inspected;
	struct inside inside = {0};
	enum change change = CHANGE_METADATA;
	const char *cause = NULL;
	enum status status;
	int64_t id = 0;

	status = compare_containers(compare, level, &inside, err);
	if (status != STATUS_OK)
		goto out;
	if (!is_whole || (inside.differences == 0 && !inside.order.differs)) {
		change = CHANGE_CONTENT;
		cause = is_whole && row_is_plain_stream(published) && row_is_plain_stream(rebuilt)
			? cause_compression
			: UNEXPLAINED;
	}
	buffer_clear(&compare->fields);
	fields_compare(published, rebuilt, change == CHANGE_CONTENT, &compare->fields);
	if (inside.order.differs) {
		if (compare->fields.len == 0 && inside.times == 0)
			change = CHANGE_ORDER;
		fields_add_difference(&compare->fields, inside.order.field, "as listed", "another");
	}
	if (inside.times > 0)
		add_times(&inside, &compare->fields);
	if (change == CHANGE_CONTENT || compare->fields.len > 0)
		status = report_pair(compare, level, change, cause, &id, err);
	/* Where no byte can be attributed, the blocks are what there is to say. */
	if (status == STATUS_OK && change == CHANGE_CONTENT && compare->sides[PUBLISHED].fd < 0)
		status = plan_diff(compare, level, id, err);
	if (status == STATUS_OK && inside.order.differs)
		status = findings_set_diff(
			compare->findings, id, buffer_text(&inside.order.text), err);
	if (status == STATUS_OK)
		status = findings_add_opened(compare->findings,
			(int64_t[SIDES]){published->id, rebuilt->id}, &compare->path,
			published->occurrence, id, !is_whole, err);
out:
	order_told_release(&inside.order);
	buffer_release(&inside.first_time);
	return status;
}

/* The bytes differ, and nobody looks inside. */
static enum status compare_leaves(
	struct compare *compare, const struct level *level, struct error *err)
{
	const struct index_row *published = level->rows[PUBLISHED];
	const struct index_row *rebuilt = level->rows[REBUILT];
	enum status status;
	int64_t id;

	buffer_clear(&compare->fields);
	fields_compare(published, rebuilt, true, &compare->fields);
	status = report_pair(compare, level, CHANGE_CONTENT, NULL, &id, err);
	if (may_be_opened(published, rebuilt) && compare->terms->not_opened == NULL)
		diff_plan_add_inside(compare->plan, level);
	else if (may_be_opened(published, rebuilt) && status == STATUS_OK)
		status = findings_close(compare->findings, id, "", compare->terms->not_opened, err);
	return status == STATUS_OK ? plan_diff(compare, level, id, err) : status;
}

/* Same bytes; other metadata is the member's, or of its container. */
static enum status compare_metadata(
	struct compare *compare, const struct level *level, struct inside *outer, struct error *err)
{
	int64_t id;

	buffer_clear(&compare->fields);
	fields_compare(level->rows[PUBLISHED], level->rows[REBUILT], false, &compare->fields);
	if (compare->fields.len == 0)
		return STATUS_OK;
	if (fields_weight(&compare->fields) == FIELD_TIME && outer != NULL) {
		if (outer->times++ == 0)
			buffer_add(&outer->first_time, level->rows[PUBLISHED]->path,
				level->rows[PUBLISHED]->path_len);
		return STATUS_OK;
	}
	return report_pair(compare, level, CHANGE_METADATA, NULL, &id, err);
}

/* `outer` is of the container that holds the pair; NULL for the artifact itself. */
static enum status compare_pair(
	struct compare *compare, const struct level *level, struct inside *outer, struct error *err)
{
	const struct index_row *published = level->rows[PUBLISHED];
	const struct index_row *rebuilt = level->rows[REBUILT];
	size_t before = path_push(compare, published);
	struct finding_range range = {.first = compare->findings->last_id + 1};
	bool is_same = false;
	enum status status = find_same(compare, level, &is_same, err);

	range.content = !is_same;
	if (status == STATUS_OK && !is_same && published->is_hashed && rebuilt->is_hashed)
		status = findings_add_digests(compare->findings, &published->sha256,
			&rebuilt->sha256, &compare->path, err);
	if (status != STATUS_OK)
		;
	else if (is_same)
		status = compare_metadata(compare, level, outer, err);
	else if (published->format != NULL && rebuilt->format != NULL &&
		strcmp(published->format, rebuilt->format) == 0)
		status = compare_opened(compare, level, err);
	else
		status = compare_leaves(compare, level, err);
	range.last = compare->findings->last_id;
	for (int side = 0; side < SIDES && range.last >= range.first && status == STATUS_OK; side++)
		status = findings_add_place(compare->findings, side, level->rows[side]->container,
			level->rows[side]->position, &range, err);
	buffer_truncate(&compare->path, before);
	return status;
}

enum status compare_indexes(const char *name, const struct side_bytes sides[SIDES],
	const struct compare_terms *terms, struct findings *findings, struct diff_plan *plan,
	struct error *err)
{
	struct compare compare = {
		.sides = sides,
		.findings = findings,
		.plan = plan,
		.terms = terms,
		.name = name,
	};
	struct index_cursor cursors[SIDES] = {0};
	struct level level = {NULL, {&cursors[PUBLISHED].row, &cursors[REBUILT].row}};
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		status = index_cursor_open(&cursors[side], compare.sides[side].index, 0, err);
		if (status == STATUS_OK)
			status = index_cursor_next(&cursors[side], err);
		if (status == STATUS_END)
			status = error_set(err, STATUS_DATABASE, "index: it is empty");
		/* Both are called as the artifact of the comparison. */
		cursors[side].row.path = name;
		cursors[side].row.path_len = strlen(name);
	}
	if (status == STATUS_OK)
		status = compare_pair(&compare, &level, NULL, err);
	if (status == STATUS_OK && findings->count == 0)
		status = error_set(
			err, STATUS_CONFLICT, "nothing differs in files that were found to differ");
	for (int side = 0; side < SIDES; side++)
		index_cursor_release(&cursors[side]);
	buffer_release(&compare.path);
	buffer_release(&compare.fields);
	return status;
}
