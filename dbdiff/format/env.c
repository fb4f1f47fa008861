/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of lines KEY=VALUE: os-release(5), environments of shells and units, and the .env files
 * that ISAR leaves beside an image. Each value is a member called by its key.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/shapes.h"

#define ENV_BYTES_MAX ((size_t)1 << 20)
#define KEY_SIZE_MAX  255

/* A line: [start, end) with its newline; the key, and where the value is, if it has them. */
struct line {
	size_t start, end;
	size_t key, key_len;
	size_t value, value_len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_key(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		(!is_first && ((c >= '0' && c <= '9') || c == '.' || c == '-'));
}

/* True when the line has a key and a value; false for anything else, with only its bounds set. */
static bool cut_line(const char *text, size_t len, size_t start, struct line *line)
{
	const char *newline = memchr(text + start, '\n', len - start);
	size_t end = newline != NULL ? (size_t)(newline - text) : len;
	size_t at = start;

	*line = (struct line){.start = start, .end = newline != NULL ? end + 1 : end};
	while (at < end && is_blank(text[at]))
		at++;
	if (end - at > 7 && memcmp(text + at, "export", 6) == 0 && is_blank(text[at + 6])) {
		for (at += 6; at < end && is_blank(text[at]); at++)
			;
	}
	line->key = at;
	while (at < end && is_key(text[at], at == line->key))
		at++;
	line->key_len = at - line->key;
	if (line->key_len == 0 || line->key_len > KEY_SIZE_MAX || at == end || text[at] != '=')
		return false;
	line->value = at + 1;
	line->value_len = end - line->value;
	return true;
}

static bool is_nothing(const char *text, const struct line *line)
{
	size_t at = line->start;

	while (at < line->end && (is_blank(text[at]) || text[at] == '\r'))
		at++;
	return at == line->end || text[at] == '\n' || text[at] == '#' || text[at] == ';';
}

/* ---- values that are known ---- */

static bool is_verity_salt(const char *text, size_t len)
{
	return len % 2 == 0 && len <= 512 && is_hex(text, len, len);
}

static bool is_root_hash(const char *text, size_t len)
{
	return is_hex(text, len, 64);
}

/* What a value of that key and shape is told as. */
static const struct known_value {
	const char *key;
	bool (*has_shape)(const char *text, size_t len);
	const char *field;
	bool is_of_verity; /* only in a .verity.env, which veritysetup's output was made into */
} known_values[] = {
	{"IMAGE_UUID", is_uuid, "image-uuid", false},
	{"TARGET_IMAGE_UUID", is_uuid, "image-uuid", false},
	{"BUILD_ID", is_source_version, "build-id-string", false},
	{"BUILD_ID", is_time, "build-time", false},
	{"UUID", is_uuid, "verity-uuid", true},
	{"SALT", is_verity_salt, "verity-salt", true},
	{"ROOT_HASH", is_root_hash, "quoted-root-hash", true},
};

/* Such a value is told without its quotes, which are a field of their own. */
static void add_value(
	struct member *member, const char *key, const char *value, size_t len, bool is_of_verity)
{
	bool is_quoted = len >= 2 && value[0] == '"' && value[len - 1] == '"';
	const char *inside = is_quoted ? value + 1 : value;
	size_t inside_len = is_quoted ? len - 2 : len;

	for (size_t i = 0; i < ARRAY_SIZE(known_values); i++) {
		const struct known_value *known = &known_values[i];

		if (strcmp(key, known->key) != 0 || (known->is_of_verity && !is_of_verity) ||
			!known->has_shape(inside, inside_len))
			continue;
		member_add_field_bytes(member, known->field, inside, inside_len);
		member_add_field(member, "quotes", "%s", is_quoted ? "\"" : "none");
		return;
	}
	member_add_field_bytes(member, "value", value, len);
}

/* ---- the container ---- */

struct env {
	struct entries entries; /* first */
	bool is_of_verity;
	struct key {
		size_t start, len; /* in the text */
	} * keys;
	size_t key_count, key_capacity;
};

/* ---- whether an order says anything ---- */

static bool is_free_of(const char *text, size_t len, const char *refused)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || strchr(refused, text[i]) != NULL)
			return false;
	}
	return true;
}

/* No shell and no service manager reads anything but this value from it. */
static bool is_plain(const char *value, size_t len)
{
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		return is_free_of(value + 1, len - 2, "\"$`\\");
	if (len >= 2 && value[0] == '\'' && value[len - 1] == '\'')
		return is_free_of(value + 1, len - 2, "'\\");
	return is_free_of(value, len, " \"'$`\\;&|<>()#~");
}

/* A line that is no setting may be any command. */
static void look_at_line(struct env *env, const struct line *line, bool is_setting)
{
	const char *text = env->entries.text.data;

	if (!is_setting && !is_nothing(text, line))
		env->entries.ordered = "lines that are no settings";
	if (is_setting && !is_plain(text + line->value, line->value_len))
		env->entries.ordered = "values that others may be part of";
	if (!is_setting)
		return;
	ARRAY_GROW(env->keys, env->key_count, env->key_capacity);
	env->keys[env->key_count++] = (struct key){line->key, line->key_len};
}

static int key_compare(const void *a, const void *b, void *context)
{
	const struct key *one = a, *other = b;
	const char *text = context;
	size_t least = one->len < other->len ? one->len : other->len;
	int order = memcmp(text + one->start, text + other->start, least);

	return order != 0 ? order : (one->len > other->len) - (one->len < other->len);
}

/* The last of two settings of one key is the one that counts. */
static void look_for_repeats(struct env *env)
{
	char *text = env->entries.text.data;

	if (env->key_count > 1)
		qsort_r(env->keys, env->key_count, sizeof(env->keys[0]), key_compare, text);
	for (size_t i = 1; i < env->key_count; i++) {
		if (key_compare(&env->keys[i - 1], &env->keys[i], text) == 0)
			env->entries.ordered = "keys that are there more than once";
	}
}

/* Once, in front of the first entry. */
static void look_through(struct env *env)
{
	struct line line;

	for (size_t at = 0; at < env->entries.text.len; at = line.end) {
		bool is_setting =
			cut_line(env->entries.text.data, env->entries.text.len, at, &line);

		look_at_line(env, &line, is_setting);
	}
	look_for_repeats(env);
}

static void env_release(struct entries *entries)
{
	free(((struct env *)entries)->keys);
}

static enum status env_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	const char *text = entries->text.data;
	struct buffer usual = {0};
	char key[KEY_SIZE_MAX + 1] = "";
	struct line line;
	size_t at = entries->at;

	(void)err;
	while (!cut_line(text, entries->text.len, at, &line)) {
		at = line.end;
		if (at == entries->text.len) {
			entries_set_end(entries, member, end);
			return STATUS_OK;
		}
	}
	memcpy(key, text + line.key, line.key_len);
	member_set_name(member, key, line.key_len);
	member_add_field(member, "type", "value");
	if (line.start > entries->at)
		member_add_field_bytes(
			member, "lines-before", text + entries->at, line.start - entries->at);
	add_value(member, key, text + line.value, line.value_len,
		((const struct env *)entries)->is_of_verity);
	*end = line.end;
	buffer_add(&usual, text + entries->at, line.start - entries->at);
	buffer_add_format(&usual, "%s=", key);
	buffer_add(&usual, text + line.value, line.value_len);
	buffer_add_char(&usual, '\n');
	entries_add_unusual(entries, member, *end, &usual);
	buffer_release(&usual);
	return STATUS_OK;
}

static enum status env_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct entries *entries;
	enum status status;

	(void)limits;
	status = entries_new(source, ENV_BYTES_MAX, sizeof(struct env), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "env");
	((struct env *)entries)->is_of_verity = path_has_suffix(name, ".verity.env");
	entries->cut = env_cut;
	entries->release = env_release;
	look_through((struct env *)entries);
	*members = &entries->members;
	return STATUS_OK;
}

/* Files of that kind are known by their names. */
static bool has_name(const char *path)
{
	static const char *const names[] = {"os-release", "initrd-release", "lsb-release",
		"machine-info", "locale.conf", "vconsole.conf", "environment"};
	const char *name = path_basename(path);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return path_has_suffix(name, ".env") || strstr(path, "etc/default/") != NULL;
}

/* By its name, and by its first lines, of which the last may be cut. */
static unsigned env_bid(const struct candidate *candidate)
{
	const char *text = (const char *)candidate->data;
	struct line line;
	unsigned keys = 0;

	if (!has_name(candidate->path))
		return 0;
	for (size_t at = 0; at < candidate->len; at = line.end) {
		if (cut_line(text, candidate->len, at, &line))
			keys++;
		else if (!is_nothing(text, &line) && text[line.end - 1] == '\n')
			return 0;
	}
	return keys > 0 && memchr(text, '\0', candidate->len) == NULL ? 12 : 0;
}

const struct format format_env = {
	.name = "env",
	.bid_bytes = 2048,
	.is_lazy = true,
	.bid_more = env_bid,
	.open = env_open,
};
