/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DESCRIPTOR_H
#define TESTS_UNIT_DESCRIPTOR_H

#include <check.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/release/release.h"

/* What the tests of the release descriptor share: a directory to read it in, and a good one. */

#define ABC_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char *directory;

static inline void make_file(const char *name, const char *text, mode_t mode)
{
	struct error err = {0};
	enum status status = tempfile_write_all(name, text, strlen(text), mode, &err);

	ck_assert_msg(status == STATUS_OK, "%s", err.text);
}

static inline void set_up(void)
{
	struct error err;
	char *made;

	ck_assert_int_eq(tempfile_directory(&made, &err), STATUS_OK);
	ck_assert_int_eq(path_resolve(made, &directory, &err), STATUS_OK);
	free(made);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(path_make_directories("published", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("tree/sub", 0755, &err), STATUS_OK);
	make_file("tree/build.sh", "#!/bin/sh\n", 0755);
	make_file("tree/sub/inner.sh", "#!/bin/sh\n", 0755);
	make_file("tree/plain", "", 0644);
	make_file("tree/kas-container", "#!/bin/sh\n", 0755);
	make_file("outside.sh", "#!/bin/sh\n", 0755);
	make_file("SHA256SUMS", ABC_HEX "  b\n" ABC_HEX " *./a/c\n", 0644);
}

static inline void tear_down(void)
{
	struct error err;

	ck_assert_int_eq(chdir("/"), 0);
	path_remove_tree(directory, &err);
	free(directory);
}

/* The parts of a good descriptor, one of which a test replaces. */
static const char *const parts[][2] = {
	{"name", "name: v1.8\n"},
	{"target", "target: qemu-amd64\n"},
	{"published", "published: {directory: published}\n"},
	{"pin", "pin: debian@20260711T101637Z\n"},
	{"mirrors", ""},
	{"build", "build: {backend: command, script: tree/build.sh}\n"},
	{"artifacts", "artifacts: [{name: '*'}]\n"},
	{"ignore", ""},
	{"packages", ""},
	{"", ""},
};

static inline void write_descriptor(const char *part, const char *text)
{
	struct buffer descriptor = {0};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bool is_part = strcmp(parts[i][0], part) == 0;

		found = found || is_part;
		buffer_add_text(&descriptor, is_part ? text : parts[i][1]);
	}
	ck_assert(found);
	make_file("r.yaml", buffer_text(&descriptor), 0644);
	buffer_release(&descriptor);
}

static inline void refused(const char *part, const char *text, const char *expected)
{
	struct release release;
	struct error err = {0};

	write_descriptor(part, text);
	enum status status = release_read("r.yaml", &release, &err);
	ck_assert_msg(status == STATUS_USAGE && err.status == STATUS_USAGE, "taken: %s", text);
	/* The directory of this test has a name of its own. */
	for (char *at = err.text; (at = strstr(at, directory)) != NULL;)
		memmove(at, at + strlen(directory), strlen(at + strlen(directory)) + 1);
	ck_assert_msg(strcmp(err.text, expected) == 0, "\n%s\ngives    %s\nexpected %s", text,
		err.text, expected);
	release_release(&release);
}

static inline void taken(const char *part, const char *text, struct release *release)
{
	struct error err = {0};

	write_descriptor(part, text);
	ck_assert_msg(release_read("r.yaml", release, &err) == STATUS_OK, "%s: %s", text, err.text);
}

static inline void expect_path(const char *path, const char *below)
{
	ck_assert_ptr_nonnull(path);
	ck_assert_int_eq(strncmp(path, directory, strlen(directory)), 0);
	ck_assert_str_eq(path + strlen(directory), below);
}

#endif
