/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_FORMAT_H
#define TESTS_FUZZ_FUZZ_FORMAT_H

#include "base/limits.h"
#include "dbdiff/format/formats.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_MEMBERS 1000
#define FUZZ_BYTES   ((size_t)4 << 20)

bool fuzz_accepted;

/* False when it could not be read. */
static inline bool fuzz_read(struct source *content, struct error *err)
{
	const unsigned char *window;
	enum status status = STATUS_OK;
	size_t len = 1, total = 0;

	while (status == STATUS_OK && len > 0 && total < FUZZ_BYTES) {
		status = source_peek(content, total % 7000 + 1, &window, &len, err);
		if (status == STATUS_OK && len > 0)
			status = source_skip(content, len > 5000 ? 5000 : len, err);
		total += len;
	}
	return status == STATUS_OK;
}

/* Whether all members were given, and every second of them could be read. */
static inline bool fuzz_members(struct members *members, struct member *member)
{
	struct error err = {0};
	bool is_read = true;

	for (int i = 0; i < FUZZ_MEMBERS; i++) {
		struct source *content = NULL;
		enum status status;

		member_clear(member);
		status = members->ops->next(members, member, &err);
		if (status != STATUS_OK)
			return status == STATUS_END && is_read;
		if (!member->has_content || i % 2 == 1)
			continue;
		if (members->ops->open(members, &content, &err) != STATUS_OK)
			is_read = false;
		else if (!fuzz_read(content, &err))
			is_read = false;
		source_free(content);
	}
	return is_read;
}

static inline bool fuzz_open(const struct format *format, const char *name, struct source *source,
	const struct limits *limits, const struct unpack_room *room)
{
	struct members *members = NULL;
	struct member member = {0};
	struct error err = {0};
	bool is_whole = false;

	if (format->open(source, name, limits, &members, &err) == STATUS_OK) {
		members->room = room;
		is_whole = fuzz_members(members, &member);
		member_clear(&member);
		if (members->ops->describe != NULL)
			members->ops->describe(members, &member);
		members->ops->free(members);
	}
	member_release(&member);
	return is_whole;
}

/*
 * Opens it whatever the bids are, and accepts it when its format has the highest under this name,
 * and it was read whole.
 */
static inline int fuzz_format(
	const struct format *format, const char *name, const uint8_t *data, size_t size)
{
	struct source *source = source_memory_new(data, size);
	size_t most = format_bid_bytes();
	const struct candidate candidate = {name, data, size < most ? size : most, source};
	const struct format *found = format_find(&candidate, true);
	bool is_whole = fuzz_open(format, name, source, &limits_default, NULL);

	fuzz_accepted = found == format && is_whole;
	source_free(source);
	return 0;
}

#endif
