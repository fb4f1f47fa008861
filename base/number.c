/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool number_parse(const char *text, size_t len, uint64_t *number)
{
	uint64_t value = 0;

	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*number = value;
	return true;
}

bool number_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] != '\0' ? strchr(units, text[digits]) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	const char *rest = text + digits + (unit != NULL);
	uint64_t number;

	if (unit != NULL && strcmp(rest, "iB") == 0)
		rest += 2;
	if (*rest != '\0' || !number_parse(text, digits, &number) || number > UINT64_MAX >> shift)
		return false;
	*bytes = number << shift;
	return true;
}

int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

void number_format_size(uint64_t bytes, char text[NUMBER_SIZE_TEXT])
{
	static const char units[] = "KMG";
	size_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < sizeof(units) - 1) {
		bytes /= 1024;
		unit++;
	}
	if (unit)
		snprintf(text, NUMBER_SIZE_TEXT, "%" PRIu64 "%c", bytes, units[unit - 1]);
	else
		snprintf(text, NUMBER_SIZE_TEXT, "%" PRIu64, bytes);
}
