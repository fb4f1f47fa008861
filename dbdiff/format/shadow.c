/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/shadow and its backup (shadow(5)): each user is a member.
 *
 * A hash of a password that was salted anew cannot be told from one of another password, and a
 * report must not take the second for the first (trust T9). So a hash is only told as one that may
 * have another salt when it is shown to be of a password that anybody would try; where both sides
 * are of the same, nothing but the salt is another. Any other hash is told as what it is.
 */
#include <crypt.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"

#define SHADOW_BYTES_MAX ((size_t)1 << 20)
#define FIELD_COUNT	 9
#define USER_SIZE_MAX	 255
#define HASH_SIZE_MAX	 255
/* Trying takes time, which hashes are made for: so many of one file, and of all in an artifact. */
#define TRIED_MOST	  4
#define TRIED_IN_ALL_MOST 32
#define ROUNDS_MOST	  10000 /* twice as many as there are when none are said */

struct word {
	const char *text;
	size_t len;
};

struct shadow {
	struct entries entries; /* first */
	unsigned tried;		/* hashes */
};

/* `len` is without the newline. */
static bool read_user(const char *text, size_t len, struct word fields[FIELD_COUNT])
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const char *colon = memchr(text, ':', len);
		size_t part = colon != NULL ? (size_t)(colon - text) : len;

		if ((colon == NULL) != (i == FIELD_COUNT - 1))
			return false;
		fields[i] = (struct word){text, part};
		text += part + 1;
		len -= colon != NULL ? part + 1 : part;
	}
	return fields[0].len > 0 && fields[0].len <= USER_SIZE_MAX;
}

/* ---- the password ---- */

static bool is_of_hash(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '.' || c == '/';
}

/*
 * The length of the method and its parameters in front of the salt (crypt(5)), or 0 for what is no
 * such hash, or costs more than the usual to compute.
 */
static size_t method_length(const char *hash)
{
	static const char *const methods[] = {"$y$j9T$", "$6$", "$5$", "$1$"};
	static const char rounds[] = "rounds=";
	size_t len = 0, parts = 0;
	unsigned long number = 0;

	for (size_t i = 0; i < ARRAY_SIZE(methods) && len == 0; i++) {
		if (strncmp(hash, methods[i], strlen(methods[i])) == 0)
			len = strlen(methods[i]);
	}
	if (len == 0)
		return 0;
	if (strncmp(hash + len, rounds, strlen(rounds)) == 0) {
		len += strlen(rounds);
		for (; hash[len] >= '0' && hash[len] <= '9' && number <= ROUNDS_MOST; len++)
			number = number * 10 + (unsigned long)(hash[len] - '0');
		if (hash[len++] != '$' || number > ROUNDS_MOST || hash[1] == 'y' || hash[1] == '1')
			return 0;
	}
	for (const char *at = hash + len; *at != '\0'; at++) {
		parts += *at == '$';
		if (*at != '$' && !is_of_hash(*at))
			return 0;
	}
	return parts == 1 ? len : 0;
}

/* Whether one more may be tried, which counts it then. */
static bool may_try(struct shadow *shadow)
{
	const struct unpack_room *room = shadow->entries.members.room;
	struct unpack_costs *costs = room != NULL ? room->costs : NULL;

	if (shadow->tried >= TRIED_MOST || (costs != NULL && costs->hashes >= TRIED_IN_ALL_MOST))
		return false;
	shadow->tried++;
	if (costs != NULL)
		costs->hashes++;
	return true;
}

/* The password that it is the hash of, of those that anybody would try; or NULL. */
static const char *find_password(const char *user, const char *hash)
{
	const char *const passwords[] = {user, "root", "", "password", "debian", "cip", "isar",
		"admin", "test", "toor", "1234", "user"};
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(passwords) && found == NULL; i++) {
		const char *made = crypt_rn(passwords[i], hash, data, (int)sizeof(*data));

		if (made != NULL && strcmp(made, hash) == 0)
			found = passwords[i];
	}
	free(data);
	return found;
}

static void add_password(struct shadow *shadow, struct member *member, const struct word *user,
	const struct word *password)
{
	char name[USER_SIZE_MAX + 1] = "", hash[HASH_SIZE_MAX + 1] = "";
	const char *found = NULL;
	size_t method_len = 0;

	memcpy(name, user->text, user->len);
	if (password->len <= HASH_SIZE_MAX) {
		memcpy(hash, password->text, password->len);
		if (strlen(hash) == password->len)
			method_len = method_length(hash);
	}
	if (method_len > 0 && may_try(shadow))
		found = find_password(name, hash);
	if (found == NULL) {
		member_add_field_bytes(member, "password", password->text, password->len);
		return;
	}
	member_add_field(member, "password-method", "%.*s", (int)method_len, hash);
	member_add_field_bytes(member, "password-known", found, strlen(found));
	member_add_field(member, "password-hash", "%s", hash + method_len);
}

/* ---- the other fields ---- */

/* Of two days and more since 1970: it is when the password was set, unless 0 asks for another. */
static bool is_day(const struct word *word)
{
	for (size_t i = 0; i < word->len; i++) {
		if (word->text[i] < '0' || word->text[i] > '9' || word->text[0] == '0')
			return false;
	}
	return word->len >= 4 && word->len <= 6;
}

static enum status shadow_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	static const char *const names[FIELD_COUNT] = {"user", "password", "password-changed",
		"password-minimum", "password-maximum", "password-warning", "password-inactive",
		"password-expiry", "password-reserved"};
	const char *text = entries->text.data + entries->at;
	struct word fields[FIELD_COUNT];
	struct buffer usual = {0};
	size_t len;

	*end = entries_line_end(entries, entries->at);
	len = *end - entries->at;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (!read_user(text, len, fields))
		return error_set(
			err, STATUS_FORMAT, "line %lld is no user", (long long)entries->given + 1);
	member_set_name(member, fields[0].text, fields[0].len);
	member_add_field(member, "type", "user");
	add_password((struct shadow *)entries, member, &fields[0], &fields[1]);
	for (size_t i = 2; i < FIELD_COUNT; i++)
		member_add_field_bytes(member,
			i == 2 && is_day(&fields[i]) ? "password-changed-day" : names[i],
			fields[i].text, fields[i].len);
	buffer_add(&usual, text, len);
	buffer_add_char(&usual, '\n');
	entries_add_unusual(entries, member, *end, &usual);
	buffer_release(&usual);
	return STATUS_OK;
}

static enum status shadow_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct entries *entries;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, SHADOW_BYTES_MAX, sizeof(struct shadow), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "shadow");
	entries->cut = shadow_cut;
	*members = &entries->members;
	return STATUS_OK;
}

/* By its name, and by its lines, of which the last may be cut. */
static unsigned shadow_bid(const struct candidate *candidate)
{
	const char *text = (const char *)candidate->data;
	const char *name = path_basename(candidate->path);
	const char *newline;
	size_t left = candidate->len;
	struct word fields[FIELD_COUNT];
	unsigned users = 0;

	if (strcmp(name, "shadow") != 0 && strcmp(name, "shadow-") != 0)
		return 0;
	for (; (newline = memchr(text, '\n', left)) != NULL; text = newline + 1) {
		size_t len = (size_t)(newline - text);

		if (!read_user(text, len, fields))
			return 0;
		left -= len + 1;
		users++;
	}
	return users > 0 ? 18 : 0;
}

const struct format format_shadow = {
	.name = "shadow",
	.bid_bytes = 2048,
	.is_lazy = true,
	.bid_more = shadow_bid,
	.open = shadow_open,
};
