/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "verifier/coverage/sheet.h"
#include "verifier/packages/telling.h"

struct saying {
	struct page *page;
	const struct review *review;
	const struct telling_coverage *coverage;
};

/* ---- the answer ---- */

static void title_tell(const struct saying *saying)
{
	const struct review *review = saying->review;
	struct page *page = saying->page;
	const struct listing *const listings[] = {review->old, review->new};

	page_begin(page, PAGE_TITLE);
	page_data(page, review->new->list->path);
	page_words(page, " against ");
	page_data(page, review->old->list->path);
	page_words(page, ": ");
	tell_not_whole(page, listings, ARRAY_SIZE(listings));
	if (review_is_same(review))
		page_words(page, "no change");
	else
		page_words(page, "%zu added, %zu removed, %zu of another version", review->added,
			review->removed, review->versions);
	page_end(page);
}

static void total_tell(const struct saying *saying)
{
	const struct review *review = saying->review;
	struct page *page = saying->page;
	struct installed_size before = listing_size(review->old);
	struct installed_size after = listing_size(review->new);
	int64_t change = (int64_t)after.kib - (int64_t)before.kib;

	page_begin(page, PAGE_PARAGRAPH);
	page_words(page, "%zu package%s come%s (", review->come_count, plural(review->come_count),
		review->come_count == 1 ? "s" : "");
	tell_size(page, &review->come);
	page_words(page, "), %zu go%s (", review->go_count, review->go_count == 1 ? "es" : "");
	tell_size(page, &review->go);
	page_words(page, "): %zu package%s in all, ", review->new->needs.solution.count,
		plural(review->new->needs.solution.count));
	tell_size(page, &after);
	page_words(page, ", %+" PRId64 " KiB", change);
	page_end(page);
}

/* ---- one change ---- */

static void own_size_tell(struct page *page, uint64_t kib)
{
	if (kib)
		page_words(page, ", %" PRIu64 " KiB", kib);
	else
		page_words(page, ", size unknown");
}

static void pull_tell(struct page *page, enum page_line line, const struct listing *listing,
	const struct pull *pull)
{
	page_begin(page, line);
	tell_package(page, listing, pull->package);
	own_size_tell(page, listing_kib(listing, pull->package));
	page_words(page, ": ");
	if (pull->chain.count)
		tell_chain(page, listing, pull->package, &pull->chain);
	else if (pull->is_provider)
		page_words(page, "followed in its place, as it provides that name");
	else
		page_words(page, pull->has_chain ? "listed itself" : "no chain was found");
	page_end(page);
}

/* Those that another entry has as well are counted there. */
static void pulls_tell(struct page *page, const struct listing *listing, const struct pulls *pulls)
{
	size_t elsewhere = 0;

	for (size_t i = 0; i < pulls->count; i++) {
		elsewhere += pulls->items[i].is_elsewhere;
		if (!pulls->items[i].is_elsewhere)
			pull_tell(page, PAGE_SUBITEM, listing, &pulls->items[i]);
	}
	if (elsewhere == 0)
		return;
	page_begin(page, PAGE_SUBITEM);
	page_words(page, "and %zu that an entry above has as well", elsewhere);
	page_end(page);
}

static const struct coverage_package *row_find(
	const struct coverage *coverage, const struct solved_package *package)
{
	for (size_t i = 0; coverage && package && i < coverage->count; i++) {
		const struct coverage_package *row = &coverage->packages[i];

		if (strcmp(row->source, package->source) == 0 && row->version &&
			strcmp(row->version, package->source_version) == 0)
			return row;
	}
	return NULL;
}

static void class_tell(const struct saying *saying, const struct solved_package *package)
{
	const struct coverage_package *row = row_find(saying->coverage->table, package);

	if (!row)
		return;
	page_begin(saying->page, PAGE_SUBITEM);
	page_words(saying->page, "class %s, %s", evidence_class_word(row->class),
		evidence_class_meaning(row->class));
	page_end(saying->page);
}

static void version_tell(struct page *page, const char *version)
{
	if (!version)
		return;
	page_words(page, " ");
	page_data(page, version);
}

/* The other list's version of it, where it is another than this change's; else NULL. */
static const char *anyway_version(const struct listing *listing, const struct review_change *change)
{
	bool is_added = change->kind == REVIEW_ADDED;
	const char *own = is_added ? change->new_version : change->old_version;
	size_t at = listing_find(listing, change->name);
	const char *version = at == NO_PACKAGE ? NULL : listing_version(listing, at);

	return change->is_needed_anyway && own && version && strcmp(own, version) != 0 ? version
										       : NULL;
}

static void anyway_tell(const struct saying *saying, const struct listing *listing,
	const struct review_change *change, const char *words)
{
	struct page *page = saying->page;
	const char *version = anyway_version(listing, change);

	if (!change->is_needed_anyway)
		return;
	page_begin(page, PAGE_SUBITEM);
	page_words(page, "%s", words);
	page_data(page, listing->list->path);
	if (change->anyway.count) {
		page_words(page, " needs it%s", version ? " as" : "");
		version_tell(page, version);
		page_words(page, ": ");
		tell_chain(page, listing, change->anyway.links[change->anyway.count - 1]->to,
			&change->anyway);
	} else {
		page_words(page, " has it");
	}
	page_end(page);
}

static void pulled_count_tell(
	struct page *page, const char *verb, const struct pulls *pulls, const char *tail)
{
	page_words(page, "%s %zu package%s%s", verb, pulls->count, plural(pulls->count), tail);
	if (pulls->count) {
		page_words(page, ", ");
		tell_size(page, &pulls->size);
	}
}

static void trouble_tell(struct page *page, const struct listed *listed)
{
	if (listed && !listed_is_whole(listed))
		page_words(page, "; NOT followed as listed: %s", listed_state_word(listed));
}

static void added_tell(const struct saying *saying, const struct review_change *change)
{
	struct page *page = saying->page;

	page_begin(page, PAGE_ITEM);
	page_words(page, "+ ");
	page_data(page, change->name);
	version_tell(page, change->new_version);
	own_size_tell(page, change->new_package ? change->new_package->installed_kib : 0);
	if (change->new &&listed_start(change->new) != NO_PACKAGE)
		pulled_count_tell(page, ": pulls in", &change->comes, "");
	trouble_tell(page, change->new);
	page_end(page);
	anyway_tell(saying, saying->review->old, change,
		anyway_version(saying->review->old, change) ? "not of this version before: "
							    : "not new: ");
	if (!change->is_needed_anyway || anyway_version(saying->review->old, change))
		class_tell(saying, change->new_package);
	pulls_tell(page, saying->review->new, &change->comes);
}

static void removed_tell(const struct saying *saying, const struct review_change *change)
{
	struct page *page = saying->page;

	page_begin(page, PAGE_ITEM);
	page_words(page, "- ");
	page_data(page, change->name);
	version_tell(page, change->old_version);
	own_size_tell(page, change->old_package ? change->old_package->installed_kib : 0);
	if (change->old && listed_start(change->old) != NO_PACKAGE)
		pulled_count_tell(page, ":", &change->goes,
			change->goes.count == 1 ? " becomes unneeded" : " become unneeded");
	trouble_tell(page, change->old);
	page_end(page);
	anyway_tell(saying, saying->review->new, change, "it stays: ");
	pulls_tell(page, saying->review->old, &change->goes);
}

static void changed_tell(const struct saying *saying, const struct review_change *change)
{
	struct page *page = saying->page;

	page_begin(page, PAGE_ITEM);
	page_words(page, "%s ", change->direction > 0 ? "^" : change->direction < 0 ? "v" : "~");
	page_data(page, change->name);
	version_tell(page, change->old_version);
	page_words(page, " to");
	version_tell(page, change->new_version);
	page_words(page, ": %s%s",
		change->direction > 0		? "up"
			: change->direction < 0 ? "DOWN"
						: "another text for the same version",
		change->new ? "" : ", not listed itself");
	if (change->comes.count)
		pulled_count_tell(page, "; pulls in", &change->comes, "");
	if (change->goes.count)
		pulled_count_tell(page, ";", &change->goes, " unneeded");
	trouble_tell(page, change->old);
	trouble_tell(page, change->new);
	page_end(page);
	class_tell(saying, change->new_package);
	pulls_tell(page, saying->review->new, &change->comes);
	pulls_tell(page, saying->review->old, &change->goes);
}

static void changes_tell(const struct saying *saying, enum review_kind kind, size_t count,
	const char *title,
	void (*tell)(const struct saying *saying, const struct review_change *change))
{
	if (count == 0)
		return;
	page_begin(saying->page, PAGE_SECTION);
	page_words(saying->page, "%s (%zu)", title, count);
	page_end(saying->page);
	for (size_t i = 0; i < saying->review->count; i++)
		if (saying->review->changes[i].kind == kind)
			tell(saying, &saying->review->changes[i]);
}

static void others_tell(const struct saying *saying, const struct listing *listing,
	const struct pulls *pulls, const char *title)
{
	if (pulls->count == 0)
		return;
	page_begin(saying->page, PAGE_SECTION);
	page_words(saying->page, "%s (%zu)", title, pulls->count);
	page_end(saying->page);
	for (size_t i = 0; i < pulls->count; i++)
		pull_tell(saying->page, PAGE_ITEM, listing, &pulls->items[i]);
}

/* ---- tests behind what is new ---- */

/* A line of all cells of one part that have something, "title: value; …"; without one, none. */
static void columns_tell(
	struct page *page, const struct sheet_table *table, const struct sheet_row *row)
{
	bool is_begun = false;

	for (size_t i = SHEET_SAME_COLUMNS; i < *table->column_count; i++) {
		const struct sheet_column *column = &table->columns[i];
		struct buffer cell = {0};

		column->value(row, &cell);
		if (cell.len) {
			if (!is_begun)
				page_begin(page, PAGE_SUBITEM);
			page_words(page, "%s%s: ", is_begun ? "; " : "", column->title);
			page_data(page, buffer_text(&cell));
			is_begun = true;
		}
		buffer_release(&cell);
	}
	if (is_begun)
		page_end(page);
}

static void row_tell(struct page *page, const struct coverage *coverage, size_t i)
{
	const struct coverage_package *row = &coverage->packages[i];
	const struct sheet_row at = {.coverage = coverage, .package = i + 1, .of = row};

	page_begin(page, PAGE_ITEM);
	page_data(page, row->source);
	version_tell(page, row->version);
	page_words(page, ": %s, %s", evidence_class_word(row->class),
		evidence_class_meaning(row->class));
	page_end(page);
	columns_tell(page, &sheet_review, &at);
	columns_tell(page, &sheet_risk, &at);
}

/* What needs a look comes first. */
static void coverage_tell(const struct saying *saying)
{
	const struct coverage *table = saying->coverage->table;
	struct page *page = saying->page;

	if (!table && !saying->coverage->unavailable)
		return;
	page_begin(page, PAGE_SECTION);
	if (table)
		page_words(page, "Tests and risk of all that is new (%zu source package%s)",
			table->count, plural(table->count));
	else
		page_words(page, "Tests and risk of all that is new: NOT KNOWN");
	page_end(page);
	if (!table) {
		page_begin(page, PAGE_ITEM);
		page_data(page, saying->coverage->unavailable);
		page_end(page);
		return;
	}
	for (size_t c = 0; c < SHEET_CLASSES; c++)
		for (size_t i = 0; i < table->count; i++)
			if (table->packages[i].class == sheet_class_order[c])
				row_tell(page, table, i);
}

void review_tell(struct page *page, const struct telling *telling, const struct review *review,
	const struct telling_coverage *coverage)
{
	const struct saying saying = {page, review, coverage};
	const struct listing *const listings[] = {review->old, review->new};

	title_tell(&saying);
	total_tell(&saying);
	tell_troubled(page, listings, ARRAY_SIZE(listings));
	changes_tell(&saying, REVIEW_ADDED, review->added, "Added", added_tell);
	changes_tell(&saying, REVIEW_REMOVED, review->removed, "Removed", removed_tell);
	changes_tell(&saying, REVIEW_VERSION, review->versions, "Of another version", changed_tell);
	others_tell(&saying, review->new, &review->others_come,
		"Come as another choice was made for an unchanged entry");
	others_tell(&saying, review->old, &review->others_go,
		"Go as another choice was made for an unchanged entry");
	coverage_tell(&saying);
	tell_foot(page, telling);
}
