/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpd_range.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void httpd_format_date(int64_t when, char text[HTTPD_DATE_SIZE])
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)when;
	struct tm tm;

	text[0] = '\0';
	if (!gmtime_r(&seconds, &tm) || tm.tm_year >= 9999 - 1900)
		return;
	snprintf(text, HTTPD_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void httpd_validators_init(struct httpd_validators *validators, const char *etag, int64_t modified)
{
	validators->etag[0] = '\0';
	validators->date[0] = '\0';
	if (etag)
		snprintf(validators->etag, sizeof(validators->etag), "\"%s\"", etag);
	if (modified >= 0)
		httpd_format_date(modified, validators->date);
}

/* True for "*" and for a list of tags that holds ours; a weak tag of the same text is as good. */
static bool tag_matches(const char *list, const char *etag)
{
	size_t len = strlen(etag);

	if (len == 0)
		return false;
	if (strcmp(list, "*") == 0)
		return true;
	while (*list) {
		size_t item = strcspn(list, ",");
		const char *tag = list + strspn(list, " \t");
		size_t tag_len = (size_t)(list + item - tag);

		while (tag_len > 0 && (tag[tag_len - 1] == ' ' || tag[tag_len - 1] == '\t'))
			tag_len--;
		if (tag_len > 2 && strncmp(tag, "W/", 2) == 0) {
			tag += 2;
			tag_len -= 2;
		}
		if (tag_len == len && memcmp(tag, etag, len) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

static bool is_current(
	const struct httpd_conditions *conditions, const struct httpd_validators *validators)
{
	if (conditions->none_match)
		return tag_matches(conditions->none_match, validators->etag);
	return conditions->modified_since && validators->date[0] &&
		strcmp(conditions->modified_since, validators->date) == 0;
}

/* Digits, at most 18 of them; false when there are none or too many. */
static bool parse_number(const char **text, uint64_t *number)
{
	size_t digits = 0;

	*number = 0;
	while (isdigit((unsigned char)**text)) {
		if (++digits > 18)
			return false;
		*number = *number * 10 + (uint64_t)(**text - '0');
		(*text)++;
	}
	return digits > 0;
}

/* "bytes=A-B", "bytes=A-" or "bytes=-N"; gives 200, 206 or 416. */
static int parse_range(const char *text, uint64_t size, struct httpd_range *range)
{
	uint64_t first, last = UINT64_MAX;

	if (strncasecmp(text, "bytes=", 6) != 0)
		return 200;
	text += 6;
	if (*text == '-') {
		text++;
		if (!parse_number(&text, &first) || *text)
			return 200;
		if (first == 0 || size == 0)
			return 416;
		range->len = first < size ? first : size;
		range->start = size - range->len;
		return 206;
	}
	if (!parse_number(&text, &first) || *text++ != '-')
		return 200;
	if (*text && (!parse_number(&text, &last) || last < first))
		return 200;
	if (*text)
		return 200;
	if (first >= size)
		return 416;
	range->start = first;
	range->len = (last < size ? last + 1 : size) - first;
	return 206;
}

int httpd_conditions_judge(const struct httpd_conditions *conditions,
	const struct httpd_validators *validators, uint64_t size, struct httpd_range *range)
{
	range->start = 0;
	range->len = size;
	if (is_current(conditions, validators))
		return 304;
	if (!conditions->range)
		return 200;
	if (conditions->if_range &&
		(!validators->etag[0] || strcmp(conditions->if_range, validators->etag) != 0) &&
		(!validators->date[0] || strcmp(conditions->if_range, validators->date) != 0))
		return 200;
	return parse_range(conditions->range, size, range);
}

void httpd_content_range(int status, const struct httpd_range *range, uint64_t size,
	char text[HTTPD_CONTENT_RANGE_SIZE])
{
	if (status == 206)
		snprintf(text, HTTPD_CONTENT_RANGE_SIZE, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			range->start, range->start + range->len - 1, size);
	else
		snprintf(text, HTTPD_CONTENT_RANGE_SIZE, "bytes */%" PRIu64, size);
}
