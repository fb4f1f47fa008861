/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of file system formats: a tree with everything in it, and what an image lists. */
#ifndef TESTS_UNIT_FILESYSTEM_IMAGE_H
#define TESTS_UNIT_FILESYSTEM_IMAGE_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

/* A flipped byte can make a file huge; the walker has its own limit. */
#define CONTENT_MAX ((uint64_t)16 << 20)

struct listed {
	char *path;
	struct buffer fields;
	bool has_content;
	char sha256[SHA256_HEX_SIZE];
};

struct listing {
	struct listed *items;
	size_t count, capacity;
	struct listed container; /* what the image says of itself; its path is "" */
	enum status status;	 /* STATUS_END when all was listed */
	struct error err;
};

extern char **environ;

static struct error failure; /* what a test does not look at */
static char *directory;	     /* of this test, and the working directory */

__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
	va_list arguments;
	char *command = NULL;
	const char *argv[] = {"sh", "-ec", NULL, NULL};
	pid_t pid;
	int ended = -1;

	va_start(arguments, format);
	ck_assert_int_ge(vasprintf(&command, format, arguments), 0);
	va_end(arguments);
	argv[2] = command;
	ck_assert_int_eq(posix_spawnp(&pid, "sh", NULL, NULL, (char *const *)argv, environ), 0);
	ck_assert_int_eq(waitpid(pid, &ended, 0), pid);
	ck_assert_msg(ended == 0, "failed: %s", command);
	free(command);
}

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	struct error err;

	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

static void set_xattr(const char *path, const char *name, const void *value, size_t len)
{
	ck_assert_msg(lsetxattr(path, name, value, len, 0) == 0, "%s on %s", name, path);
}

/* Every type, hard links, sparse and empty files, long links, many entries, all xattr classes. */
static void make_tree(void)
{
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};

	sh("mkdir -p tree/d/e tree/many tree/empty; cd tree; umask 022; echo hi >a; ln a d/hard;"
	   "ln -s a s; ln -s \"$(printf %%0200d 7)\" long; ln -s /x d/fast; : >nothing;"
	   "mknod c c 5 300; mknod b b 8 1; mkfifo p; head -c 700000 /dev/urandom >big;"
	   "printf begin >sparse; for i in 1 2 3 4 5 6 7 8 9; do "
	   "printf $i | dd of=sparse bs=1 seek=${i}00000 conv=notrunc status=none; done;"
	   "head -c 131072 /dev/zero >zeros; head -c 131072 /dev/urandom >block;"
	   "for i in $(seq 700); do echo $i >many/a-name-that-is-not-short-$i; done;"
	   "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")';"
	   "printf 'x' >\"$(printf 'odd\\n\\\\name\\377')\"; chown 1234:70000 big; chmod 4750 a;"
	   "chmod 1777 d; touch -h -d '2001-02-03 04:05:06 UTC' big s d");
	set_xattr("tree/a", "user.small", "val\0ue\\", 7);
	set_xattr("tree/d", "user.empty", "", 0);
	set_xattr("tree/big", "trusted.key", "t", 1);
	set_xattr("tree/big", "security.capability", capability, sizeof(capability));
}

/* Hashes what the members gave last into its place in the listing. */
static void list_content(struct members *members, const struct member *member, struct listed *item,
	struct listing *listing)
{
	struct source *content = NULL;
	const unsigned char *window;
	size_t len = 0;
	struct hash hash;
	struct digest digest;

	hash_init(&hash);
	listing->status = members->ops->open(members, &content, &listing->err);
	while (listing->status == STATUS_OK) {
		listing->status = source_peek(content, 1, &window, &len, &listing->err);
		if (listing->status < 0 || len == 0)
			break;
		hash_update(&hash, window, len);
		ck_assert_int_eq(source_skip(content, len, &failure), STATUS_OK);
	}
	if (listing->status == STATUS_OK)
		ck_assert_uint_eq(content->offset, member->size);
	source_free(content);
	hash_finish(&hash, &digest);
	hash_release(&hash);
	digest_hex(&digest, item->sha256);
}

static struct listing list_source(const struct format *format, struct source *source)
{
	struct listing listing = {0};
	struct members *members = NULL;
	struct member member = {0};

	listing.status = format->open(source, "image", &limits_default, &members, &listing.err);
	while (listing.status == STATUS_OK) {
		struct listed *item;

		listing.status = members->ops->next(members, &member, &listing.err);
		if (listing.status != STATUS_OK)
			break;
		ARRAY_GROW(listing.items, listing.count, listing.capacity);
		item = &listing.items[listing.count++];
		*item = (struct listed){.path = xstrdup(buffer_text(&member.path))};
		buffer_add(&item->fields, member.fields.data, member.fields.len);
		item->has_content = member.has_content;
		if (member.has_content && member.size <= CONTENT_MAX)
			list_content(members, &member, item, &listing);
	}
	if (members) {
		if (members->ops->describe) {
			member_clear(&member);
			members->ops->describe(members, &member);
			buffer_add(&listing.container.fields, buffer_text(&member.fields),
				member.fields.len);
		}
		/* What ended the walk stays. */
		if (listing.status == STATUS_END)
			ck_assert_int_eq(
				members->ops->next(members, &member, &listing.err), STATUS_END);
		members->ops->free(members);
	}
	member_release(&member);
	return listing;
}

static struct listing list_image(const struct format *format, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	struct source *source;
	struct listing listing;
	const unsigned char *window;
	size_t len;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &info), 0);
	source = source_file_new(fd, (uint64_t)info.st_size);
	ck_assert_int_eq(
		source_peek(source, format->bid_bytes, &window, &len, &failure), STATUS_OK);
	ck_assert_uint_gt(format->bid(window, len), 0);
	ck_assert_uint_eq(format->bid(window, 20), 0);
	listing = list_source(format, source);
	source_free(source);
	close(fd);
	return listing;
}

static void listing_release(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->items[i].path);
		buffer_release(&listing->items[i].fields);
	}
	buffer_release(&listing->container.fields);
	free(listing->items);
}

static const struct listed *listed_find(const struct listing *listing, const char *path)
{
	if (path[0] == '\0')
		return &listing->container;
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->items[i].path, path) == 0)
			return &listing->items[i];
	return NULL;
}

/* The value of a field, or NULL. */
static const char *listed_field(const struct listing *listing, const char *path, const char *name)
{
	const struct listed *item = listed_find(listing, path);

	for (size_t at = 0; item && at < item->fields.len;) {
		const char *key = item->fields.data + at;
		const char *value = key + strlen(key) + 1;

		if (strcmp(key, name) == 0)
			return value;
		at += strlen(key) + strlen(value) + 2;
	}
	return NULL;
}

/* Text equality where NULL is a text of its own. */
static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ---- an image against the tree it was made from ---- */

static const struct listing *compared;
static size_t compared_count;

#define FIELD_IS(name, ...)                                                                        \
	do {                                                                                       \
		char *want_ = xasprintf(__VA_ARGS__);                                              \
		const char *got_ = listed_field(compared, member, name);                           \
		ck_assert_msg(got_ &&strcmp(got_, want_) == 0, "%s: %s is %s and not %s", member,  \
			name, got_ ? got_ : "absent", want_);                                      \
		free(want_);                                                                       \
	} while (0)

static const char *word_of_type(mode_t mode)
{
	if (S_ISDIR(mode))
		return "directory";
	if (S_ISFIFO(mode))
		return "fifo";
	if (S_ISCHR(mode))
		return "character-device";
	if (S_ISBLK(mode))
		return "block-device";
	if (S_ISLNK(mode))
		return "symlink";
	return S_ISREG(mode) ? "file" : "socket";
}

static int compare_file(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
	const char *member = path[4] ? path + 5 : "/"; /* "tree/…" */
	const struct listed *item = listed_find(compared, member);
	char text[CLOCK_TEXT_SIZE], target[512] = "", hex[SHA256_HEX_SIZE];
	struct digest digest;

	(void)flag;
	(void)walk;
	ck_assert_msg(item != NULL, "%s is not listed", member);
	compared_count++;
	FIELD_IS("type", "%s", word_of_type(info->st_mode));
	FIELD_IS("mode", "%04o", info->st_mode & 07777);
	FIELD_IS("uid", "%u", info->st_uid);
	FIELD_IS("gid", "%u", info->st_gid);
	clock_format(info->st_mtime, text);
	/* mke2fs -d gives the root the time of its making. */
	if (path[4] || !listed_find(compared, "lost+found"))
		FIELD_IS("mtime", "%s", text);
	ck_assert(item->has_content == S_ISREG(info->st_mode));
	if (S_ISREG(info->st_mode)) {
		FIELD_IS("size", "%" PRIu64, (uint64_t)info->st_size);
		ck_assert_int_eq(hash_file(path, &digest, NULL, &failure), STATUS_OK);
		digest_hex(&digest, hex);
		ck_assert_msg(strcmp(hex, item->sha256) == 0, "content of %s", path);
	} else if (S_ISLNK(info->st_mode)) {
		ck_assert_int_gt(readlink(path, target, sizeof(target) - 1), 0);
		FIELD_IS("link-target", "%s", target);
	} else if (S_ISCHR(info->st_mode) || S_ISBLK(info->st_mode)) {
		FIELD_IS("device", "%u:%u", major(info->st_rdev), minor(info->st_rdev));
	}
	return 0;
}

/* `extra` members are not in the tree. */
static void compare_tree(const struct listing *listing, size_t extra)
{
	const char *member = "a";

	ck_assert_msg(listing->status == STATUS_END, "%s", listing->err.text);
	compared = listing;
	compared_count = 0;
	ck_assert_int_eq(nftw("tree", compare_file, 16, FTW_PHYS), 0);
	ck_assert_uint_eq(listing->count, compared_count + extra);
	ck_assert_str_eq(listing->items[0].path, "/");
	if (listed_field(listing, "a", "hard-link")) {
		FIELD_IS("hard-link", "d/hard");
		ck_assert_ptr_null(listed_field(listing, "d/hard", "hard-link"));
	} else {
		member = "d/hard";
		FIELD_IS("hard-link", "a");
		member = "a";
	}
	FIELD_IS("xattr:user.small", "val\\x00ue\\");
	member = "d";
	FIELD_IS("xattr:user.empty", "%s", "");
	member = "big";
	FIELD_IS("xattr:trusted.key", "t");
	ck_assert_ptr_nonnull(listed_field(listing, "big", "xattr:security.capability"));
	ck_assert_ptr_null(listed_field(listing, "big", "hard-link"));
}

/* ---- damage ---- */

static unsigned char *read_image(const char *path, size_t *len)
{
	char *data = NULL;

	ck_assert_int_eq(path_read_file(path, (size_t)64 << 20, &data, len, &failure), STATUS_OK);
	return (unsigned char *)data;
}

static struct listing list_memory(const struct format *format, const void *data, size_t len)
{
	struct source *source = source_memory_new(data, len);
	struct listing listing = list_source(format, source);

	source_free(source);
	return listing;
}

/* The listing must end with `status` and an error that has `text` in it. */
static void expect_error(const struct format *format, const void *data, size_t len,
	enum status status, const char *text)
{
	struct listing listing = list_memory(format, data, len);

	ck_assert_msg(listing.status == status && strstr(listing.err.text, text),
		"status %d (%s), not %d (… %s …)", listing.status,
		listing.status < 0 ? listing.err.text : "", status, text);
	listing_release(&listing);
}

/* The last place of `text` in the image. */
static unsigned char *find_text(unsigned char *data, size_t len, const char *text)
{
	unsigned char *found = NULL, *at = data;

	while ((at = memmem(at, len - (size_t)(at - data), text, strlen(text))) != NULL)
		found = at++;
	ck_assert_ptr_nonnull(found);
	return found;
}

static int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
