/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block maps of bmaptool (its "bmap" file format, versions 1 and 2): XML that says which blocks of
 * an image hold data, with a checksum for each range of them and one for the map itself.
 */
#include <expat.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/spans.h"

#define BMAP_BYTES_MAX ((size_t)16 << 20)
#define BID_BYTES      4096
#define DEPTH_MAX      16	       /* a block map has three */
#define TAG_BYTES_MAX  ((size_t)65536) /* so much of a tag or comment is read */
#define STEP	       ((size_t)16384)
#define NAME_SIZE      128

struct reading {
	struct spans *spans;
	XML_Parser parser;
	unsigned depth;
	bool is_leaf; /* the element that is open has none in it so far */
	bool is_refused, is_deep;
	char name[NAME_SIZE];
	size_t start;  /* of the element */
	size_t inside; /* behind its start tag */
	/* Its checksum, when it is a range with one. */
	size_t sum, sum_len;
	/* The map's own. */
	size_t own_sum;
	bool is_sha256, has_own_sum;
};

static size_t here(const struct reading *reading)
{
	return (size_t)XML_GetCurrentByteIndex(reading->parser);
}

static size_t behind(const struct reading *reading)
{
	return here(reading) + (size_t)XML_GetCurrentByteCount(reading->parser);
}

/* Entities could unpack to anything, and no block map has them. */
static void XMLCALL refuse_doctype(void *context, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int has_subset)
{
	struct reading *reading = context;

	(void)name, (void)system, (void)public, (void)has_subset;
	reading->is_refused = true;
	XML_StopParser(reading->parser, XML_FALSE);
}

/* expat keeps each name of an element or attribute for as long as it is. */
static void count_names(struct reading *reading, const XML_Char **attributes)
{
	size_t count = 1;

	while (attributes[2 * (count - 1)] != NULL)
		count++;
	reading->depth++;
	reading->is_deep = reading->depth > DEPTH_MAX;
	if (!kept_add(&reading->spans->kept, count * KEPT_EACH) || reading->is_deep)
		XML_StopParser(reading->parser, XML_FALSE);
}

static bool is_sum(const XML_Char *name)
{
	return strcmp(name, "chksum") == 0 || strcmp(name, "sha1") == 0;
}

static void XMLCALL begin_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *reading = context;
	const char *text = reading->spans->text.data;

	count_names(reading, attributes);
	reading->is_leaf = true;
	reading->start = here(reading);
	reading->inside = behind(reading);
	reading->sum_len = 0;
	snprintf(reading->name, sizeof(reading->name), "%s", name);
	for (size_t i = 0; attributes[i] != NULL; i += 2) {
		size_t len = is_sum(attributes[i]) ? strlen(attributes[i + 1]) : 0;
		const char *at = len > 0
			? memmem(text + reading->start, reading->inside - reading->start,
				  attributes[i + 1], len)
			: NULL;

		if (at != NULL) {
			reading->sum = (size_t)(at - text);
			reading->sum_len = len;
		}
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void XMLCALL end_element(void *context, const XML_Char *name)
{
	struct reading *reading = context;
	struct spans *spans = reading->spans;
	const char *text = spans->text.data;
	size_t from = reading->inside, to = here(reading);
	char path[2 * NAME_SIZE];

	(void)name;
	reading->depth--;
	if (!reading->is_leaf || reading->depth == 0)
		return;
	reading->is_leaf = false;
	while (from < to && is_space(text[from]))
		from++;
	while (to > from && is_space(text[to - 1]))
		to--;
	if (strcmp(reading->name, "BmapFileChecksum") == 0 && to - from == 2 * SHA256_SIZE &&
		!reading->has_own_sum) {
		reading->has_own_sum = true;
		reading->own_sum = from;
		return;
	}
	if (strcmp(reading->name, "ChecksumType") == 0)
		reading->is_sha256 = to - from == 6 && memcmp(text + from, "sha256", 6) == 0;
	if (to - from > NAME_SIZE || strcmp(reading->name, "Range") != 0)
		snprintf(path, sizeof(path), "%s", reading->name);
	else
		snprintf(path, sizeof(path), "%s %.*s", reading->name, (int)(to - from),
			text + from);
	if (reading->sum_len > 0)
		spans_add(spans, path, reading->start, reading->sum, reading->sum_len,
			behind(reading));
	else
		spans_add(spans, path, reading->start, from, to - from, behind(reading));
	if (spans->kept.is_over)
		XML_StopParser(reading->parser, XML_FALSE);
}

/* The checksum is over the whole text, with zeros in its own place. */
static bool is_sum_right(const struct reading *reading)
{
	const struct buffer *text = &reading->spans->text;
	const char *at = text->data + reading->own_sum;
	size_t len = 2 * SHA256_SIZE;
	char zeros[2 * SHA256_SIZE];
	struct digest said, computed;
	struct hash hash;

	memset(zeros, '0', sizeof(zeros));
	hash_init(&hash);
	hash_update(&hash, text->data, reading->own_sum);
	hash_update(&hash, zeros, len);
	hash_update(&hash, at + len, text->len - reading->own_sum - len);
	hash_finish(&hash, &computed);
	hash_release(&hash);
	return digest_parse(at, len, &said) && digest_equal(&said, &computed);
}

/* Where the map's own checksum stands in the order of the items is known only at the end. */
static void add_sum(struct reading *reading)
{
	struct spans *spans = reading->spans;
	bool is_right = reading->is_sha256 && is_sum_right(reading);

	if (!reading->has_own_sum) {
		spans_add_field(spans, "bmap-checksum", "none that is checked here");
		return;
	}
	if (is_right)
		spans_add_derived(spans, "bmap-checksum", reading->own_sum, 2 * SHA256_SIZE);
	else
		spans_add_structure(
			spans, "bmap-checksum-invalid", reading->own_sum, 2 * SHA256_SIZE);
	if (!is_right)
		spans_add_field(spans, "bmap-checksum-invalid", "%s",
			reading->is_sha256 ? "does not fit" : "of a type that is not computed");
	spans_sort(spans);
}

/* In steps, so that no tag is so long that expat has to keep much of it. */
static enum status feed(struct reading *reading, struct error *err)
{
	const struct buffer *text = &reading->spans->text;
	XML_Parser parser = reading->parser;
	bool is_last = false;

	for (size_t fed = 0; !is_last;) {
		size_t len = text->len - fed < STEP ? text->len - fed : STEP;
		XML_Index at;

		is_last = fed + len == text->len;
		if (XML_Parse(parser, buffer_text(text) + fed, (int)len, is_last) != XML_STATUS_OK)
			return STATUS_FORMAT;
		fed += len;
		at = XML_GetCurrentByteIndex(parser);
		if (!is_last && fed - (at > 0 ? (size_t)at : 0) > TAG_BYTES_MAX)
			return error_set(
				err, STATUS_LIMIT, "a tag of more than %zu bytes", TAG_BYTES_MAX);
	}
	return STATUS_OK;
}

static enum status parse(struct reading *reading, struct error *err)
{
	XML_Parser parser = reading->parser;
	enum status status;

	XML_SetUserData(parser, reading);
	XML_SetElementHandler(parser, begin_element, end_element);
	XML_SetStartDoctypeDeclHandler(parser, refuse_doctype);
	status = feed(reading, err);
	if (status != STATUS_FORMAT)
		return status;
	if (reading->is_deep)
		return error_set(
			err, STATUS_LIMIT, "more than %d elements inside each other", DEPTH_MAX);
	if (kept_check(&reading->spans->kept, err) < 0)
		return err->status;
	if (reading->is_refused)
		return error_set(err, STATUS_UNSUPPORTED, "a document type is not read");
	return error_set(err, STATUS_FORMAT, "line %lu: %s", XML_GetCurrentLineNumber(parser),
		XML_ErrorString(XML_GetErrorCode(parser)));
}

static enum status bmap_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct reading reading = {0};
	enum status status;

	(void)name, (void)limits;
	status =
		spans_new(source, BMAP_BYTES_MAX, "bmap-element", "bmap-text", &reading.spans, err);
	if (status != STATUS_OK)
		return error_context(err, "bmap");
	reading.parser = XML_ParserCreate(NULL);
	if (reading.parser == NULL)
		status = error_set(err, STATUS_IO, "expat cannot start");
	else
		status = parse(&reading, err);
	if (reading.parser != NULL)
		XML_ParserFree(reading.parser);
	if (status != STATUS_OK) {
		spans_free(reading.spans);
		return error_context(err, "bmap");
	}
	add_sum(&reading);
	*members = &reading.spans->members;
	return STATUS_OK;
}

/* Comments of some length stand before the root element. */
static unsigned bmap_bid(const unsigned char *data, size_t len)
{
	if (len > BID_BYTES)
		len = BID_BYTES;
	return len > 5 && memcmp(data, "<?xml", 5) == 0 && memmem(data, len, "<bmap ", 6) != NULL
		? 88
		: 0;
}

const struct format format_bmap = {
	.name = "bmap",
	.bid_bytes = BID_BYTES,
	.is_lazy = true,
	.bid = bmap_bid,
	.open = bmap_open,
};
