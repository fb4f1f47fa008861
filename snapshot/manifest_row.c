/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/manifest_row.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/deb822.h"
#include "base/debversion.h"

#define WORD_BYTES_MAX 255

/* Not NUL-terminated; without a text it was not said. */
struct word {
	const char *text;
	size_t len;
};

struct words {
	struct word name, architecture, version, source, source_version;
};

static bool is_name(const struct word *word)
{
	if (word->len == 0 || word->len > WORD_BYTES_MAX)
		return false;
	for (size_t i = 0; i < word->len; i++) {
		char c = word->text[i];
		bool is_plain =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!is_plain && (i == 0 || (c != '+' && c != '-' && c != '.')))
			return false;
	}
	return true;
}

static bool is_version(const struct word *word)
{
	return word->len <= WORD_BYTES_MAX && debversion_is_valid(word->text, word->len);
}

static char *copy(const struct word *word)
{
	return word->text ? xstrndup(word->text, word->len) : NULL;
}

static void row_fill(struct manifest_package *row, const struct words *words)
{
	row->name = copy(&words->name);
	row->architecture = copy(&words->architecture);
	row->version = copy(&words->version);
	row->source = copy(&words->source);
	row->source_version = copy(&words->source_version);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The words between bars; false when they are not four. */
static bool bars_split(const char *text, size_t len, struct word words[4])
{
	size_t count = 0;

	while (count < 4) {
		const char *bar = memchr(text, '|', len);
		size_t part = bar ? (size_t)(bar - text) : len;

		words[count++] = (struct word){text, part};
		if (!bar)
			return count == 4;
		text = bar + 1;
		len -= part + 1;
	}
	return false;
}

/* "PACKAGE[:ARCHITECTURE]" */
static bool package_split(const struct word *package, struct words *words)
{
	const char *colon = package->len ? memchr(package->text, ':', package->len) : NULL;

	words->name = *package;
	if (!colon)
		return is_name(&words->name);
	words->name.len = (size_t)(colon - package->text);
	words->architecture = (struct word){colon + 1, package->len - words->name.len - 1};
	return is_name(&words->name) && is_name(&words->architecture);
}

/* "PACKAGE=VERSION", "PACKAGE VERSION", or the package alone. */
static bool plain_split(const char *text, size_t len, struct words *words)
{
	struct word package = {text, 0};
	size_t at;

	while (package.len < len && text[package.len] != '=' && !is_blank(text[package.len]))
		package.len++;
	if (!package_split(&package, words))
		return false;
	if (package.len == len)
		return true;
	at = package.len + 1;
	while (text[package.len] != '=' && at < len && is_blank(text[at]))
		at++;
	words->version = (struct word){text + at, len - at};
	return is_version(&words->version);
}

static bool line_split(const char *text, size_t len, struct words *words)
{
	struct word parts[4];

	if (!memchr(text, '|', len))
		return plain_split(text, len, words);
	if (!bars_split(text, len, parts) || !package_split(&parts[2], words))
		return false;
	words->source = parts[0];
	words->source_version = parts[1];
	words->version = parts[3];
	return is_name(&words->source) && is_version(&words->source_version) &&
		is_version(&words->version);
}

enum status manifest_row_read_line(
	const char *text, size_t len, struct manifest_package *row, struct error *err)
{
	struct words words = {0};

	if (!line_split(text, len, &words))
		return error_set(err, STATUS_FORMAT,
			"this is no package; a line is SOURCE|SOURCE VERSION|PACKAGE|VERSION, "
			"PACKAGE=VERSION or PACKAGE VERSION");
	row_fill(row, &words);
	return STATUS_OK;
}

static struct word field_word(const struct deb822_field *field)
{
	struct word word = {field->value, field->value_len};

	while (word.len && is_blank(word.text[word.len - 1]))
		word.len--;
	return word;
}

/* "NAME" or "NAME (VERSION)". */
static bool source_split(const struct word *value, struct words *words)
{
	const char *open = memchr(value->text, '(', value->len);

	words->source = *value;
	if (open) {
		if (value->text[value->len - 1] != ')')
			return false;
		words->source.len = (size_t)(open - value->text);
		words->source_version = (struct word){
			open + 1, (size_t)(value->text + value->len - 1 - (open + 1))};
	}
	while (words->source.len && is_blank(words->source.text[words->source.len - 1]))
		words->source.len--;
	return is_name(&words->source) && is_version(&words->source_version);
}

/* The last word of "install ok installed". */
static struct word state_last(struct word state)
{
	for (size_t i = state.len; i > 0; i--) {
		if (is_blank(state.text[i - 1]))
			return (struct word){state.text + i, state.len - i};
	}
	return state;
}

static bool is_one_of(const struct word *word, const char *const *texts)
{
	for (; *texts; texts++) {
		if (word->len == strlen(*texts) && memcmp(word->text, *texts, word->len) == 0)
			return true;
	}
	return false;
}

/*
 * What is in the way of a package that is there, or NULL when dpkg takes it for installed: its
 * state, or the second word, which is "reinstreq" for what must be installed anew. Triggers that
 * others await leave a package installed; one that awaits them itself satisfies nothing
 * (dpkg's spec/triggers.txt, "Statuses").
 */
static char *state_lacking(struct word status)
{
	static const char *const whole[] = {"installed", "triggers-pending", NULL};
	static const char *const sound[] = {"ok", NULL};
	struct word last = state_last(status), flag, told = last;
	size_t before = (size_t)(last.text - status.text);

	while (before > 0 && is_blank(status.text[before - 1]))
		before--;
	flag = state_last((struct word){status.text, before});
	if (is_one_of(&last, whole)) {
		if (is_one_of(&flag, sound))
			return NULL;
		told = (struct word){flag.text, (size_t)(last.text + last.len - flag.text)};
	}
	return xstrndup(told.text, told.len < 40 ? told.len : 40);
}

static enum status stanza_read(
	struct deb822 *stanza, struct words *words, struct word *state, struct error *err)
{
	struct deb822_field field;
	struct word from = {0};
	enum status status;

	while ((status = deb822_next(stanza, &field, err)) == STATUS_OK) {
		struct word *slot = deb822_is(&field, "Package") ? &words->name
			: deb822_is(&field, "Architecture")	 ? &words->architecture
			: deb822_is(&field, "Version")		 ? &words->version
			: deb822_is(&field, "Status")		 ? state
			: deb822_is(&field, "Source")		 ? &from
								 : NULL;

		if (slot)
			*slot = field_word(&field);
	}
	if (status < 0)
		return error_context(err, "in the stanza from here on");
	if (!is_name(&words->name) || !state->text)
		return error_set(err, STATUS_FORMAT,
			"a stanza without %s; is this dpkg's status file?",
			is_name(&words->name) ? "Status" : "a package's name");
	words->source = words->name;
	words->source_version = words->version;
	if (from.text && !source_split(&from, words))
		return error_set(err, STATUS_FORMAT, "the Source of %.*s makes no sense",
			(int)words->name.len, words->name.text);
	return STATUS_OK;
}

enum status manifest_row_read_stanza(
	const char *text, size_t len, struct manifest_package *row, struct error *err)
{
	static const char *const absent[] = {"not-installed", "config-files", NULL};
	struct words words = {0};
	struct word full = {0}, last;
	struct deb822 stanza;

	deb822_init(&stanza, text, len);
	if (deb822_at_end(&stanza))
		return STATUS_END;
	if (stanza_read(&stanza, &words, &full, err) < 0)
		return err->status;
	last = state_last(full);
	if (is_one_of(&last, absent))
		return STATUS_END;
	if (!is_version(&words.version) || !is_name(&words.architecture))
		return error_set(err, STATUS_FORMAT, "%.*s has no Version or Architecture",
			(int)words.name.len, words.name.text);
	row_fill(row, &words);
	row->state = state_lacking(full);
	return STATUS_OK;
}
