/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"

#define REDRAW_SECONDS 0.2
#define STEP_COLUMNS   8
#define WHAT_COLUMNS   46

static atomic_bool quiet;

void progress_set_quiet(bool be_quiet)
{
	quiet = be_quiet;
}

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static unsigned terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void progress_format_bytes(uint64_t bytes, char text[32])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t unit = 0;

	/* 999.95 is where one decimal would print "1000.0". */
	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(text, 32, "%" PRIu64 " B", bytes);
	else
		snprintf(text, 32, "%.1f %s", value, units[unit]);
}

/* "0:41", "24:12", "1:02:03". */
static void format_duration(double seconds, char text[32])
{
	uint64_t all = seconds > 0 ? (uint64_t)seconds : 0;

	if (all >= 3600)
		snprintf(text, 32, "%" PRIu64 ":%02u:%02u", all / 3600, (unsigned)(all / 60 % 60),
			(unsigned)(all % 60));
	else
		snprintf(text, 32, "%u:%02u", (unsigned)(all / 60), (unsigned)(all % 60));
}

static void add_amount(struct buffer *line, const struct progress *progress, uint64_t amount)
{
	char text[32];

	if (progress->is_bytes) {
		progress_format_bytes(amount, text);
		buffer_add_text(line, text);
	} else {
		buffer_add_format(line, "%" PRIu64, amount);
	}
}

static void add_head(struct buffer *line, const struct progress *progress)
{
	buffer_add_format(line, "%-*s ", STEP_COLUMNS, progress->step);
	escape_line(line, progress->what, strlen(progress->what));
}

/* Fills up with blanks to a column, counting characters; always adds one. */
static void pad(struct buffer *line, size_t columns)
{
	size_t characters = 0;

	for (size_t i = 0; i < line->len; i++)
		if (((unsigned char)line->data[i] & 0xc0) != 0x80)
			characters++;
	do
		buffer_add_char(line, ' ');
	while (++characters < columns);
}

/* Cuts to what fits on one row of the terminal, at the border of a character. */
static void cut(struct buffer *line, size_t columns)
{
	size_t characters = 0;

	for (size_t i = 0; i < line->len; i++) {
		if (((unsigned char)line->data[i] & 0xc0) == 0x80)
			continue;
		if (characters++ == columns) {
			buffer_truncate(line, i);
			return;
		}
	}
}

static void draw(const struct progress *progress, double now)
{
	struct buffer line = {0};
	char text[32];
	double elapsed = now - progress->started;

	add_head(&line, progress);
	buffer_add_text(&line, "  ");
	add_amount(&line, progress, progress->done);
	if (progress->total > 0) {
		buffer_add_text(&line, " of ");
		add_amount(&line, progress, progress->total);
	}
	if (elapsed >= 1 && progress->done > 0) {
		double rate = (double)progress->done / elapsed;

		buffer_add_text(&line, "  ");
		add_amount(&line, progress, (uint64_t)rate);
		buffer_add_text(&line, "/s");
		if (progress->total > progress->done) {
			format_duration((double)(progress->total - progress->done) / rate, text);
			buffer_add_format(&line, "  %s left", text);
		}
	}
	cut(&line, terminal_columns() - 1);
	fprintf(stderr, "\r%s\033[K", buffer_text(&line));
	fflush(stderr);
	buffer_release(&line);
}

void progress_begin(struct progress *progress, const char *step, bool is_bytes, uint64_t total,
	const char *format, ...)
{
	va_list arguments;
	double now = clock_monotonic();

	*progress = (struct progress){.step = step,
		.is_bytes = is_bytes,
		.total = total,
		.started = now,
		.drawn = now,
		.active = true};
	va_start(arguments, format);
	vsnprintf(progress->what, sizeof(progress->what), format, arguments);
	va_end(arguments);
	if (!quiet && is_terminal())
		draw(progress, now);
}

void progress_update(struct progress *progress, uint64_t done)
{
	progress->done = done;
	if (!progress->active || quiet)
		return;
	double now = clock_monotonic();
	if (now - progress->drawn < REDRAW_SECONDS || !is_terminal())
		return;
	progress->drawn = now;
	draw(progress, now);
}

void progress_end(struct progress *progress, const char *outcome, const char *format, ...)
{
	struct buffer line = {0};
	struct buffer remark = {0};
	char duration[32];
	va_list arguments;

	if (!progress->active)
		return;
	progress->active = false;
	if (quiet)
		return;
	va_start(arguments, format);
	buffer_add_vformat(&remark, format, arguments);
	va_end(arguments);

	add_head(&line, progress);
	pad(&line, STEP_COLUMNS + 1 + WHAT_COLUMNS);
	format_duration(clock_monotonic() - progress->started, duration);
	buffer_add_format(&line, " %-6s %7s", outcome, duration);
	if (remark.len > 0) {
		buffer_add_text(&line, "   ");
		escape_line(&line, remark.data, remark.len);
	}
	fprintf(stderr, "%s%s\n", is_terminal() ? "\r\033[K" : "", buffer_text(&line));
	buffer_release(&remark);
	buffer_release(&line);
}

void progress_note(const char *step, const char *format, ...)
{
	struct buffer text = {0}, line = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	buffer_add_format(&line, "%-*s ", STEP_COLUMNS, step);
	escape_line(&line, buffer_text(&text), text.len);
	fprintf(stderr, "%s\n", buffer_text(&line));
	buffer_release(&line);
	buffer_release(&text);
}
