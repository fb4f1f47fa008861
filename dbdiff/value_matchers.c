/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "dbdiff/matcher.h"

static const char *value_of(const struct matching *matching, const struct claim *claim, int side)
{
	return matching->sides[side].data + claim->start[side];
}

/* ---- identifiers ---- */

/*
 * The identity of the image where its key says so. Elsewhere it is some UUID, which becomes the
 * image's when the same two are found to be that (dbdiff/claims.c).
 */
static bool accept_uuid(const struct matching *matching, struct claim *claim)
{
	static const char *const keys[] = {"IMAGE_UUID", "TARGET_IMAGE_UUID", NULL};
	const char *key;
	size_t len = value_key(matching, PUBLISHED, claim->start[PUBLISHED], &key);

	claim->cause = key_is(key, len, keys) ? "image-uuid" : "uuid";
	claim_set_values(matching, claim, "UUID");
	return true;
}

/* The root hash or the salt of dm-verity, where its key says so; whether it is one is not known. */
static const char *verity_cause(const struct matching *matching, const struct claim *claim)
{
	static const char *const roots[] = {"ROOT_HASH", "roothash", "root-hash", "usrhash", NULL};
	/* cip.verity_root_options=…,hash=… */
	static const char *const options[] = {"hash", NULL};
	static const char *const salts[] = {"SALT", NULL};
	const struct stretch *text = &matching->sides[PUBLISHED];
	const char *key;
	size_t len = value_key(matching, PUBLISHED, claim->start[PUBLISHED], &key);
	bool is_of_verity = memmem(text->data, claim->start[PUBLISHED], "verity", 6) != NULL;

	if (claim->len[PUBLISHED] < 64)
		return NULL;
	if (key_is(key, len, roots) || (is_of_verity && key_is(key, len, options)))
		return "quoted-root-hash";
	return is_of_verity && key_is(key, len, salts) ? "verity-salt" : NULL;
}

/* Claimed for now: whoever has both indexes looks whether it is one (dbdiff/claims.c). */
static bool accept_digest(const struct matching *matching, struct claim *claim)
{
	const char *cause = verity_cause(matching, claim);

	if (claim->len[PUBLISHED] != 64 && cause == NULL)
		return false;
	claim->cause = cause != NULL ? cause : "embedded-digest";
	claim_set_values(matching, claim, cause != NULL ? cause : "SHA-256");
	return true;
}

static bool has_part(const char *text, size_t len, const char *part)
{
	return memmem(text, len, part, strlen(part)) != NULL;
}

/* A commit id or a version may be anything: one must be of a form that only git describe writes. */
static bool accept_source_version(const struct matching *matching, struct claim *claim)
{
	static const char *const keys[] = {"BUILD_ID", "GIT_COMMIT", "COMMIT", "REVISION",
		"VCS_REF", "GIT_DESCRIBE", "SOURCE_VERSION", NULL};
	const char *key;
	size_t len = value_key(matching, PUBLISHED, claim->start[PUBLISHED], &key);
	bool is_described = false;

	for (int side = 0; side < SIDES; side++) {
		const char *value = value_of(matching, claim, side);

		is_described = is_described || has_part(value, claim->len[side], "-dirty") ||
			has_part(value, claim->len[side], "-g");
	}
	if (!is_described && !key_is(key, len, keys))
		return false;
	claim->cause = "build-id-string";
	claim_set_values(matching, claim, "source version");
	return true;
}

/* ---- times, and what holds some ---- */

static bool is_number(const char *text, size_t len)
{
	while (len > 0 && is_digit(text[len - 1]))
		len--;
	return len == 0;
}

/*
 * SOURCE_DATE_EPOCH=…, "build_time": …; but not update=…, nor expiry_date=…, which say when
 * something is to happen.
 */
static bool says_time(const char *key, size_t len)
{
	static const char *const tails[] = {"time", "date", "epoch", "stamp", "created", "built",
		"modified", "generated", "compiled"};
	static const char *const others[] = {
		"expir", "valid", "until", "update", "next", "start", "end", "min", "max"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (has_word(key, len, others[i]))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		size_t tail = strlen(tails[i]);

		if (len >= tail && strncasecmp(key + len - tail, tails[i], tail) == 0)
			return true;
	}
	return false;
}

/* What a setting, or a file of nothing else, is called that holds when something was built. */
static bool says_build_time(const char *key, size_t len)
{
	static const char *const keys[] = {"BUILD_DATE", "BUILD_TIME", "BUILD_TIMESTAMP",
		"BUILD-DATE", "BUILD-TIME", "BUILD-TIMESTAMP", "BUILDDATE", "BUILDTIME",
		"IMAGE_BUILD_DATE", "IMAGE_BUILD_TIME", "SOURCE_DATE_EPOCH", NULL};

	return key_is(key, len, keys);
}

/* A part of a version or of a path: another package or pin, not the clock's time. */
static bool is_part_of_name(const struct matching *matching, const struct claim *claim)
{
	char before = claim->start[PUBLISHED] > 0
		? matching->sides[PUBLISHED].data[claim->start[PUBLISHED] - 1]
		: '\0';

	return before != '\0' && strchr("/+~.-_%", before) != NULL;
}

/* Between NUL bytes and not between ends of lines, as a compiler leaves it. */
static bool is_string_of_c(const struct matching *matching, const struct claim *claim)
{
	for (int side = 0; side < SIDES; side++) {
		const char *data = matching->sides[side].data;
		size_t at = claim->start[side];

		while (at > 0 && data[at - 1] != '\n' && data[at - 1] != '\0')
			at--;
		if (at == 0 || data[at - 1] == '\n')
			return false;
	}
	return true;
}

/* That it is when something was made, and not when something is to happen. */
static bool is_time_of_build(const struct matching *matching, const struct claim *claim)
{
	const char *key;
	size_t len = value_key(matching, PUBLISHED, claim->start[PUBLISHED], &key);
	/* Else it is the file's name. */
	bool is_key_in_text = len > 0 && claim->start[PUBLISHED] > 1;
	bool is_program = is_script(matching) || is_named_source(matching->path);

	if (is_program || is_acted_on(matching))
		return is_first_remark(matching, claim) ||
			(!is_program && says_build_time(key, len));
	if (is_document(matching))
		return true;
	/* What it is was not seen. */
	if (matching_beginning(matching, PUBLISHED)->offset > 0 ||
		matching_beginning(matching, REBUILT)->offset > 0)
		return is_string_of_c(matching, claim);
	return !is_key_in_text || says_time(key, len);
}

static bool accept_time(const struct matching *matching, struct claim *claim)
{
	const char *key;
	size_t len;

	/* What of a log is one stands in dbdiff/log_matcher.c. */
	if (is_part_of_name(matching, claim) || is_log(matching))
		return false;
	if (claim->len[PUBLISHED] == 10 && is_number(value_of(matching, claim, PUBLISHED), 10)) {
		len = value_key(matching, PUBLISHED, claim->start[PUBLISHED], &key);
		if (!says_time(key, len))
			return false;
	}
	claim->cause = "embedded-timestamp";
	claim_set_values(matching, claim, "time");
	return is_time_of_build(matching, claim);
}

/* The stamp with its number and its times left out. */
static void add_rest(
	const struct matching *matching, const struct claim *claim, int side, struct buffer *out)
{
	struct stretch text = {value_of(matching, claim, side), claim->len[side], 0};
	size_t at = 1;

	while (at < text.len && is_digit(text.data[at]))
		at++;
	add_without_times(out, &text, at);
}

/* Only the counter and the time of a kernel's build: another version of it is no stamp. */
static bool accept_kernel_stamp(const struct matching *matching, struct claim *claim)
{
	struct buffer rests[SIDES] = {0};
	bool is_same;

	for (int side = 0; side < SIDES; side++)
		add_rest(matching, claim, side, &rests[side]);
	is_same = rests[PUBLISHED].len == rests[REBUILT].len && rests[PUBLISHED].len > 0 &&
		memchr(rests[PUBLISHED].data, '\0', rests[PUBLISHED].len) != NULL &&
		memcmp(rests[PUBLISHED].data, rests[REBUILT].data, rests[PUBLISHED].len) == 0;
	for (int side = 0; side < SIDES; side++)
		buffer_release(&rests[side]);
	claim->cause = "kernel-build-stamp";
	claim_set_values(matching, claim, "stamp");
	return is_same;
}

static bool accept_kernel_builder(const struct matching *matching, struct claim *claim)
{
	claim->cause = "kernel-build-stamp";
	claim_set_values(matching, claim, "builder");
	return true;
}

static bool accept_tool_version(const struct matching *matching, struct claim *claim)
{
	claim->cause = "toolchain-version";
	claim_set_values(matching, claim, "tool");
	return true;
}

/* What is surer stands first. */
const struct value_matcher value_matchers[] = {
	{36, parse_uuid, accept_uuid},
	{128, parse_hex, accept_digest},
	{256, parse_kernel_stamp, accept_kernel_stamp},
	{160, parse_kernel_builder, accept_kernel_builder},
	{256, parse_tool_version, accept_tool_version},
	{48, parse_log_value, accept_log_value},
	{48, parse_time, accept_time},
	{64, parse_source_version, accept_source_version},
	{512, parse_build_path, accept_build_path},
	{0, NULL, NULL},
};
