/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_uuid.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "dbdiff/memory.h"
#include "dbdiff/read_named.h"

#define TEXT_MOST ((size_t)16 * 1024)
/* A root file system has two, one of them often a link; an image may hold several. */
#define FILES_MOST 64

/* [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}, and nothing behind it. */
static bool is_uuid(const char *text, size_t len)
{
	if (len != IMAGE_UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	}
	return true;
}

bool image_uuid_find(const char *text, size_t len, const char *key, char uuid[IMAGE_UUID_SIZE])
{
	size_t key_len = strlen(key);

	for (const char *line = text, *end = text + len, *next; line < end; line = next) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);
		const char *value = line + key_len + 1;

		next = line + length + 1;
		if (length <= key_len || strncmp(line, key, key_len) != 0 || line[key_len] != '=')
			continue;
		length -= key_len + 1;
		if (length >= 2 && (*value == '"' || *value == '\'') &&
			value[length - 1] == *value) {
			value++;
			length -= 2;
		}
		if (!is_uuid(value, length))
			return false;
		memcpy(uuid, value, length);
		uuid[length] = '\0';
		return true;
	}
	return false;
}

struct uuid_search {
	char uuid[IMAGE_UUID_SIZE]; /* "" while there is none */
};

static enum status take(void *context, const void *data, size_t len, struct error *err)
{
	struct uuid_search *search = context;
	char uuid[IMAGE_UUID_SIZE];

	if (!image_uuid_find(data, len, "IMAGE_UUID", uuid))
		return STATUS_OK;
	if (search->uuid[0] && strcmp(search->uuid, uuid) != 0)
		return error_set(
			err, STATUS_USAGE, "it has two image UUIDs, %s and %s", search->uuid, uuid);
	memcpy(search->uuid, uuid, sizeof(uuid));
	return STATUS_OK;
}

/* Of one published file; the search is as it was where it says nothing. */
static enum status search_file(const struct verification *verification, const struct file *file,
	struct uuid_search *search, struct error *err)
{
	const struct named_request request = {.basename = "os-release",
		.size_most = TEXT_MOST,
		.count_most = FILES_MOST,
		.take = take,
		.context = search};
	struct limits limits = verification->request->inspection.limits;
	struct digest digest;
	bool is_whole; /* a UUID that is not found leaves the comparison as it was */
	enum status status;
	int fd;

	memory_share(verification->request->inspection.memory, 1, &limits);
	if (file_set_open(&verification->published, file, &fd, err) < 0)
		return err->status;
	status = dbdiff_read_named(
		path_basename(file->name), fd, &limits, &request, &digest, &is_whole, err);
	close(fd);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "%s", file->name);
}

static enum status search_env(const struct verification *verification, const struct file *file,
	struct uuid_search *search, struct error *err)
{
	char text[TEXT_MOST];
	ssize_t got;
	int fd;

	if (file_set_open(&verification->published, file, &fd, err) < 0)
		return err->status;
	got = read(fd, text, sizeof(text));
	close(fd);
	if (got < 0)
		return error_set_errno(err, "%s", file->name);
	image_uuid_find(text, (size_t)got, "TARGET_IMAGE_UUID", search->uuid);
	return STATUS_OK;
}

static bool has_bytes(const struct file *file)
{
	return !file->problem && file->place != FILE_HASH_ONLY && !file->is_index;
}

/* The first file, by name, that tells one: of those that say it beside an image, or of images. */
static enum status search_files(const struct verification *verification, bool is_env,
	struct uuid_search *search, struct error *err)
{
	const struct file_set *published = &verification->published;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < published->count && !search->uuid[0] && status == STATUS_OK; i++) {
		const struct file *file = &published->files[i];

		if (has_bytes(file) && path_has_suffix(file->name, ".uuid.env") == is_env)
			status = is_env ? search_env(verification, file, search, err)
					: search_file(verification, file, search, err);
	}
	return status == STATUS_OK ? STATUS_OK
				   : error_context(err, "looking for the published image UUID");
}

enum status published_image_uuid(
	const struct verification *verification, char uuid[IMAGE_UUID_SIZE], struct error *err)
{
	struct uuid_search env = {{0}}, image = {{0}};

	if (search_files(verification, true, &env, err) < 0 ||
		search_files(verification, false, &image, err) < 0)
		return err->status;
	if (env.uuid[0] && image.uuid[0] && strcmp(env.uuid, image.uuid) != 0)
		return error_set(err, STATUS_USAGE,
			"what was published has two image UUIDs, %s in a .uuid.env and %s in an "
			"image",
			env.uuid, image.uuid);
	if (!env.uuid[0] && !image.uuid[0])
		return error_set(err, STATUS_USAGE,
			"no published artifact tells its image UUID (os-release, .uuid.env), which "
			"\"image_uuid: published\" asks for");
	memcpy(uuid, env.uuid[0] ? env.uuid : image.uuid, sizeof(env.uuid));
	return STATUS_OK;
}
