/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "verifier/rebuild/build_log.h"

/*
 * The lines by which build systems name what failed, the narrowest first. make says it once a
 * level, from the inside out: of lines that follow each other the first counts.
 */
static const char *const step_patterns[] = {
	"^ERROR: Task \\(.*\\) failed with exit code",		  /* BitBake */
	"^(.*: )?\\*\\*\\* \\[.*\\] (Error [0-9]+|[A-Z][a-z ]+)", /* make */
	"^ninja: build stopped|^FAILED: ",
	"^dpkg-buildpackage: error: ",
};

static uint64_t first_line(const struct log_end *end)
{
	return end->count > LOG_LINES ? end->count - LOG_LINES + 1 : 1;
}

/*
 * The number of the last line that fits, 0 for none; `first_of_group`: of lines in a row that fit,
 * the first.
 */
static uint64_t line_find(const struct log_end *end, const char *pattern, bool first_of_group)
{
	uint64_t found = 0, previous = 0;
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		abort(); /* a pattern of our own tables */
	for (uint64_t number = first_line(end); number <= end->count; number++) {
		const struct log_line *line = log_end_line(end, number);

		if (regexec(&regex, line->text, 0, NULL, 0) != 0)
			continue;
		if (!first_of_group || found == 0 || previous + 1 != number)
			found = number;
		previous = number;
	}
	regfree(&regex);
	return found;
}

/*
 * A line as it may be recorded: without the user-info of URLs (trust T20). What stands between
 * "://" and an "@" before the next slash, quote or space is user-info.
 */
static void line_add(struct buffer *out, const struct log_line *line)
{
	const char *at = line->text, *begin;

	while ((begin = strstr(at, "://"))) {
		const char *host = begin + 3;
		size_t len = strcspn(host, "/ \t'\"<>@");

		buffer_add(out, at, (size_t)(host - at));
		at = host[len] == '@' ? host + len + 1 : host;
	}
	buffer_add_text(out, at);
	if (line->is_cut)
		buffer_add_text(out, "…");
}

static char *line_copy(const struct log_end *end, uint64_t number)
{
	struct buffer text = {0};

	line_add(&text, log_end_line(end, number));
	return buffer_detach(&text);
}

static char *tail_copy(const struct log_end *end)
{
	uint64_t first = end->count > LOG_TAIL ? end->count - LOG_TAIL + 1 : 1;
	struct buffer text = {0};

	for (uint64_t number = first; number <= end->count; number++) {
		line_add(&text, log_end_line(end, number));
		buffer_add_char(&text, '\n');
	}
	while (text.len && text.data[text.len - 1] == '\n')
		buffer_truncate(&text, text.len - 1);
	return buffer_detach(&text);
}

/* The first row that fits; *line is 0 when it is by a fact. */
static const struct failure_row *row_choose(
	unsigned facts, const struct log_end *end, uint64_t *line)
{
	*line = 0;
	for (size_t i = 0; i < failure_row_count; i++) {
		const struct failure_row *row = &failure_rows[i];

		if (row->strong & facts)
			return row;
		*line = row->pattern ? line_find(end, row->pattern, false) : 0;
		if (*line)
			return row;
	}
	for (size_t i = 0; i < failure_row_count; i++) {
		if (failure_rows[i].weak & facts)
			return &failure_rows[i];
	}
	return failure_row_find("unknown");
}

void failure_classify(
	unsigned facts, const char *how, const struct log_end *end, struct build_failure *failure)
{
	const struct failure_row *row = row_choose(facts, end, &failure->line);
	uint64_t step = 0;

	failure->class = xstrdup(row->id);
	if (failure->line)
		failure->evidence = line_copy(end, failure->line);
	else if (row->strong | row->weak)
		failure->evidence = xasprintf("the build %s", how);
	for (size_t i = 0; i < ARRAY_SIZE(step_patterns) && !step; i++)
		step = line_find(end, step_patterns[i], true);
	if (step)
		failure->step = line_copy(end, step);
	failure->tail = tail_copy(end);
	failure->lines = end->count;
}
