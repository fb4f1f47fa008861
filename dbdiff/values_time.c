/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as texts: ISO 8601, RFC 5322 (2822), ctime(3), the C macros __DATE__ and __TIME__, seconds
 * since 1970.
 */
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "dbdiff/matcher.h"

/* What a time must have in common with that of the other side. */
enum time_form {
	FORM_ISO_DATE = 1,
	FORM_ISO_TIME,
	FORM_COMPACT,
	FORM_RFC,
	FORM_CTIME,
	FORM_C_DATE,
	FORM_SECONDS,
	FORM_C_TIME,
	FORM_WITH_ZONE = 16, /* and from here on what kind of zone */
	FORM_WITH_FRACTION = 1024,
};

/* From 2001 to 2039: a number of ten digits outside of it is no time of a build. */
#define SECONDS_FIRST 1000000000u
#define SECONDS_LAST  2200000000u

/* A text being read; `at` stays where what does not fit begins. */
struct reading {
	const char *at, *end;
};

static size_t left(const struct reading *reading)
{
	return (size_t)(reading->end - reading->at);
}

/* Exactly so many digits, within bounds. */
static bool number(struct reading *reading, size_t digits, unsigned least, unsigned most)
{
	unsigned value = 0;

	if (left(reading) < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(reading->at[i]))
			return false;
		value = value * 10 + (unsigned)(reading->at[i] - '0');
	}
	if (value < least || value > most)
		return false;
	reading->at += digits;
	return true;
}

static bool literal(struct reading *reading, const char *text)
{
	size_t len = strlen(text);

	if (left(reading) < len || memcmp(reading->at, text, len) != 0)
		return false;
	reading->at += len;
	return true;
}

static bool one_of(struct reading *reading, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (literal(reading, words[i]))
			return true;
	}
	return false;
}

static bool month_name(struct reading *reading)
{
	static const char *const names[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	return one_of(reading, names, ARRAY_SIZE(names));
}

static bool day_name(struct reading *reading)
{
	static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	return one_of(reading, names, ARRAY_SIZE(names));
}

static bool year(struct reading *reading)
{
	return number(reading, 4, 1980, 2099);
}

/* "08:30:12" */
static bool clock_time(struct reading *reading)
{
	return number(reading, 2, 0, 23) && literal(reading, ":") && number(reading, 2, 0, 59) &&
		literal(reading, ":") && number(reading, 2, 0, 60);
}

/* "Z", "+0200", "+02:00": which of them, 0 for none. */
static unsigned zone(struct reading *reading)
{
	struct reading before = *reading;

	if (literal(reading, "Z"))
		return 1 * FORM_WITH_ZONE;
	if (!literal(reading, "+") && !literal(reading, "-"))
		return 0;
	if (number(reading, 2, 0, 14)) {
		struct reading hours = *reading;

		if (number(reading, 2, 0, 59))
			return 2 * FORM_WITH_ZONE;
		if (literal(reading, ":") && number(reading, 2, 0, 59))
			return 3 * FORM_WITH_ZONE;
		*reading = hours;
	}
	*reading = before;
	return 0;
}

static unsigned iso(struct reading *reading)
{
	struct reading date;
	unsigned form;

	if (!year(reading) || !literal(reading, "-") || !number(reading, 2, 1, 12) ||
		!literal(reading, "-") || !number(reading, 2, 1, 31))
		return 0;
	date = *reading;
	form = FORM_ISO_TIME + (literal(reading, "T") ? 8 : 0);
	if ((form == FORM_ISO_TIME && !literal(reading, " ")) || !clock_time(reading)) {
		*reading = date;
		return FORM_ISO_DATE;
	}
	if (left(reading) > 1 && (*reading->at == '.' || *reading->at == ',') &&
		is_digit(reading->at[1])) {
		form += FORM_WITH_FRACTION;
		for (reading->at++; left(reading) > 0 && is_digit(*reading->at); reading->at++)
			;
	}
	date = *reading;
	if (literal(reading, " ")) {
		unsigned spaced = zone(reading);

		if (spaced != 0)
			return form + spaced + 4 * FORM_WITH_ZONE;
		*reading = date;
	}
	return form + zone(reading);
}

/* "20250729083012", "20250729T083012Z" */
static unsigned compact(struct reading *reading)
{
	unsigned form = FORM_COMPACT;

	if (!year(reading) || !number(reading, 2, 1, 12) || !number(reading, 2, 1, 31))
		return 0;
	form += literal(reading, "T") ? 8 : 0;
	if (!number(reading, 2, 0, 23) || !number(reading, 2, 0, 59) || !number(reading, 2, 0, 60))
		return 0;
	return form + zone(reading);
}

/* "Tue, 29 Jul 2025 08:30:12 +0000" */
static unsigned rfc(struct reading *reading)
{
	struct reading before = *reading;
	unsigned form = FORM_RFC, found;

	if (day_name(reading) && literal(reading, ", "))
		form += 8;
	else
		*reading = before;
	if (!number(reading, 2, 1, 31) && !number(reading, 1, 1, 9))
		return 0;
	if (!literal(reading, " ") || !month_name(reading) || !literal(reading, " ") ||
		!year(reading) || !literal(reading, " ") || !clock_time(reading))
		return 0;
	before = *reading;
	if (!literal(reading, " "))
		return form;
	found = literal(reading, "GMT") || literal(reading, "UTC") ? 4 * FORM_WITH_ZONE
								   : zone(reading);
	if (found == 0)
		*reading = before;
	return form + found;
}

/* "Tue Jul 29 08:30:12 2025", "Tue Jul 29 08:30:12 UTC 2025" */
static unsigned ctime_text(struct reading *reading)
{
	unsigned form = FORM_CTIME;
	struct reading before;

	if (!day_name(reading) || !literal(reading, " ") || !month_name(reading) ||
		!literal(reading, " "))
		return 0;
	if (!(literal(reading, " ") ? number(reading, 1, 1, 9) : number(reading, 2, 1, 31)) ||
		!literal(reading, " ") || !clock_time(reading) || !literal(reading, " "))
		return 0;
	before = *reading;
	while (left(reading) > 0 && *reading->at >= 'A' && *reading->at <= 'Z' &&
		reading->at - before.at < 5)
		reading->at++;
	if (reading->at - before.at >= 3 && literal(reading, " "))
		form += FORM_WITH_ZONE;
	else
		*reading = before;
	return year(reading) ? form : 0;
}

/* "Jul 29 2025" */
static unsigned c_date(struct reading *reading)
{
	if (!month_name(reading) || !literal(reading, " ") ||
		!(literal(reading, " ") ? number(reading, 1, 1, 9) : number(reading, 2, 1, 31)) ||
		!literal(reading, " ") || !year(reading))
		return 0;
	return FORM_C_DATE;
}

static unsigned seconds(struct reading *reading)
{
	return number(reading, 10, SECONDS_FIRST, SECONDS_LAST) ? FORM_SECONDS : 0;
}

/* "08:30:12", and nothing else in the string: elsewhere it may be any hour of a day. */
static size_t c_time(const struct stretch *text, size_t at)
{
	struct reading reading = {text->data + at, text->data + text->len};

	if (!clock_time(&reading) || left(&reading) == 0 || *reading.at != '\0' ||
		(at == 0 ? text->offset > 0 : text->data[at - 1] != '\0'))
		return 0;
	return (size_t)(reading.at - text->data) - at;
}

size_t parse_time(const struct stretch *text, size_t at, unsigned *form)
{
	static unsigned (*const forms[])(struct reading *) = {
		rfc, ctime_text, iso, compact, c_date, seconds};

	if (!at_word_start(text, at) || at >= text->len || !is_alnum(text->data[at]))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct reading reading = {text->data + at, text->data + text->len};
		size_t end;

		*form = forms[i](&reading);
		end = (size_t)(reading.at - text->data);
		if (*form != 0 && at_word_end(text, end))
			return end - at;
	}
	*form = FORM_C_TIME;
	return c_time(text, at);
}

void add_without_times(struct buffer *out, const struct stretch *text, size_t at)
{
	unsigned form;

	while (at < text->len) {
		size_t len = parse_time(text, at, &form);

		buffer_add_char(out, len > 0 ? '\0' : text->data[at]);
		at += len > 0 ? len : 1;
	}
}
