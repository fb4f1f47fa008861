/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/checksums.h"

#include <string.h>

#include "base/number.h"

static bool line_parse(const char *line, size_t len, struct checksum *checksum)
{
	const char *end = line + len, *parts[3];
	size_t lens[3];

	for (size_t i = 0; i < 3; i++) {
		while (line < end && *line == ' ')
			line++;
		parts[i] = line;
		while (line < end && *line != ' ')
			line++;
		lens[i] = (size_t)(line - parts[i]);
	}
	checksum->name = parts[2];
	checksum->name_len = lens[2];
	return line == end && lens[2] > 0 && digest_parse(parts[0], lens[0], &checksum->digest) &&
		number_parse(parts[1], lens[1], &checksum->size) && !memchr(parts[2], '/', lens[2]);
}

enum status checksums_next(
	const struct deb822_field *field, size_t *at, struct checksum *checksum, struct error *err)
{
	while (*at < field->value_len) {
		const char *line = field->value + *at;
		const char *newline = memchr(line, '\n', field->value_len - *at);
		size_t len = newline ? (size_t)(newline - line) : field->value_len - *at;

		*at += len + 1;
		if (len == 0)
			continue;
		if (!line_parse(line, len, checksum))
			return error_set(err, STATUS_FORMAT,
				"Checksums-Sha256 has a line that is not \"hash size name\"");
		return STATUS_OK;
	}
	return STATUS_END;
}
