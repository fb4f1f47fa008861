/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "tests/unit/telling.h"

#define UUID_A "5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233"
#define UUID_B "6142f4ee-0c5b-4b5e-a2c5-51d6a7a1a1b1"
#define ROOT_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROOT_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char sample[] = "# made by ISAR\n"
			     "TARGET_IMAGE_UUID=" UUID_A "\n"
			     "\n"
			     "  export A=\"x y\" # z\n"
			     "A=\n"
			     "not a setting\r\n"
			     "=x\n"
			     "B.c-d=e=f";

START_TEST(each_key_is_a_member)
{
	open_memory(&format_env, sample, strlen(sample));
	expect_whole();
	ck_assert_str_eq(buffer_text(&opening.members), "TARGET_IMAGE_UUID -\nA -\nA -\nB.c-d -\n");
	expect_field("TARGET_IMAGE_UUID: image-uuid", UUID_A);
	expect_field("TARGET_IMAGE_UUID: value", NULL);
	expect_field("B.c-d: value", "e=f");
	expect_field("A: value", "\"x y\" # z");
	open_memory(&format_env, "", 0);
	expect_whole();
}
END_TEST

START_TEST(every_byte_tells)
{
	expect_every_byte_tells(&format_env, sample);
	expect_every_byte_tells(
		&format_env, "IMAGE_UUID=\"" UUID_A "\"\nBUILD_ID=\"v1.8-dirty\"\n# end\n");
}
END_TEST

/* One line that differs, and what it is told as. */
static void expect_value(const char *name, const char *published, const char *rebuilt,
	const char *key, const char *told)
{
	struct buffer a = {0}, b = {0}, expected = {0};

	buffer_add_format(&a, "ID=debian\n%s\n", published);
	buffer_add_format(&b, "ID=debian\n%s\n", rebuilt);
	buffer_add_format(&expected, "metadata %s//%s %s\n", name, key, told);
	expect_texts(name, buffer_text(&a), buffer_text(&b), buffer_text(&expected));
	buffer_release(&a);
	buffer_release(&b);
	buffer_release(&expected);
}

START_TEST(values_of_known_shape_have_causes)
{
	static const struct {
		const char *name, *published, *rebuilt, *key, *told;
	} cases[] = {
		{"os-release", "IMAGE_UUID=\"" UUID_A "\"", "IMAGE_UUID=\"" UUID_B "\"",
			"IMAGE_UUID", "image-uuid (image-uuid)"},
		{"x.uuid.env", "TARGET_IMAGE_UUID=" UUID_A, "TARGET_IMAGE_UUID=" UUID_B,
			"TARGET_IMAGE_UUID", "image-uuid (image-uuid)"},
		{"os-release", "BUILD_ID=\"v1.8\"", "BUILD_ID=\"v1.9\"", "BUILD_ID",
			"build-id-string (build-id-string)"},
		{"os-release", "BUILD_ID=2026-01-02T03:04:05Z", "BUILD_ID=2026-01-02T03:04:06Z",
			"BUILD_ID", "build-time (embedded-timestamp)"},
		{"x.verity.env", "UUID=" UUID_A, "UUID=" UUID_B, "UUID",
			"verity-uuid (verity-uuid)"},
		{"x.verity.env", "SALT=0011", "SALT=1011", "SALT", "verity-salt (verity-salt)"},
		{"x.verity.env", "ROOT_HASH=" ROOT_A, "ROOT_HASH=" ROOT_B, "ROOT_HASH",
			"quoted-root-hash (quoted-root-hash)"},
		/* The key alone, or the shape alone, is not enough (trust T9). */
		{"os-release", "IMAGE_UUID=\"" UUID_A "\"", "IMAGE_UUID=\"$(reboot)\"",
			"IMAGE_UUID", "value quotes image-uuid (unexplained)"},
		{"os-release", "HOME_URL=" UUID_A, "HOME_URL=" UUID_B, "HOME_URL",
			"value (unexplained)"},
		{"x.env", "ROOT_HASH=" ROOT_A, "ROOT_HASH=" ROOT_B, "ROOT_HASH",
			"value (unexplained)"},
		{"os-release", "BUILD_ID=1", "BUILD_ID=2", "BUILD_ID", "value (unexplained)"},
		{"os-release", "IMAGE_UUID=" UUID_A, "IMAGE_UUID=\"" UUID_A "\"", "IMAGE_UUID",
			"quotes (unexplained)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_value(cases[i].name, cases[i].published, cases[i].rebuilt, cases[i].key,
			cases[i].told);
}
END_TEST

/* Of two settings, and what the other order of them is. */
START_TEST(an_order_counts_where_settings_meet)
{
	static const struct {
		const char *one, *other;
		bool counts;
	} cases[] = {
		{"A=1", "B=2", false},
		{"A=\"1 (x) & 'y'; <z> #\"", "export B='$x `y` \"'", false},
		{"A=v-1.2:3/4@5,6=7%", "# comment\nB=", false},
		{"A=\"$B\"", "B=2", true},
		{"A=`x`", "B=2", true},
		{"A=1 B=3", "B=2", true},
		{"A=1;B=3", "B=2", true},
		{"A=1\\", "B=2", true},
		{"A=\"1", "B=2\"", true},
		{"A='1'\"$B\"'2'", "B=2", true},
		{"A=1\nA=1", "B=2", true},
	};
	struct buffer a = {0}, b = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buffer_clear(&a);
		buffer_clear(&b);
		buffer_add_format(&a, "%s\n%s\n", cases[i].one, cases[i].other);
		buffer_add_format(&b, "%s\n%s\n", cases[i].other, cases[i].one);
		expect_texts("x.env", buffer_text(&a), buffer_text(&b),
			cases[i].counts ? "order x.env value-order layout (unexplained)\n"
					: "order x.env order layout (layout) (order-only)\n");
	}
	buffer_release(&a);
	buffer_release(&b);
}
END_TEST

START_TEST(is_known_by_name_and_lines)
{
	static const struct {
		const char *path, *text;
		const char *format;
	} cases[] = {
		{"a/b.env", "A=1\n", "env"},
		{"x.uuid.env", "\n# c\nA=1", "env"},
		{"usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n", "env"},
		{"etc/default/ssh", "# x\nSSHD_OPTS=\n", "env"},
		{"etc/default/script", "A=1\nif true; then\n", NULL},
		{"a.txt", "A=1\n", NULL},
		{"b.env", "", NULL},
		{"b.env", "no setting\nA=1\n", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct candidate candidate = {cases[i].path, (const unsigned char *)cases[i].text,
			strlen(cases[i].text), NULL};
		const struct format *format = format_find(&candidate, true);

		ck_assert_msg((format == NULL) == (cases[i].format == NULL), "case %zu", i);
		if (format != NULL)
			ck_assert_str_eq(format->name, cases[i].format);
		ck_assert_ptr_null(format_find(&candidate, false));
	}
}
END_TEST

START_TEST(bounds_how_large_a_text_may_be)
{
	struct buffer text = {0};

	while (text.len <= (size_t)1 << 20)
		buffer_add_text(&text, "KEY=value that is long enough to fill it soon\n");
	open_memory(&format_env, buffer_text(&text), text.len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	buffer_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("env");
	TCase *tcase = tcase_create("env");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_key_is_a_member);
	tcase_add_test(tcase, every_byte_tells);
	tcase_add_test(tcase, values_of_known_shape_have_causes);
	tcase_add_test(tcase, an_order_counts_where_settings_meet);
	tcase_add_test(tcase, is_known_by_name_and_lines);
	tcase_add_test(tcase, bounds_how_large_a_text_may_be);
	return run_suite(suite);
}
