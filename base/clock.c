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

/* The time those numbers name, refused when the calendar does not have it (31 February). */
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

	if (tm.tm_year != numbers[0] - 1900 || tm.tm_mon != numbers[1] - 1 ||
		tm.tm_mday != numbers[2] || tm.tm_hour != numbers[3] || tm.tm_min != numbers[4] ||
		tm.tm_sec != numbers[5])
		return error_set(err, STATUS_FORMAT, "\"%.60s\" is no date", text);
	*when = (int64_t)seconds;
	return STATUS_OK;
}

/* Reads the digits that `pattern` asks for ('0'); every other character must be itself. */
static bool match_digits(const char *text, const char *pattern)
{
	size_t i;

	for (i = 0; pattern[i]; i++) {
		if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
			return false;
	}
	return text[i] == '\0';
}

enum status clock_parse_snapshot(const char *text, int64_t *when, struct error *err)
{
	int n[6];

	if (!match_digits(text, "00000000T000000Z") ||
		sscanf(text, "%4d%2d%2dT%2d%2d%2dZ", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
		return error_set(err, STATUS_FORMAT,
			"\"%.60s\" is no timestamp of the form 20260711T101637Z", text);
	return from_numbers(n, text, when, err);
}

enum status clock_parse_release_date(const char *text, int64_t *when, struct error *err)
{
	char month[4] = "", zone[8] = "";
	int n[6], end = 0;

	if (strlen(text) > 40 ||
		sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d %7s%n", &n[2], month, &n[0],
			&n[3], &n[4], &n[5], zone, &end) != 7 ||
		text[end] != '\0')
		return error_set(
			err, STATUS_FORMAT, "\"%.60s\" is no date of a Release file", text);
	if (strcmp(zone, "UTC") != 0 && strcmp(zone, "GMT") != 0 && strcmp(zone, "+0000") != 0)
		return error_set(err, STATUS_FORMAT, "\"%.60s\": the zone is not UTC", text);
	n[1] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(month_names); i++) {
		if (strcmp(month, month_names[i]) == 0)
			n[1] = (int)i + 1;
	}
	return from_numbers(n, text, when, err);
}
