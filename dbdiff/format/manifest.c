/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of the packages of an image, one a line: ISAR's .manifest and .wic.manifest, which are
 * "SOURCE|SOURCE VERSION|PACKAGE[:ARCHITECTURE]|VERSION" or the package alone (isar,
 * meta/classes/rootfs.bbclass), and what dpkg-query -W prints: "PACKAGE<tab>VERSION". Each package
 * is a member.
 */
#include <string.h>

#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/package_name.h"

#define MANIFEST_BYTES_MAX ((size_t)8 << 20)
#define BID_BYTES	   1024

struct word {
	const char *text;
	size_t len;
};

struct line {
	struct word source, source_version; /* text is NULL when it has none */
	struct word package;
	struct word version; /* text is NULL when it has none */
};

static bool is_package(const struct word *word)
{
	const char *colon = memchr(word->text, ':', word->len);
	size_t len = colon != NULL ? (size_t)(colon - word->text) : word->len;

	return is_package_name(word->text, len) &&
		(colon == NULL || is_package_name(colon + 1, word->len - len - 1));
}

static bool is_version(const struct word *word)
{
	for (size_t i = 0; i < word->len; i++) {
		if (word->text[i] <= ' ' || word->text[i] >= 0x7f)
			return false;
	}
	return word->len > 0 && word->len < 1000;
}

/* The words between `separator`s, not more than `most`; 0 when there are more. */
static size_t split(const char *text, size_t len, char separator, struct word *words, size_t most)
{
	size_t count = 0;

	for (;;) {
		const char *at = memchr(text, separator, len);
		size_t part = at != NULL ? (size_t)(at - text) : len;

		if (count == most)
			return 0;
		words[count++] = (struct word){text, part};
		if (at == NULL)
			return count;
		text = at + 1;
		len -= part + 1;
	}
}

/* Without its newline. */
static bool read_line(const char *text, size_t len, struct line *line)
{
	struct word words[4];

	*line = (struct line){0};
	if (split(text, len, '|', words, 4) == 4) {
		*line = (struct line){words[0], words[1], words[2], words[3]};
		return is_package_name(line->source.text, line->source.len) &&
			is_version(&line->source_version) && is_package(&line->package) &&
			is_version(&line->version);
	}
	if (split(text, len, '\t', words, 2) == 2) {
		*line = (struct line){.package = words[0], .version = words[1]};
		return is_package(&line->package) && is_version(&line->version);
	}
	line->package = (struct word){text, len};
	return is_package(&line->package);
}

static size_t without_newline(const char *text, size_t len)
{
	return len > 0 && text[len - 1] == '\n' ? len - 1 : len;
}

static enum status manifest_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	const char *text = entries->text.data + entries->at;
	struct buffer usual = {0};
	struct line line;
	size_t len;

	*end = entries_line_end(entries, entries->at);
	len = without_newline(text, *end - entries->at);
	if (!read_line(text, len, &line))
		return error_set(err, STATUS_FORMAT, "line %lld is no package",
			(long long)entries->given + 1);
	buffer_add(&member->path, line.package.text, line.package.len);
	member_add_field(member, "type", "package");
	member_add_field(member, "package-version", "%.*s", (int)line.version.len,
		line.version.text != NULL ? line.version.text : "");
	if (line.source.text != NULL) {
		member_add_field(
			member, "package-source", "%.*s", (int)line.source.len, line.source.text);
		member_add_field(member, "package-source-version", "%.*s",
			(int)line.source_version.len, line.source_version.text);
	}
	buffer_add(&usual, text, len);
	buffer_add_char(&usual, '\n');
	entries_add_unusual(entries, member, *end, &usual);
	buffer_release(&usual);
	return STATUS_OK;
}

static enum status manifest_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct entries *entries;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, MANIFEST_BYTES_MAX, sizeof(*entries), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "manifest");
	entries->cut = manifest_cut;
	*members = &entries->members;
	return STATUS_OK;
}

/* By its name, and all lines are packages, of which the last may be cut. */
static unsigned manifest_bid(const struct candidate *candidate)
{
	static const char suffix[] = ".manifest";
	const char *name = path_basename(candidate->path);
	const char *text = (const char *)candidate->data;
	size_t len = strlen(name), left = candidate->len;
	const char *newline;
	struct line line;
	unsigned lines = 0;

	if (len <= strlen(suffix) || strcmp(name + len - strlen(suffix), suffix) != 0)
		return 0;
	for (; (newline = memchr(text, '\n', left)) != NULL; lines++) {
		if (!read_line(text, (size_t)(newline - text), &line))
			return 0;
		left -= (size_t)(newline - text) + 1;
		text = newline + 1;
	}
	return lines > 0 ? 16 : 0;
}

const struct format format_manifest = {
	.name = "manifest",
	.bid_bytes = BID_BYTES,
	.is_lazy = true,
	.bid_more = manifest_bid,
	.open = manifest_open,
};
