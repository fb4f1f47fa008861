/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_COMPARING_H
#define TESTS_UNIT_COMPARING_H

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"
#include "dbdiff/dbdiff.h"

/*
 * For tests of what is inside artifacts: a private directory with a shell in it, files in memory,
 * and comparisons as text, one line a difference:
 *	CHANGE PATH[#OCCURRENCE][ FIELD…][ (CAUSE)…][ not inspected: REASON]
 * Causes are told where `with_causes` asks for them, and that the artifact itself or what was not
 * inspected is unexplained. The artifact is called "t". Functions that one test does not need are
 *not a defect.
 */
#define MAYBE __attribute__((unused)) static

struct comparing {
	char *directory;
	struct buffer text;	/* the differences */
	struct buffer diffs;	/* their diffs after one another */
	struct buffer evidence; /* of their causes, one a line */
	struct comparison result;
	struct comparison_options options;
	bool with_causes;
	const char *artifact; /* what it is called; NULL: "t" */
	struct error err;
};

static struct comparing comparing;

MAYBE void comparing_setup(void)
{
	comparing = (struct comparing){.options = comparison_options_default};
	/* As with files that were made a while ago. */
	comparing.options.settle_milliseconds = 0;
	ck_assert_int_eq(tempfile_directory(&comparing.directory, &comparing.err), STATUS_OK);
}

MAYBE void comparing_teardown(void)
{
	path_remove_tree(comparing.directory, &comparing.err);
	free(comparing.directory);
	buffer_release(&comparing.text);
	buffer_release(&comparing.diffs);
	buffer_release(&comparing.evidence);
}

/* Runs a shell in the directory, which must succeed. */
MAYBE void shell(const char *script)
{
	const char *argv[] = {"sh", "-euc", script, NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;

	spec.argv = argv;
	spec.directory = comparing.directory;
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &comparing.err), STATUS_OK);
	ck_assert_msg(result.exit_code == 0, "%s: exit %d", script, result.exit_code);
}

MAYBE int file_open(const char *name)
{
	char *path = path_join(comparing.directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s", path);
	free(path);
	return fd;
}

MAYBE int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("artifact", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	return fd;
}

static enum status take(void *context, const struct difference *difference, struct error *err)
{
	struct comparing *into = context;

	(void)err;
	buffer_add_format(&into->text, "%s %s", change_word(difference->change), difference->path);
	if (difference->occurrence > 0)
		buffer_add_format(&into->text, "#%llu", (unsigned long long)difference->occurrence);
	for (size_t i = 0; i < difference->field_count; i++)
		buffer_add_format(&into->text, " %s", difference->fields[i].name);
	for (size_t i = 0; i < difference->cause_count; i++) {
		const char *cause = difference->causes[i].id;

		if (into->with_causes ||
			(strcmp(cause, "unexplained") == 0 &&
				(strcmp(difference->path, "t") == 0 || !difference->inspected)))
			buffer_add_format(&into->text, " (%s)", cause);
		if (difference->causes[i].evidence != NULL)
			buffer_add_format(&into->evidence, "%s\n", difference->causes[i].evidence);
	}
	if (!difference->inspected)
		buffer_add_format(&into->text, " not inspected: %s", difference->reason);
	buffer_add_char(&into->text, '\n');
	if (difference->diff != NULL)
		buffer_add_text(&into->diffs, difference->diff);
	return STATUS_OK;
}

/* Compares two open files, closes them, and leaves the outcome in `comparing`. */
MAYBE enum status compare_fds(int published_fd, int rebuilt_fd)
{
	struct comparison_side published = {.fd = published_fd}, rebuilt = {.fd = rebuilt_fd};
	struct difference_sink sink = {.take = take, .context = &comparing};
	enum status status;

	buffer_clear(&comparing.text);
	buffer_clear(&comparing.diffs);
	buffer_clear(&comparing.evidence);
	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	status = dbdiff_compare(comparing.artifact != NULL ? comparing.artifact : "t", &published,
		&rebuilt, &comparing.options, &sink, &comparing.result, &comparing.err);
	close(published_fd);
	close(rebuilt_fd);
	return status;
}

MAYBE void expect_fds(int published_fd, int rebuilt_fd, const char *expected)
{
	enum status status = compare_fds(published_fd, rebuilt_fd);

	ck_assert_msg(status == STATUS_OK, "%d: %s", status, comparing.err.text);
	ck_assert_str_eq(buffer_text(&comparing.text), expected);
}

/* The differences of two files in the directory are exactly these lines. */
MAYBE void expect_files(const char *published, const char *rebuilt, const char *expected)
{
	expect_fds(file_open(published), file_open(rebuilt), expected);
}

MAYBE void expect_buffers(
	const struct buffer *published, const struct buffer *rebuilt, const char *expected)
{
	expect_fds(memory_file(published->data, published->len),
		memory_file(rebuilt->data, rebuilt->len), expected);
}

MAYBE void expect_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

#endif
