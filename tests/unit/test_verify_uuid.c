/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "verifier/verify_uuid.h"

#define UUID "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"

static bool found(const char *text, char uuid[IMAGE_UUID_SIZE])
{
	return image_uuid_find(text, strlen(text), "IMAGE_UUID", uuid);
}

START_TEST(a_line_of_os_release)
{
	static const char *const texts[] = {"IMAGE_UUID=" UUID, "IMAGE_UUID=\"" UUID "\"\n",
		"ID=x\nIMAGE_UUID='" UUID "'\nTARGET_IMAGE_UUID=no\n"};
	char uuid[IMAGE_UUID_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		ck_assert_msg(found(texts[i], uuid), "%s", texts[i]);
		ck_assert_str_eq(uuid, UUID);
	}
}
END_TEST

/* Trust T5: exactly that form, and nothing that BitBake would take for more. */
START_TEST(anything_else_is_none)
{
	static const char *const texts[] = {"", "IMAGE_UUID", "IMAGE_UUID=", "IMAGE_UUID=\"\"",
		"IMAGE_UUID=" UUID "0", "IMAGE_UUID=" UUID " ", "IMAGE_UUID=" UUID "\r\n",
		"IMAGE_UUID=\"" UUID, "IMAGE_UUID=\"" UUID "'", " IMAGE_UUID=" UUID,
		"TARGET_IMAGE_UUID=" UUID, "IMAGE_UUID=0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0FF",
		"IMAGE_UUID=0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f", "IMAGE_UUID=${@1}",
		"IMAGE_UUID=0f1e2d3c04b5a04978086950a4b3c2d1e0ff",
		"IMAGE_UUID=0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f}"};
	static const char with_nul[] = "IMAGE_UUID=0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f\0";
	char uuid[IMAGE_UUID_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_msg(!found(texts[i], uuid), "%s", texts[i]);
	ck_assert(!image_uuid_find(with_nul, sizeof(with_nul) - 1, "IMAGE_UUID", uuid));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify_uuid");
	TCase *test = tcase_create("verify_uuid");

	tcase_add_test(test, a_line_of_os_release);
	tcase_add_test(test, anything_else_is_none);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
