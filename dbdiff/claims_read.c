/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/pread.h"
#include "dbdiff/causes.h"
#include "dbdiff/claims.h"
#include "dbdiff/matching.h"

#define CLAIMS_MOST 65536 /* of all leaves; what is over it is not taken */

/*
 * A cause that bytes of a leaf may have; what it is about the content itself, nobody claims, but
 * for values that other artifacts may have too: they stay content where nothing has.
 */
static const char *cause_of(const struct match_record *record)
{
	const struct cause *cause =
		record->cause < cause_catalogue_count ? &cause_catalogue[record->cause] : NULL;
	bool is_claimed = cause != NULL &&
		(cause->severity != SEVERITY_CONTENT || strcmp(cause->id, "uuid") == 0 ||
			strcmp(cause->id, "quoted-root-hash") == 0);

	return is_claimed ? cause->id : NULL;
}

/* Matchers escape; what is not visible was put in by somebody else. */
static bool is_visible(const char *text, size_t len)
{
	for (size_t at = 0, step; at < len; at += step) {
		uint32_t character;

		step = escape_utf8_length(text + at, len - at, &character);
		if (step == 0 || !escape_is_visible(character))
			return false;
	}
	return true;
}

static enum status take(struct claims *claims, const struct match_record *record,
	const struct buffer *text, struct findings *findings, struct error *err)
{
	const struct leaf_request *leaf = &claims->plan->leaves[record->leaf];
	const char *cause = cause_of(record);

	if (strlen(buffer_text(text)) != record->len || !escape_is_utf8(text->data, text->len))
		return STATUS_OK;
	if (record->kind == MATCH_DIFF)
		return leaf->with_diff
			? findings_set_diff(findings, leaf->finding, buffer_text(text), err)
			: STATUS_OK;
	if (record->kind != MATCH_CLAIM || cause == NULL || record->len >= EVIDENCE_SIZE ||
		!is_visible(text->data, text->len) || !claim_is_inside(leaf, &record->range) ||
		claims->taken == CLAIMS_MOST)
		return STATUS_OK;
	claims->taken++;
	leaf_claims_add(&claims->leaves[record->leaf],
		&(struct taken_claim){.range = record->range,
			.cause = cause,
			.evidence = xstrndup(text->data, text->len)});
	return STATUS_OK;
}

enum status claims_read(
	struct claims *claims, int fd, size_t *leaf, struct findings *findings, struct error *err)
{
	size_t most = MATCH_PLACES_MOST + 2 * claims->plan->count;
	struct buffer text = {0};
	enum status status = STATUS_OK;
	uint64_t at = 0, size;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set_errno(err, "cannot read a temporary file");
	size = (uint64_t)st.st_size;
	for (size_t i = 0; i < most && *leaf < claims->plan->count && status == STATUS_OK; i++) {
		struct match_record record;

		if (size - at < sizeof(record))
			break;
		status = pread_exactly(fd, &record, sizeof(record), at, err);
		at += sizeof(record);
		if (status != STATUS_OK || record.leaf != *leaf || record.len > MATCH_TEXT_MOST ||
			record.len > size - at)
			break;
		buffer_clear(&text);
		status = pread_exactly(
			fd, buffer_reserve(&text, record.len + 1), record.len, at, err);
		if (status != STATUS_OK)
			break;
		text.len = record.len;
		text.data[text.len] = '\0';
		at += record.len;
		if (record.kind == MATCH_DONE)
			++*leaf;
		else
			status = take(claims, &record, &text, findings, err);
	}
	buffer_release(&text);
	return status < 0 ? status : STATUS_OK;
}
