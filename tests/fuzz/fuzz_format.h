/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_FORMAT_H
#define TESTS_FUZZ_FUZZ_FORMAT_H

#include "base/limits.h"
#include "dbdiff/format/formats.h"

#define FUZZ_MEMBERS 1000
#define FUZZ_BYTES   ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_read(struct source *content, struct error *err)
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
}

/* Opens a container, and reads every second member. */
static inline void fuzz_open(const struct format *format, struct source *source,
	const struct limits *limits, const struct unpack_room *room)
{
	struct members *members = NULL;
	struct member member = {0};
	struct error err = {0};

	if (format->open(source, "fuzz.gz", limits, &members, &err) == STATUS_OK) {
		members->room = room;
		for (int i = 0; i < FUZZ_MEMBERS; i++) {
			struct source *content = NULL;

			member_clear(&member);
			if (members->ops->next(members, &member, &err) != STATUS_OK)
				break;
			if (!member.has_content || i % 2 == 1 ||
				members->ops->open(members, &content, &err) != STATUS_OK)
				continue;
			fuzz_read(content, &err);
			source_free(content);
		}
		member_clear(&member);
		if (members->ops->describe != NULL)
			members->ops->describe(members, &member);
		members->ops->free(members);
	}
	member_release(&member);
}

/* The same of bytes, whatever the format bids. */
static inline int fuzz_format(const struct format *format, const uint8_t *data, size_t size)
{
	struct source *source = source_memory_new(data, size);

	if (format->bid != NULL)
		format->bid(data, size);
	if (format->bid_more != NULL)
		format->bid_more(&(struct candidate){"fuzz.gz", data, size, source});
	fuzz_open(format, source, &limits_default, NULL);
	source_free(source);
	return 0;
}

#endif
