/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/matching.h"

#include <errno.h>
#include <unistd.h>

#include "dbdiff/causes.h"
#include "dbdiff/leaf_diff.h"

#define OUT_MOST ((size_t)256 * 1024)

struct output {
	int fd;
	struct buffer pending;
};

static enum status flush(struct output *output, struct error *err)
{
	const char *at = output->pending.data;
	size_t left = output->pending.len;

	while (left > 0) {
		ssize_t written = write(output->fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "cannot write a temporary file");
		at += written;
		left -= (size_t)written;
	}
	buffer_clear(&output->pending);
	return STATUS_OK;
}

static enum status put(struct output *output, const struct match_record *record, const char *text,
	struct error *err)
{
	buffer_add(&output->pending, record, sizeof(*record));
	buffer_add(&output->pending, text, record->len);
	return output->pending.len < OUT_MOST ? STATUS_OK : flush(output, err);
}

/* A part of a stretch; both sides of it are bytes of the leaf between two claims of a format. */
static enum status match_part(struct match_job *job, const struct leaf_request *leaf,
	const struct stretch first[SIDES], const struct stretch sides[SIDES], struct output *output,
	struct error *err)
{
	struct matching matching = {
		.path = leaf->path,
		.sides = sides,
		.first = first,
		.in_program = leaf->in_program,
		.known = job->known,
		.known_count = job->known_count,
		.places_left = &job->places_left,
	};
	struct claim_list claims = {0};
	enum status status = STATUS_OK;

	matching.is_whole = true;
	for (int side = 0; side < SIDES; side++)
		matching.is_whole = matching.is_whole && sides[side].offset == 0 &&
			sides[side].len == leaf->sizes[side];
	match_stretch(&matching, &claims);
	for (size_t i = 0; i < claims.count && status == STATUS_OK; i++) {
		const struct claim *claim = &claims.items[i];
		const struct cause *cause = cause_find(claim->cause);
		struct match_record record = {
			.kind = MATCH_CLAIM,
			.leaf = (uint32_t)(leaf - job->plan->leaves),
			.len = (uint32_t)strlen(claim->evidence),
		};

		if (cause == NULL)
			continue;
		record.cause = (uint32_t)(cause - cause_catalogue);
		for (int side = 0; side < SIDES; side++) {
			record.range.start[side] = sides[side].offset + claim->start[side];
			record.range.len[side] = claim->len[side];
		}
		status = put(output, &record, claim->evidence, err);
	}
	claim_list_release(&claims);
	return status;
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static struct stretch cut(const struct stretch *stretch, uint64_t from, uint64_t to)
{
	return (struct stretch){
		stretch->data + (from - stretch->offset), (size_t)(to - from), from};
}

static bool differ(const struct stretch sides[SIDES])
{
	return sides[PUBLISHED].len != sides[REBUILT].len ||
		memcmp(sides[PUBLISHED].data, sides[REBUILT].data, sides[PUBLISHED].len) != 0;
}

/* Leaves out what formats claim already. */
static enum status match_whole_stretch(struct match_job *job, const struct leaf_request *leaf,
	const struct stretch first[SIDES], const struct stretch stretch[SIDES],
	struct output *output, struct error *err)
{
	uint64_t at[SIDES] = {stretch[PUBLISHED].offset, stretch[REBUILT].offset};

	for (size_t i = 0; i <= leaf->told_count; i++) {
		struct stretch part[SIDES];
		uint64_t next[SIDES];

		for (int side = 0; side < SIDES; side++) {
			uint64_t end = stretch[side].offset + stretch[side].len;
			uint64_t to = next[side] = end;

			if (i < leaf->told_count) {
				const struct claim_range *range =
					&job->plan->told[leaf->told + i].range;

				to = clamp(range->start[side], at[side], end);
				next[side] = clamp(range->start[side] + range->len[side], to, end);
			}
			part[side] = cut(&stretch[side], at[side], to);
		}
		if (differ(part) && match_part(job, leaf, first, part, output, err) < 0)
			return err->status;
		memcpy(at, next, sizeof(at));
	}
	return STATUS_OK;
}

static enum status put_diff(const struct match_job *job, const struct leaf_request *leaf,
	const struct leaf_bytes *bytes, struct output *output, struct error *err)
{
	struct match_record record = {
		.kind = MATCH_DIFF, .leaf = (uint32_t)(leaf - job->plan->leaves)};
	struct buffer text = {0};
	enum status status = STATUS_OK;

	leaf_diff(leaf, bytes, (size_t)job->diff_bytes, &text);
	record.len = (uint32_t)text.len;
	if (text.len > 0 && text.len <= MATCH_TEXT_MOST)
		status = put(output, &record, text.data, err);
	buffer_release(&text);
	return status;
}

static enum status put_done(size_t leaf, struct output *output, struct error *err)
{
	struct match_record record = {.kind = MATCH_DONE, .leaf = (uint32_t)leaf};

	if (put(output, &record, "", err) < 0)
		return err->status;
	return flush(output, err);
}

enum status match_leaves(struct match_job *job, int out_fd, struct error *err)
{
	struct output output = {.fd = out_fd};
	struct leaf_bytes bytes = {0};
	enum status status = STATUS_OK;

	for (size_t i = job->first; i < job->plan->count && status == STATUS_OK; i++) {
		const struct leaf_request *leaf = &job->plan->leaves[i];

		status = leaf_bytes_load(&bytes, job->plan, leaf, job->captured, err);
		for (size_t s = 0; s < leaf->stretch_count && status == STATUS_OK; s++)
			status = match_whole_stretch(
				job, leaf, bytes.stretches[0], bytes.stretches[s], &output, err);
		if (status == STATUS_OK && leaf->with_diff)
			status = put_diff(job, leaf, &bytes, &output, err);
		if (status == STATUS_OK || status == STATUS_END)
			status = put_done(i, &output, err);
	}
	leaf_bytes_release(&bytes);
	buffer_release(&output.pending);
	return status;
}
