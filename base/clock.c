/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <stdbool.h>
#include <time.h>

#include "base/array.h"

static const char *const month_names[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t clock_now_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double clock_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* False, with the bare number as the text, for a time that the calendar does not reach. */
static bool break_down(int64_t when, struct tm *tm, char text[CLOCK_TEXT_SIZE])
{
	time_t seconds = (time_t)when;

	if (gmtime_r(&seconds, tm) && tm->tm_year < 9999 - 1900)
		return true;
	snprintf(text, CLOCK_TEXT_SIZE, "@%lld", (long long)when);
	return false;
}

void clock_format(int64_t when, char text[CLOCK_TEXT_SIZE])
{
	struct tm tm;

	if (break_down(when, &tm, text))
		strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_format_snapshot(int64_t when, char text[CLOCK_TEXT_SIZE])
{
	struct tm tm;

	if (break_down(when, &tm, text))
		strftime(text, CLOCK_TEXT_SIZE, "%Y%m%dT%H%M%SZ", &tm);
}

/*
 * The time those numbers name; refused when the calendar does not have it (31 February) or it is
 * before the epoch.
 */
static enum status from_numbers(
	const int numbers[6], const char *text, int64_t *when, struct error *err)
{
	struct tm tm = {
		.tm_year = numbers[0] - 1900,
		.tm_mon = numbers[1] - 1,
		.tm_mday = numbers[2],
		.tm_hour = numbers[3],
		.tm_min = numbers[4],
		.tm_sec = numbers[5],
	};
	time_t seconds = timegm(&tm);

	if (numbers[0] < 1970 || tm.tm_year != numbers[0] - 1900 || tm.tm_mon != numbers[1] - 1 ||
		tm.tm_mday != numbers[2] || tm.tm_hour != numbers[3] || tm.tm_min != numbers[4] ||
		tm.tm_sec != numbers[5])
		return error_set(err, STATUS_FORMAT, "\"%.60s\" is no date", text);
	*when = (int64_t)seconds;
	return STATUS_OK;
}

/*
 * What follows the beginning that fits the pattern, or NULL. Each '0' of the pattern stands for a
 * digit, each 'a' for a letter; the rest for itself.
 */
static const char *match(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
		bool fits = *pattern == '0' ? *text >= '0' && *text <= '9'
			: *pattern == 'a'   ? letter
					    : *text == *pattern;

		if (!fits)
			return NULL;
	}
	return text;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

enum status clock_parse_snapshot(const char *text, int64_t *when, struct error *err)
{
	const char *rest = match(text, "00000000T000000Z");

	if (!rest || *rest)
		return error_set(err, STATUS_FORMAT,
			"\"%.60s\" is no timestamp of the form 20260711T101637Z", text);
	const int numbers[6] = {two_digits(text) * 100 + two_digits(text + 2), two_digits(text + 4),
		two_digits(text + 6), two_digits(text + 9), two_digits(text + 11),
		two_digits(text + 13)};
	return from_numbers(numbers, text, when, err);
}

enum status clock_parse_day(const char *text, int64_t *when, struct error *err)
{
	const char *rest = match(text, "0000-00-00");

	if (!rest || *rest)
		return error_set(
			err, STATUS_FORMAT, "\"%.60s\" is no date of the form 2026-07-11", text);
	const int numbers[6] = {two_digits(text) * 100 + two_digits(text + 2), two_digits(text + 5),
		two_digits(text + 8)};
	return from_numbers(numbers, text, when, err);
}

static int month_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(month_names); i++)
		if (memcmp(name, month_names[i], 3) == 0)
			return (int)i + 1;
	return 0;
}

enum status clock_parse_release_date(const char *text, int64_t *when, struct error *err)
{
	const char *zone = match(text, "aaa, 00 aaa 0000 00:00:00 ");
	bool short_day = !zone;

	if (short_day)
		zone = match(text, "aaa, 0 aaa 0000 00:00:00 ");
	if (!zone ||
		(strcmp(zone, "UTC") != 0 && strcmp(zone, "GMT") != 0 &&
			strcmp(zone, "+0000") != 0))
		return error_set(
			err, STATUS_FORMAT, "\"%.60s\" is no date of a Release file in UTC", text);
	const char *month = text + (short_day ? 7 : 8);
	const int numbers[6] = {two_digits(month + 4) * 100 + two_digits(month + 6),
		month_number(month), short_day ? text[5] - '0' : two_digits(text + 5),
		two_digits(month + 9), two_digits(month + 12), two_digits(month + 15)};
	return from_numbers(numbers, text, when, err);
}

/* What is behind the minutes: seconds, a fraction of them, and UTC in one of its forms. */
static bool iso_rest(const char *text, int *seconds)
{
	static const char *const zones[] = {"", "Z", " UTC", "+00:00", "+0000", " +0000"};
	const char *rest = match(text, ":00");

	*seconds = rest ? two_digits(text + 1) : 0;
	if (!rest)
		rest = text;
	else if (*rest == '.' && match(rest, ".0"))
		rest += 1 + strspn(rest + 1, "0123456789");
	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		if (strcmp(rest, zones[i]) == 0)
			return true;
	}
	return false;
}

enum status clock_parse_iso(const char *text, int64_t *when, struct error *err)
{
	const char *rest = match(text, "0000-00-00T00:00");
	int seconds;

	if (!rest)
		rest = match(text, "0000-00-00 00:00");
	if (!rest || !iso_rest(rest, &seconds))
		return error_set(err, STATUS_FORMAT,
			"\"%.60s\" is no time of the form 2026-07-11T10:16:37Z", text);
	const int numbers[6] = {two_digits(text) * 100 + two_digits(text + 2), two_digits(text + 5),
		two_digits(text + 8), two_digits(text + 11), two_digits(text + 14), seconds};
	return from_numbers(numbers, text, when, err);
}
