/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations of a kernel, as its build writes them (Documentation/kbuild/kconfig.rst):
 * /boot/config-*, .config, and the one that is inside a kernel. Each option is a member.
 */
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"

#define CONFIG_BYTES_MAX ((size_t)4 << 20)
#define NAME_SIZE_MAX	 255

static const char comment[] = "# ", is_not_set[] = "is not set";

struct option {
	const char *name;
	size_t name_len;
	const char *value; /* NULL when it is not set */
	size_t value_len;
};

static bool starts(const char *text, size_t len, const char *begin)
{
	size_t begin_len = strlen(begin);

	return len >= begin_len && memcmp(text, begin, begin_len) == 0;
}

/* The length of CONFIG_NAME at the beginning, or 0. */
static size_t name_length(const char *text, size_t len)
{
	size_t at = strlen("CONFIG_");

	if (!starts(text, len, "CONFIG_"))
		return 0;
	while (at < len &&
		((text[at] >= 'A' && text[at] <= 'Z') || (text[at] >= 'a' && text[at] <= 'z') ||
			(text[at] >= '0' && text[at] <= '9') || text[at] == '_'))
		at++;
	return at > strlen("CONFIG_") && at <= NAME_SIZE_MAX ? at : 0;
}

/* `len` is without the newline. */
static bool read_option(const char *text, size_t len, struct option *option)
{
	bool is_comment = starts(text, len, comment);
	size_t name_len, rest;

	if (is_comment) {
		text += strlen(comment);
		len -= strlen(comment);
	}
	name_len = name_length(text, len);
	rest = len - name_len;
	*option = (struct option){.name = text, .name_len = name_len};
	if (name_len == 0)
		return false;
	if (is_comment)
		return rest == 1 + strlen(is_not_set) && text[name_len] == ' ' &&
			memcmp(text + name_len + 1, is_not_set, rest - 1) == 0;
	if (rest == 0 || text[name_len] != '=')
		return false;
	option->value = text + name_len + 1;
	option->value_len = rest - 1;
	return true;
}

static size_t without_newline(const char *text, size_t len)
{
	return len > 0 && text[len - 1] == '\n' ? len - 1 : len;
}

/* Options in which the build writes down which tools it found: a number, or a text. */
static bool is_tool_version(const struct option *option)
{
	static const char *const names[] = {"CC_VERSION_TEXT", "GCC_VERSION", "CLANG_VERSION",
		"AS_VERSION", "LD_VERSION", "LLD_VERSION", "PAHOLE_VERSION", "RUSTC_VERSION",
		"RUSTC_LLVM_VERSION", "RUSTC_VERSION_TEXT", "BINDGEN_VERSION_TEXT"};
	const char *name = option->name + strlen("CONFIG_");
	size_t len = option->name_len - strlen("CONFIG_");
	const char *value = option->value;
	bool is_text = len > 5 && memcmp(name + len - 5, "_TEXT", 5) == 0;
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		is_known =
			is_known || (strlen(names[i]) == len && memcmp(names[i], name, len) == 0);
	if (!is_known || value == NULL || option->value_len == 0)
		return false;
	if (is_text)
		return option->value_len > 2 && value[0] == '"' &&
			value[option->value_len - 1] == '"';
	for (size_t i = 0; i < option->value_len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
	}
	return true;
}

static void add_option(struct member *member, const struct option *option, struct buffer *usual)
{
	member_set_name(member, option->name, option->name_len);
	member_add_field(member, "type", "option");
	if (option->value == NULL) {
		member_add_field(member, "option", "%s", is_not_set);
		buffer_add_format(usual, "%s%.*s %s\n", comment, (int)option->name_len,
			option->name, is_not_set);
		return;
	}
	member_add_field_bytes(member, is_tool_version(option) ? "tool-version" : "option",
		option->value, option->value_len);
	if (option->value_len == strlen(is_not_set) &&
		memcmp(option->value, is_not_set, option->value_len) == 0) {
		buffer_clear(usual); /* a value that would be told as none */
		return;
	}
	buffer_add_format(usual, "%.*s=", (int)option->name_len, option->name);
	buffer_add(usual, option->value, option->value_len);
	buffer_add_char(usual, '\n');
}

static enum status config_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	const char *text = entries->text.data;
	struct buffer usual = {0};
	struct option option;
	size_t at = entries->at;

	(void)err;
	for (;; at = *end) {
		if (at == entries->text.len) {
			entries_set_end(entries, member, end);
			return STATUS_OK;
		}
		*end = entries_line_end(entries, at);
		if (read_option(text + at, without_newline(text + at, *end - at), &option))
			break;
	}
	buffer_add(&usual, text + entries->at, at - entries->at);
	add_option(member, &option, &usual);
	if (at > entries->at)
		member_add_field_bytes(
			member, "lines-before", text + entries->at, at - entries->at);
	entries_add_unusual(entries, member, *end, &usual);
	buffer_release(&usual);
	return STATUS_OK;
}

static enum status config_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct entries *entries;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, CONFIG_BYTES_MAX, sizeof(*entries), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "kernel configuration");
	entries->cut = config_cut;
	*members = &entries->members;
	return STATUS_OK;
}

static bool has_name(const char *name)
{
	size_t len = strlen(name);

	return strncmp(name, "config-", 7) == 0 || strcmp(name, "config") == 0 ||
		(len >= 7 && strcmp(name + len - 7, ".config") == 0);
}

/* By its name, and by its first lines: options, comments, and nothing else; the last may be cut. */
static unsigned config_bid(const struct candidate *candidate)
{
	const char *text = (const char *)candidate->data;
	const char *newline;
	size_t left = candidate->len;
	struct option option;
	unsigned options = 0;

	if (!has_name(path_basename(candidate->path)))
		return 0;
	for (; (newline = memchr(text, '\n', left)) != NULL; text = newline + 1) {
		size_t len = (size_t)(newline - text);

		left -= len + 1;
		if (read_option(text, len, &option))
			options++;
		else if (len > 0 && text[0] != '#')
			return 0;
	}
	return options > 0 ? 18 : 0;
}

const struct format format_kernel_config = {
	.name = "kernel-config",
	.bid_bytes = 2048,
	.is_lazy = true,
	.bid_more = config_bid,
	.open = config_open,
};
