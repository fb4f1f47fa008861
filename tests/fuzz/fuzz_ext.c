/* SPDX-License-Identifier: Apache-2.0 */
/* Lists an ext2, ext3 or ext4 and reads all its content: whatever the bytes, it ends, in bounds. */
#include "base/source.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

#define MEMBERS_MAX 2000
#define BYTES_MAX   ((uint64_t)8 << 20) /* of one member */

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void drain(struct source *content)
{
	const unsigned char *window;
	size_t len;
	struct error err;

	while (content->offset < BYTES_MAX &&
		source_peek(content, 1, &window, &len, &err) == STATUS_OK && len)
		source_skip(content, len, &err);
	source_free(content);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct source *source = source_memory_new(data, size);
	struct members *members = NULL;
	struct member member = {0};
	struct error err;

	format_ext.bid(data, size);
	if (format_ext.open(source, "fuzz", &limits_default, &members, &err) == STATUS_OK) {
		for (int i = 0; i < MEMBERS_MAX; i++) {
			struct source *content = NULL;

			if (members->ops->next(members, &member, &err) != STATUS_OK)
				break;
			if (member.has_content &&
				members->ops->open(members, &content, &err) == STATUS_OK)
				drain(content);
		}
		members->ops->free(members);
	}
	member_release(&member);
	source_free(source);
	return 0;
}
