/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metasnap.debian.net records in which imports of snapshot.debian.org each suite had each version
 * of a package. The form and its answers are those that debootsnap of devscripts sends and reads:
 * POST /cgi-bin/api with archive, arch and pkgs=NAME:ARCH=VERSION,…; status 200 and lines "NAME
 * ARCH VERSION SUITE COMPONENT FIRST LAST", or 404 and lines "NAME ARCH VERSION" of what the
 * archive never had, and then nothing about the others.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "snapshot/fetch_form.h"
#include "snapshot/find_range.h"

/* A thousand packages are some 100 kB. */
#define ANSWER_LIMIT ((uint64_t)64 * 1024 * 1024)
#define SUITE_MAX    ((size_t)128)

/* A conversation about one archive. */
struct metasnap {
	struct store *store;
	struct fetcher *fetcher;
	char *url;
	const char *archive;
	struct find_ranges *ranges;
	bool *asked;	/* packages that the next form names */
	bool *answered; /* packages that the answer has a line of */
};

/* Packages whose list does not say, and those for all, are listed with every architecture. */
static const char *asked_architecture(const struct find_ranges *ranges, size_t package)
{
	const char *own = ranges->manifest->items[package].architecture;

	return own && strcmp(own, "all") != 0 ? own : ranges->architecture;
}

static size_t asked_count(const struct metasnap *metasnap)
{
	size_t count = 0;

	for (size_t i = 0; i < metasnap->ranges->manifest->count; i++)
		count += metasnap->asked[i];
	return count;
}

static char *pkgs_text(const struct metasnap *metasnap)
{
	const struct manifest *manifest = metasnap->ranges->manifest;
	struct buffer text = {0};

	for (size_t i = 0; i < manifest->count; i++) {
		if (metasnap->asked[i])
			buffer_add_format(&text, "%s%s:%s=%s", text.len ? "," : "",
				manifest->items[i].name, asked_architecture(metasnap->ranges, i),
				manifest->items[i].version);
	}
	return buffer_detach(&text);
}

/* A line of an answer, cut at its blanks. */
struct answer_line {
	const char *words[7];
	size_t lens[7];
};

static bool line_cut(const char *text, size_t len, size_t count, struct answer_line *line)
{
	const char *end = text + len;

	for (size_t i = 0; i < count; i++) {
		const char *blank = memchr(text, ' ', (size_t)(end - text));
		const char *word_end = blank ? blank : end;

		if (word_end == text || (blank == NULL) != (i + 1 == count))
			return false;
		line->words[i] = text;
		line->lens[i] = (size_t)(word_end - text);
		text = word_end + 1;
	}
	return true;
}

static bool word_is(const struct answer_line *line, size_t word, const char *text)
{
	return strlen(text) == line->lens[word] &&
		memcmp(text, line->words[word], line->lens[word]) == 0;
}

/* Calls `visit` for each package that was asked for by these words; false when there was none. */
static bool line_packages(struct metasnap *metasnap, const struct answer_line *line,
	enum status (*visit)(struct metasnap *metasnap, size_t package,
		const struct answer_line *line, struct error *err),
	enum status *status, struct error *err)
{
	const struct find_ranges *ranges = metasnap->ranges;
	size_t first, count;
	bool is_any = false;

	*status = STATUS_OK;
	find_ranges_named(ranges, line->words[0], line->lens[0], &first, &count);
	for (size_t i = first; i < first + count && *status == STATUS_OK; i++) {
		size_t package = ranges->by_name[i];

		if (!metasnap->asked[package] ||
			!word_is(line, 1, asked_architecture(ranges, package)) ||
			!word_is(line, 2, ranges->manifest->items[package].version))
			continue;
		is_any = true;
		*status = visit(metasnap, package, line, err);
	}
	return is_any;
}

static enum status unknown_take(struct metasnap *metasnap, size_t package,
	const struct answer_line *line, struct error *err)
{
	(void)line;
	(void)err;
	metasnap->answered[package] = true;
	return STATUS_OK;
}

static bool time_take(const struct answer_line *line, size_t word, int64_t *time)
{
	char *text = xstrndup(line->words[word], line->lens[word]);
	struct error ignored;
	bool is_time = clock_parse_snapshot(text, time, &ignored) == STATUS_OK;

	free(text);
	return is_time;
}

static enum status range_take(struct metasnap *metasnap, size_t package,
	const struct answer_line *line, struct error *err)
{
	char *suite = xstrndup(line->words[3], line->lens[3]);
	int64_t first, last;
	enum status status;

	if (line->lens[3] > SUITE_MAX || !path_is_contained(suite) || strpbrk(suite, ",:@"))
		status = error_set(
			err, STATUS_FORMAT, "\"%.64s\" is no name that a suite can have", suite);
	else if (!time_take(line, 5, &first) || !time_take(line, 6, &last) || first > last)
		status = error_set(err, STATUS_FORMAT,
			"%.*s is no time from which to which a version can be current",
			(int)(line->lens[5] > 80 ? 80 : line->lens[5]), line->words[5]);
	else
		status = find_ranges_add(
			metasnap->ranges, package, metasnap->archive, suite, first, last, err);
	free(suite);
	metasnap->answered[package] = true;
	return status;
}

/* Reads all lines of an answer of that status. */
static enum status answer_parse(
	struct metasnap *metasnap, long code, const char *data, size_t len, struct error *err)
{
	const char *at = data, *end = data + len;
	enum status status = STATUS_OK;

	memset(metasnap->answered, 0, metasnap->ranges->manifest->count * sizeof(bool));
	while (at < end && status == STATUS_OK) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t line_len = (size_t)((newline ? newline : end) - at);
		struct answer_line line;

		if (!newline)
			return error_set(err, STATUS_FORMAT, "the answer is cut off in a line");
		if (!line_cut(at, line_len, code == 404 ? 3 : 7, &line) ||
			!line_packages(metasnap, &line, code == 404 ? unknown_take : range_take,
				&status, err))
			return error_set(err, STATUS_FORMAT,
				"status %ld and \"%.*s\" is no answer to what was asked", code,
				(int)(line_len > 120 ? 120 : line_len), at);
		at = newline + 1;
	}
	return status;
}

/* Posts the form with what asked[] says, and reads the answer. */
static enum status metasnap_ask(struct metasnap *metasnap, long *code, struct error *err)
{
	char *pkgs = pkgs_text(metasnap), *data = NULL;
	const struct fetch_field fields[] = {{"archive", metasnap->archive},
		{"arch", metasnap->ranges->architecture}, {"pkgs", pkgs}};
	const struct fetch_form form = {.fields = fields, .count = ARRAY_SIZE(fields)};
	struct digest digest;
	size_t len = 0;
	enum status status = fetcher_post(metasnap->fetcher, metasnap->store, metasnap->url, &form,
		ANSWER_LIMIT, &digest, code, err);

	if (status == STATUS_OK)
		status = store_read_all(metasnap->store, &digest, ANSWER_LIMIT, &data, &len, err);
	if (status == STATUS_OK) {
		status = answer_parse(metasnap, *code, data, len, err);
		if (status < 0)
			error_context(err, "%s about %s", metasnap->url, metasnap->archive);
	}
	free(data);
	free(pkgs);
	return status;
}

enum status find_read_metasnap(struct find_ranges *ranges, const char *archive, bool *asked,
	bool *answered, long code, const char *data, size_t len, struct error *err)
{
	struct metasnap metasnap = {
		.ranges = ranges, .archive = archive, .asked = asked, .answered = answered};

	return answer_parse(&metasnap, code, data, len, err);
}

/* The first package that was asked for and that the answer says nothing about; -1 for none. */
static long silent_find(const struct metasnap *metasnap)
{
	for (size_t i = 0; i < metasnap->ranges->manifest->count; i++) {
		if (metasnap->asked[i] && !metasnap->answered[i])
			return (long)i;
	}
	return -1;
}

static enum status silence_refuse(
	const struct metasnap *metasnap, size_t package, struct error *err)
{
	const struct manifest_package *silent = &metasnap->ranges->manifest->items[package];

	return error_set(err, STATUS_FORMAT,
		"%s about %s says nothing about %s %s, which was asked for: its answer is not "
		"whole",
		metasnap->url, metasnap->archive, silent->name, silent->version);
}

static enum status archive_ask(struct metasnap *metasnap, struct error *err)
{
	const struct manifest *manifest = metasnap->ranges->manifest;
	long code, silent;
	enum status status;

	for (size_t i = 0; i < manifest->count; i++)
		metasnap->asked[i] = manifest->items[i].version != NULL;
	if (asked_count(metasnap) == 0)
		return STATUS_OK;
	status = metasnap_ask(metasnap, &code, err);
	if (status < 0)
		return status;
	if (code == 404) {
		size_t before = asked_count(metasnap);

		for (size_t i = 0; i < manifest->count; i++)
			metasnap->asked[i] = metasnap->asked[i] && !metasnap->answered[i];
		if (asked_count(metasnap) == before)
			return error_set(err, STATUS_FORMAT,
				"%s about %s answers 404 and names no package: is it metasnap's "
				"address?",
				metasnap->url, metasnap->archive);
		if (asked_count(metasnap) == 0)
			return STATUS_OK;
		status = metasnap_ask(metasnap, &code, err);
	}
	if (status == STATUS_OK && code == 404)
		return error_set(err, STATUS_FORMAT,
			"%s about %s does not know packages that it knew before: try again",
			metasnap->url, metasnap->archive);
	silent = status == STATUS_OK ? silent_find(metasnap) : -1;
	return silent < 0 ? status : silence_refuse(metasnap, (size_t)silent, err);
}

enum status find_in_metasnap(struct store *store, struct fetcher *fetcher, const char *url,
	const struct text_list *archives, struct find_ranges *ranges, struct error *err)
{
	size_t room = ranges->manifest->count + 1;
	struct metasnap metasnap = {.store = store,
		.fetcher = fetcher,
		.url = xasprintf("%s/cgi-bin/api", url),
		.ranges = ranges,
		.asked = xcalloc(room, sizeof(bool)),
		.answered = xcalloc(room, sizeof(bool))};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < archives->count && status == STATUS_OK; i++) {
		metasnap.archive = archives->items[i];
		status = archive_ask(&metasnap, err);
	}
	free(metasnap.url);
	free(metasnap.asked);
	free(metasnap.answered);
	return status;
}
