/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "verifier/report/json_member.h"

static void write_bytes(struct json *json, const char *key, const char *text)
{
	json_bytes(json, key, text, strlen(text));
}

static void write_digest(struct json *json, const char *key, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	if (digest == NULL) {
		json_none(json, key);
		return;
	}
	digest_hex(digest, hex);
	json_text(json, key, hex);
}

void report_json_bytes(struct json *json, const char *key, uint64_t bytes, bool is_unmeasured)
{
	if (is_unmeasured)
		json_none(json, key);
	else
		json_unsigned(json, key, bytes);
}

static void write_evidence(struct json *json, const struct difference *difference)
{
	json_array_begin(json, "evidence");
	for (size_t i = 0; i < difference->cause_count; i++) {
		const struct difference_cause *cause = &difference->causes[i];

		json_object_begin(json, NULL);
		json_text(json, "cause", cause->id);
		report_json_bytes(json, "bytes", cause->bytes, cause->is_unmeasured);
		json_text(json, "text", cause->evidence);
		json_object_end(json);
	}
	json_array_end(json);
}

void report_json_member(struct json *json, const char *key, const struct difference *difference)
{
	json_object_begin(json, key);
	write_bytes(json, "path", difference->path);
	json_text(json, "change", change_word(difference->change));
	json_bool(json, "inspected", difference->inspected);
	json_text(json, "reason", difference->reason);
	json_array_begin(json, "fields");
	for (size_t i = 0; i < difference->field_count; i++)
		write_bytes(json, NULL, difference->fields[i].name);
	json_array_end(json);
	json_array_begin(json, "causes");
	for (size_t i = 0; i < difference->cause_count; i++)
		json_text(json, NULL, difference->causes[i].id);
	json_array_end(json);
	json_text(json, "diff", difference->diff);
	json_array_begin(json, "values");
	for (size_t i = 0; i < difference->field_count; i++) {
		json_object_begin(json, NULL);
		write_bytes(json, "field", difference->fields[i].name);
		json_text(json, "published", difference->fields[i].published);
		json_text(json, "rebuilt", difference->fields[i].rebuilt);
		json_object_end(json);
	}
	json_array_end(json);
	json_unsigned(json, "occurrence", difference->occurrence);
	write_evidence(json, difference);
	json_object_begin(json, "sha256");
	write_digest(json, "published", difference->published);
	write_digest(json, "rebuilt", difference->rebuilt);
	json_object_end(json);
	json_object_end(json);
}
