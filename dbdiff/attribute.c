/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/attribute.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "dbdiff/resolve.h"
#include "dbdiff/tally.h"

#define READ_SIZE  ((size_t)1 << 20)
#define NEAR_SIZE  ((size_t)16 * 1024) /* where it is known which blocks differ */
#define BLOCK_SIZE ((size_t)4096)

struct attribution {
	const struct side_bytes *sides;
	struct resolver resolvers[SIDES];
	unsigned char *data[SIDES];
	struct moved moved[SIDES]; /* what each side has packed */
	struct tally tally;
	struct attributed *result;
};

/* ---- whose bytes are ---- */

static enum span_kind kind_of(const struct resolver *resolver)
{
	return resolver->span.kind;
}

/* Bytes that nobody has to answer for: verified, or computed from what is told of elsewhere. */
static bool is_wrapped(enum span_kind kind)
{
	return kind == SPAN_WRAPPER || kind == SPAN_DERIVED;
}

/*
 * Whether the rebuilt side says whose the bytes are. What one side explains and the other does not
 * is not explained (trust T9).
 */
static bool answers_better(const struct resolver *rebuilt, const struct resolver *published)
{
	enum span_kind a = kind_of(published), b = kind_of(rebuilt);

	if (a != SPAN_NOBODY && b != SPAN_NOBODY &&
		published->span.is_unexplained != rebuilt->span.is_unexplained)
		return rebuilt->span.is_unexplained;
	if (a == SPAN_MEMBER && b == SPAN_MEMBER)
		return published->span.claimed.len > 0 && rebuilt->span.claimed.len == 0;
	/* What was packed otherwise on one side does not only lie elsewhere. */
	if (a == SPAN_ELSEWHERE && b == SPAN_ELSEWHERE)
		return published->span.packed.len == 0 && rebuilt->span.packed.len > 0;
	return b > a;
}

/* Which side answers for bytes that differ; of room, `empty` says on which side they are zero. */
static const struct resolver *who_answers(
	const struct resolver *published, const struct resolver *rebuilt, const bool empty[SIDES])
{
	if (published == NULL || rebuilt == NULL)
		return published == NULL ? rebuilt : published;
	if (empty[PUBLISHED] && kind_of(rebuilt) != SPAN_NOBODY)
		return rebuilt;
	if (empty[REBUILT] && kind_of(published) != SPAN_NOBODY)
		return published;
	return answers_better(rebuilt, published) ? rebuilt : published;
}

/* `count` bytes differ in the spans where the resolvers stand; a side past its end has none. */
static enum status account(struct attribution *attribution, const struct resolver *published,
	const struct resolver *rebuilt, const bool empty[SIDES], uint64_t count, struct error *err)
{
	struct attributed *result = attribution->result;
	const struct resolver *who = who_answers(published, rebuilt, empty);

	result->differing += count;
	if ((published == NULL || is_wrapped(kind_of(published))) &&
		(rebuilt == NULL || is_wrapped(kind_of(rebuilt))))
		result->wrapped += count;
	if (kind_of(who) == SPAN_NOBODY) {
		result->unattributed += count;
		return STATUS_OK;
	}
	return tally_add(&attribution->tally, who->side, &who->span, count, err);
}

static struct moved_side moved_side(const struct attribution *attribution, int side)
{
	return (struct moved_side){
		.side = &attribution->sides[side],
		.inner = &attribution->resolvers[side].inner,
	};
}

/* STATUS_END when the two sides are not inside the same container. */
static enum status check_same_container(struct attribution *attribution, struct error *err)
{
	int64_t pairs[SIDES];

	for (int side = 0; side < SIDES; side++) {
		struct opened_pair pair = {0};
		enum status status = findings_find_opened(attribution->tally.findings, side,
			attribution->resolvers[side].inner.container, &pair, err);

		buffer_release(&pair.path);
		if (status != STATUS_OK)
			return status;
		pairs[side] = pair.pair;
	}
	return pairs[PUBLISHED] == pairs[REBUILT] ? STATUS_OK : STATUS_END;
}

/* Packed content that the other side has, too, is not packed otherwise: it lies elsewhere. */
static enum status settle_packed(struct attribution *attribution, int side, struct error *err)
{
	struct span *span = &attribution->resolvers[side].span;
	struct moved_side sides[2] = {
		moved_side(attribution, side), moved_side(attribution, !side)};
	bool is_found = false;
	enum status status = check_same_container(attribution, err);

	if (status == STATUS_OK)
		status = moved_find(
			&attribution->moved[!side], sides, &span->packed, &is_found, err);
	if (status < 0 || !is_found)
		return status < 0 ? status : STATUS_OK;
	span->packed.len = 0;
	buffer_clear(&span->name);
	buffer_add_text(&span->name, "layout");
	return STATUS_OK;
}

/* Asks both sides for the byte at `offset`. */
static enum status resolve_both(struct attribution *attribution, uint64_t offset, struct error *err)
{
	bool is_new[SIDES];

	for (int side = 0; side < SIDES; side++) {
		struct resolver *resolver = &attribution->resolvers[side];

		is_new[side] = offset < resolver->span.start || offset >= resolver->span.end;
		if (resolve(resolver, offset, err) < 0)
			return err->status;
	}
	for (int side = 0; side < SIDES; side++) {
		if (is_new[side] && attribution->resolvers[side].span.packed.len > 0 &&
			settle_packed(attribution, side, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* Bytes that differ, by what they are in room that is empty: on no side, on one, or on the other.
 */
struct unlike {
	uint64_t full, published_empty, rebuilt_empty;
};

static struct unlike count_unlike(const struct attribution *attribution, const unsigned char *a,
	const unsigned char *b, size_t len)
{
	bool is_published_room = attribution->resolvers[PUBLISHED].span.is_room;
	bool is_rebuilt_room = attribution->resolvers[REBUILT].span.is_room;
	struct unlike count = {0};

	for (size_t i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		if (is_published_room && a[i] == 0)
			count.published_empty++;
		else if (is_rebuilt_room && b[i] == 0)
			count.rebuilt_empty++;
		else
			count.full++;
	}
	return count;
}

static enum status account_both(
	struct attribution *attribution, const struct unlike *count, struct error *err)
{
	const struct {
		uint64_t bytes;
		bool empty[SIDES];
	} kinds[] = {
		{count->full, {false, false}},
		{count->published_empty, {true, false}},
		{count->rebuilt_empty, {false, true}},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].bytes > 0 &&
			account(attribution, &attribution->resolvers[PUBLISHED],
				&attribution->resolvers[REBUILT], kinds[i].empty, kinds[i].bytes,
				err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* Goes through one block that differs, span by span. */
static enum status attribute_block(
	struct attribution *attribution, uint64_t offset, size_t at, size_t len, struct error *err)
{
	struct resolver *resolvers = attribution->resolvers;
	const unsigned char *a = attribution->data[PUBLISHED] + at;
	const unsigned char *b = attribution->data[REBUILT] + at;

	while (len > 0) {
		uint64_t end = UINT64_MAX;
		struct unlike count;
		size_t part, same;

		for (same = 0; same < len && a[same] == b[same]; same++)
			;
		a += same;
		b += same;
		offset += same;
		len -= same;
		if (len == 0)
			break;
		if (resolve_both(attribution, offset, err) < 0)
			return err->status;
		for (int side = 0; side < SIDES; side++) {
			if (resolvers[side].span.end < end)
				end = resolvers[side].span.end;
		}
		part = end - offset < len ? (size_t)(end - offset) : len;
		count = count_unlike(attribution, a, b, part);
		if (account_both(attribution, &count, err) < 0)
			return err->status;
		a += part;
		b += part;
		offset += part;
		len -= part;
	}
	return STATUS_OK;
}

/* ---- the bytes ---- */

/*
 * Where the next byte is that may differ. Nothing is passed over for being a hole: of bytes that
 * were just written, as those of an artifact that is not settled and of a spool are, a file system
 * may be wrong about that, and then bytes that differ would not be counted (trust T6).
 */
static uint64_t skip_same(const struct side_bytes sides[SIDES], uint64_t offset)
{
	return sides[PUBLISHED].sameness != NULL ? sameness_next(sides[PUBLISHED].sameness, offset)
						 : offset;
}

static enum status attribute_window(
	struct attribution *attribution, uint64_t offset, size_t len, struct error *err)
{
	for (int side = 0; side < SIDES; side++) {
		if (side_bytes_read(&attribution->sides[side], attribution->data[side], len, offset,
			    err) < 0)
			return err->status;
	}
	if (memcmp(attribution->data[PUBLISHED], attribution->data[REBUILT], len) == 0)
		return STATUS_OK;
	for (size_t at = 0; at < len; at += BLOCK_SIZE) {
		size_t part = len - at < BLOCK_SIZE ? len - at : BLOCK_SIZE;

		if (memcmp(attribution->data[PUBLISHED] + at, attribution->data[REBUILT] + at,
			    part) != 0 &&
			attribute_block(attribution, offset + at, at, part, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* What only the longer side has. */
static enum status attribute_rest(struct attribution *attribution, uint64_t from, struct error *err)
{
	static const bool full[SIDES] = {false, false};

	for (int side = 0; side < SIDES; side++) {
		struct resolver *resolver = &attribution->resolvers[side];

		for (uint64_t at = from; at < resolver->size; at = resolver->span.end) {
			if (resolve(resolver, at, err) < 0 ||
				account(attribution, side == PUBLISHED ? resolver : NULL,
					side == REBUILT ? resolver : NULL, full,
					resolver->span.end - at, err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}

static enum status attribute_all(struct attribution *attribution, struct error *err)
{
	const struct side_bytes *sides = attribution->sides;
	uint64_t least = sides[PUBLISHED].size < sides[REBUILT].size ? sides[PUBLISHED].size
								     : sides[REBUILT].size;
	uint64_t at = skip_same(sides, 0);

	while (at < least) {
		size_t most = sides[PUBLISHED].sameness != NULL ? NEAR_SIZE : READ_SIZE;
		size_t len = least - at < most ? (size_t)(least - at) : most;

		if (attribute_window(attribution, at, len, err) < 0)
			return err->status;
		at = skip_same(sides, at + len);
	}
	return attribute_rest(attribution, least, err);
}

enum status attribute_bytes(const struct side_bytes sides[SIDES], struct findings *findings,
	struct attributed *result, struct error *err)
{
	struct attribution attribution = {.sides = sides, .result = result};
	enum status status;

	*result = (struct attributed){0};
	for (int side = 0; side < SIDES; side++) {
		attribution.data[side] = xmalloc(READ_SIZE);
		attribution.resolvers[side] = (struct resolver){
			.side = side,
			.index = sides[side].index,
			.findings = findings,
			.container = sides[side].container,
			.position = sides[side].position,
			.size = sides[side].size,
		};
	}
	attribution.tally.findings = findings;
	status = attribute_all(&attribution, err);
	if (status == STATUS_OK)
		status = tally_write(&attribution.tally, err);
	if (status == STATUS_OK && result->unattributed == 0)
		status = tally_settle(&attribution.tally, err);
	result->unexplained = attribution.tally.unexplained;
	for (int side = 0; side < SIDES; side++) {
		resolver_release(&attribution.resolvers[side]);
		moved_release(&attribution.moved[side]);
		free(attribution.data[side]);
	}
	tally_release(&attribution.tally);
	return status;
}
