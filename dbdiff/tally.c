/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/tally.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"

/* The cause of bytes that were recomputed from others, whatever their name is. */
static const char cause_derived[] = "derived";

static void add_member(struct tally *tally, const struct span *span, uint64_t bytes)
{
	const char *claimed = span->claimed.len > 0 ? buffer_text(&span->claimed) : NULL;
	struct tally_member *last =
		tally->member_count > 0 ? &tally->members[tally->member_count - 1] : NULL;

	/* Differing bytes come in runs; the same member further on is added up at the end. */
	if (last != NULL && last->range.first == span->findings.first &&
		last->range.last == span->findings.last &&
		(claimed == NULL ? last->claimed == NULL
				 : last->claimed != NULL && strcmp(claimed, last->claimed) == 0)) {
		last->bytes += bytes;
		return;
	}
	ARRAY_GROW(tally->members, tally->member_count, tally->member_capacity);
	tally->members[tally->member_count++] = (struct tally_member){
		.range = span->findings,
		.claimed = claimed != NULL ? xstrdup(claimed) : NULL,
		.bytes = bytes,
	};
}

static enum status flush_members(struct tally *tally, struct error *err)
{
	struct buffer cause = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < tally->member_count; i++) {
		struct tally_member *member = &tally->members[i];
		int64_t id = member->range.first;

		if (member->claimed != NULL) {
			buffer_clear(&cause);
			buffer_add_text(&cause, member->claimed);
		} else if (status == STATUS_OK) {
			status = findings_main_cause(
				tally->findings, &member->range, &cause, &id, err);
		}
		if (cause.len == 0)
			buffer_add_text(&cause, UNEXPLAINED);
		if (status == STATUS_OK)
			status = findings_add_cause(
				tally->findings, id, buffer_text(&cause), member->bytes, NULL, err);
		if (strcmp(buffer_text(&cause), UNEXPLAINED) == 0)
			tally->unexplained += member->bytes;
		free(member->claimed);
	}
	tally->member_count = 0;
	buffer_release(&cause);
	return status;
}

/* Where the number of this region is or belongs. */
static size_t *find_slot(
	const struct tally *tally, int64_t pair, enum span_kind kind, const char *name)
{
	uint64_t hash = hash_xxh3(name, strlen(name)) ^
		((uint64_t)pair * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)kind);

	for (size_t at = (size_t)(hash ^ hash >> 32);; at++) {
		size_t *slot = &tally->slots[at & (tally->slot_count - 1)];
		const struct tally_region *region;

		if (*slot == 0)
			return slot;
		region = &tally->regions[*slot - 1];
		if (region->pair == pair && region->kind == kind && strcmp(region->name, name) == 0)
			return slot;
	}
}

/* So that one in two is free: where every container differs, there are as many regions. */
static void widen_slots(struct tally *tally)
{
	if (tally->region_count * 2 < tally->slot_count)
		return;
	free(tally->slots);
	tally->slot_count = tally->slot_count > 0 ? tally->slot_count * 2 : 64;
	tally->slots = xcalloc(tally->slot_count, sizeof(tally->slots[0]));
	for (size_t i = 0; i < tally->region_count; i++) {
		const struct tally_region *region = &tally->regions[i];

		*find_slot(tally, region->pair, region->kind, region->name) = i + 1;
	}
}

static enum status add_region(
	struct tally *tally, int side, const struct span *span, uint64_t bytes, struct error *err)
{
	struct opened_pair pair = {0};
	enum status status;
	size_t *slot;

	status = findings_find_opened(tally->findings, side, span->container, &pair, err);
	buffer_release(&pair.path);
	if (status != STATUS_OK)
		return status < 0 ? status
				  : error_set(err, STATUS_CONFLICT, "a region of no container");
	widen_slots(tally);
	slot = find_slot(tally, pair.pair, span->kind, buffer_text(&span->name));
	if (*slot > 0) {
		tally->regions[*slot - 1].bytes += bytes;
		return STATUS_OK;
	}
	ARRAY_GROW(tally->regions, tally->region_count, tally->region_capacity);
	*slot = tally->region_count + 1;
	tally->regions[tally->region_count++] = (struct tally_region){
		.pair = pair.pair,
		.side = side,
		.container = span->container,
		.kind = span->kind,
		.name = xstrdup(buffer_text(&span->name)),
		.bytes = bytes,
	};
	return STATUS_OK;
}

/* Members come by the thousand where everything differs: they are written on the way. */
#define MEMBERS_KEPT 4096

enum status tally_add(
	struct tally *tally, int side, const struct span *span, uint64_t bytes, struct error *err)
{
	if (span->kind != SPAN_MEMBER)
		return add_region(tally, side, span, bytes, err);
	add_member(tally, span, bytes);
	return tally->member_count < MEMBERS_KEPT ? STATUS_OK : flush_members(tally, err);
}

static enum status own_finding(struct tally *tally, const struct tally_region *region,
	struct opened_pair *pair, struct error *err)
{
	struct buffer none = {0};
	enum status status;

	status = findings_find_opened(tally->findings, region->side, region->container, pair, err);
	if (status != STATUS_OK || pair->finding != 0)
		return status;
	status = findings_add(tally->findings,
		&(struct finding_row){
			.path = &pair->path,
			.occurrence = pair->occurrence,
			.change = CHANGE_METADATA,
			.inspected = true,
			.fields = &none,
		},
		&pair->finding, err);
	if (status == STATUS_OK)
		status = findings_set_opened(tally->findings, pair->pair, pair->finding, err);
	return status;
}

static enum status write_region(
	struct tally *tally, const struct tally_region *region, struct error *err)
{
	const char *cause = UNEXPLAINED;
	struct opened_pair pair = {0};
	char text[64];
	enum status status = own_finding(tally, region, &pair, err);

	if (status == STATUS_OK)
		status = findings_field_cause(
			tally->findings, pair.finding, region->name, &cause, err);
	if (region->kind == SPAN_DERIVED && strcmp(cause, UNEXPLAINED) == 0)
		cause = cause_derived;
	snprintf(text, sizeof(text), "%" PRIu64 " byte%s of it differ%s", region->bytes,
		region->bytes == 1 ? "" : "s", region->bytes == 1 ? "s" : "");
	if (status == STATUS_OK)
		status = findings_add_field(tally->findings, pair.finding, region->name,
			"as stored", text, cause, region->bytes, err);
	if (strcmp(cause, UNEXPLAINED) == 0)
		tally->unexplained += region->bytes;
	buffer_release(&pair.path);
	return status;
}

enum status tally_write(struct tally *tally, struct error *err)
{
	enum status status = flush_members(tally, err);

	for (size_t i = 0; i < tally->region_count && status == STATUS_OK; i++)
		status = write_region(tally, &tally->regions[i], err);
	return status;
}

/* Of a container in which nothing was found to differ, before its regions told why. */
enum status tally_settle(struct tally *tally, struct error *err)
{
	for (size_t i = 0; i < tally->region_count; i++) {
		const struct tally_region *region = &tally->regions[i];
		struct opened_pair pair = {0};
		enum status status = findings_find_opened(
			tally->findings, region->side, region->container, &pair, err);

		if (status == STATUS_OK)
			status = findings_settle(tally->findings, pair.finding, err);
		buffer_release(&pair.path);
		if (status < 0)
			return status;
	}
	return STATUS_OK;
}

void tally_release(struct tally *tally)
{
	for (size_t i = 0; i < tally->member_count; i++)
		free(tally->members[i].claimed);
	for (size_t i = 0; i < tally->region_count; i++) {
		free(tally->regions[i].name);
	}
	free(tally->members);
	free(tally->regions);
	free(tally->slots);
	*tally = (struct tally){0};
}
