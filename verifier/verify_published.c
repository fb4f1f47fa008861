/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_published.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/number.h"
#include "base/path.h"

#define HASH_LIST_LIMIT ((size_t)16 * 1024 * 1024)

enum status published_get(const struct published_source *source, const char *url, uint64_t limit,
	struct digest *digest, uint64_t *size, struct error *err)
{
	char *clean;

	if (source->fetcher)
		return fetcher_get(
			source->fetcher, source->store, url, limit, digest, size, NULL, err);
	clean = escape_url_secrets(url);
	error_set(err, STATUS_NOT_FOUND,
		"%s is to be fetched, and this is offline: let the descriptor name a directory "
		"with what was published, or leave out --offline",
		clean);
	free(clean);
	return err->status;
}

static char hex_pair(const char *digits)
{
	int high = hex_value(digits[0]), low = high < 0 ? -1 : hex_value(digits[1]);

	if (low < 0)
		return '\0';
	return (char)(high << 4 | low);
}

char *published_directory(const struct release_published *published)
{
	static const char scheme[] = "file://";
	struct buffer path = {0};

	if (published->directory)
		return xstrdup(published->directory);
	if (!published->url || strncmp(published->url, scheme, strlen(scheme)) != 0)
		return NULL;
	/* As curl opens it: escapes undone. */
	for (const char *at = published->url + strlen(scheme); *at; at++) {
		char c = *at == '%' ? hex_pair(at + 1) : '\0';

		buffer_add_char(&path, c ? c : *at);
		at += c ? 2 : 0;
	}
	return buffer_detach(&path);
}

static enum status get_text(const struct published_source *source, const char *url, size_t limit,
	char **text, size_t *len, struct error *err)
{
	struct digest digest;

	if (published_get(source, url, limit, &digest, NULL, err) < 0)
		return err->status;
	return store_read_all(source->store, &digest, limit, text, len, err);
}

enum status published_read_hashes(const struct published_source *source,
	struct release_published *published, struct error *err)
{
	char *text = NULL;
	size_t len;
	enum status status;

	if (!published->sha256sums || !release_is_url(published->sha256sums))
		return STATUS_OK;
	status = get_text(source, published->sha256sums, HASH_LIST_LIMIT, &text, &len, err);
	if (status == STATUS_OK)
		status = release_read_hashes(published, published->sha256sums, text, len, err);
	free(text);
	return status;
}

static int compare_name(const void *name, const void *hash)
{
	return strcmp(name, ((const struct release_hash *)hash)->name);
}

const struct release_hash *published_find_hash(
	const struct release_published *published, const char *name)
{
	if (published->hash_count == 0)
		return NULL;
	return bsearch(name, published->hashes, published->hash_count, sizeof(published->hashes[0]),
		compare_name);
}

enum status published_check(const struct release_published *published, const char *name,
	const struct digest *digest, struct error *err)
{
	const struct release_hash *hash = published_find_hash(published, name);
	char want[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];

	if (!hash || digest_equal(&hash->digest, digest))
		return STATUS_OK;
	digest_hex(&hash->digest, want);
	digest_hex(digest, got);
	return error_set(err, STATUS_TRUST,
		"published %s has sha256 %s, but the hash list says %s: one of them was changed "
		"after publication; nothing was compared",
		name, got, want);
}

enum status published_read(const struct published_source *source,
	const struct release_published *published, const char *name, size_t limit, char **text,
	size_t *len, struct error *err)
{
	char *place;
	struct digest digest;
	enum status status;

	*text = NULL;
	if (published->sha256sums && !published_find_hash(published, name))
		return error_set(err, STATUS_TRUST,
			"the hash list does not name %s, so nothing says that it is what was "
			"published: it is not read",
			name);
	place = published->url ? xasprintf("%s/%s", published->url, name)
			       : path_join(published->directory, name);
	status = published->url ? get_text(source, place, limit, text, len, err)
				: path_read_file(place, limit, text, len, err);
	free(place);
	if (status == STATUS_OK) {
		hash_memory(*text, *len, &digest);
		status = published_check(published, name, &digest, err);
	}
	if (status < 0) {
		free(*text);
		*text = NULL;
	}
	return status;
}
