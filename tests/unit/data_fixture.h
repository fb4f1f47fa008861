/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DATA_FIXTURE_H
#define TESTS_UNIT_DATA_FIXTURE_H

/* For tests of the readers of outside data: files of text at hand, and what was claimed of them. */
#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "verifier/coverage/claim.h"
#include "verifier/coverage/data_file.h"

static struct error err;
static struct claim_list claims;

static inline void data_of(struct data_file *file, const char *name, const void *data, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_msg(data_take(fd, name, file, &err) == STATUS_OK, "%s", err.text);
	close(fd);
}

static inline void data_of_text(struct data_file *file, const char *name, const char *text)
{
	data_of(file, name, text, strlen(text));
}

/* Some claim has these words, that place and the digest of that file. */
static inline void assert_claimed(
	const struct data_file *file, const char *where, const char *words)
{
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];

		if (strstr(claim->text, words) == NULL || strcmp(claim->where, where) != 0)
			continue;
		ck_assert(claim->has_sha256);
		ck_assert(digest_equal(&claim->sha256, &file->sha256));
		return;
	}
	ck_abort_msg("no claim \"%s\" at %s; the last of %zu: %s at %s", words, where, claims.count,
		claims.count > 0 ? claims.items[claims.count - 1].text : "",
		claims.count > 0 ? claims.items[claims.count - 1].where : "");
}

static inline void assert_refused(enum status got, enum status status, const char *words)
{
	ck_assert_msg(got == status, "%d: %s", got, err.text);
	ck_assert_msg(strstr(err.text, words) != NULL, "\"%s\" is not in: %s", words, err.text);
}

static inline void names_of(struct text_list *list, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_list_add(list, names[i]);
	text_list_sort(list);
}

static inline int run_data_suite(const char *name, void (*add_tests)(TCase *tcase))
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 300);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
