/* SPDX-License-Identifier: Apache-2.0 */
#include <crypt.h>

#include "base/array.h"
#include "tests/unit/telling.h"

static const char sample[] = "root:*:19700:0:99999:7:::\n"
			     "daemon:!:0:0:99999:7:::\n"
			     "user::19700::::::";

/* "USER:HASH:DAY:0:99999:7:::\n" behind a line that is always the same. */
static const char *shadow_of(const char *user, const char *hash, const char *day)
{
	static struct buffer texts[2];
	static int turn;
	struct buffer *text = &texts[turn ^= 1];

	buffer_clear(text);
	buffer_add_format(
		text, "daemon:*:19700:0:99999:7:::\n%s:%s:%s:0:99999:7:::\n", user, hash, day);
	return buffer_text(text);
}

/* What libxcrypt makes of a password, as passwd and chpasswd ask it. */
static const char *hashed(const char *password, const char *setting)
{
	static char hashes[2][CRYPT_OUTPUT_SIZE];
	static int turn;
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = crypt_r(password, setting, data);

	turn ^= 1;
	ck_assert(made != NULL && made[0] == '$');
	memcpy(hashes[turn], made, strlen(made) + 1);
	free(data);
	return hashes[turn];
}

static void expect_hashes(const char *published, const char *rebuilt, const char *told)
{
	struct buffer expected = {0};

	buffer_add_format(&expected, "metadata shadow//root %s\n", told);
	expect_texts("shadow", shadow_of("root", published, "19700"),
		shadow_of("root", rebuilt, "19700"), buffer_text(&expected));
	buffer_release(&expected);
}

START_TEST(each_user_is_a_member)
{
	open_memory(&format_shadow, sample, strlen(sample));
	expect_whole();
	ck_assert_str_eq(buffer_text(&opening.members), "root -\ndaemon -\nuser -\n");
	expect_field("root: password", "*");
	expect_field("root: password-changed-day", "19700");
	expect_field("daemon: password-changed", "0");
	expect_field("user: password", "");
	expect_every_byte_tells(&format_shadow, sample);
}
END_TEST

START_TEST(every_byte_of_a_known_password_tells)
{
	expect_every_byte_tells(&format_shadow, shadow_of("root", hashed("root", "$1$ab$"), "1"));
}
END_TEST

/* Only where both hashes are shown to be of one password is the salt all that differs. */
START_TEST(a_salt_is_one_only_below_the_same_password)
{
	static const char *const methods[] = {"$1$", "$5$", "$6$", "$6$rounds=5000$", "$y$j9T$"};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		char one[64], other[64];

		snprintf(one, sizeof(one), "%sabcdefgh$", methods[i]);
		snprintf(other, sizeof(other), "%shgfedcba$", methods[i]);
		expect_hashes(hashed("root", one), hashed("root", other),
			"password-hash (password-salt)");
		ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
		/* The attack: another password, of which nobody knows. */
		expect_hashes(hashed("root", one), hashed("x7!kq", other),
			"password password-method password-known password-hash (unexplained)");
		ck_assert_int_gt(comparing.result.unexplained_bytes, 0);
	}
}
END_TEST

START_TEST(another_password_is_never_a_salt)
{
	/* Both unknown, the same salt or another. */
	expect_hashes(
		hashed("x7!kq", "$6$abc$"), hashed("y8?lr", "$6$abc$"), "password (unexplained)");
	expect_hashes(
		hashed("x7!kq", "$6$abc$"), hashed("x7!kq", "$6$abd$"), "password (unexplained)");
	/* Both known, and not the same. */
	expect_hashes(hashed("root", "$6$abc$"), hashed("debian", "$6$abd$"),
		"password-known password-hash (unexplained)");
	/* Of another method, so that one is easier to guess. */
	expect_hashes(hashed("root", "$6$abc$"), hashed("root", "$1$abc$"),
		"password-method password-hash (unexplained)");
	/* No longer locked. */
	expect_hashes("!", "", "password (unexplained)");
	expect_hashes("!$6$abc$x", "$6$abc$x", "password (unexplained)");
	/* A byte of the hash alone: it is of no password then that anybody would try. */
	expect_hashes(
		"$6$abc$aaaaaaaaaaaaaaaa", "$6$abd$aaaaaaaaaaaaaaaa", "password (unexplained)");
}
END_TEST

START_TEST(the_day_of_the_build_is_a_time)
{
	expect_texts("shadow", shadow_of("root", "*", "19700"), shadow_of("root", "*", "19701"),
		"metadata shadow//root password-changed-day (embedded-timestamp)\n");
	/* 0 asks for another password at once, nothing switches that off: no times. */
	expect_texts("shadow", shadow_of("root", "*", "19700"), shadow_of("root", "*", "0"),
		"metadata shadow//root password-changed-day password-changed (unexplained)\n");
	expect_texts("shadow", shadow_of("root", "*", "1"), shadow_of("boot", "*", "1"),
		"added shadow//boot (unexplained)\nremoved shadow//root (unexplained)\n");
}
END_TEST

START_TEST(only_few_hashes_are_tried)
{
	struct buffer a = {0}, b = {0};
	size_t told = 0;

	for (int i = 0; i < 6; i++) {
		char user[16], setting[32];

		snprintf(user, sizeof(user), "user%d", i);
		snprintf(setting, sizeof(setting), "$1$a%d$", i);
		buffer_add_format(&a, "%s:%s:::::::\n", user, hashed(user, setting));
		snprintf(setting, sizeof(setting), "$1$b%d$", i);
		buffer_add_format(&b, "%s:%s:::::::\n", user, hashed(user, setting));
	}
	comparing.with_causes = true;
	comparing.artifact = "shadow";
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	for (const char *at = buffer_text(&comparing.text);
		(at = strstr(at, "(password-salt)")) != NULL; at++)
		told++;
	ck_assert_uint_eq(told, 4);
	ck_assert_ptr_nonnull(strstr(
		buffer_text(&comparing.text), "metadata shadow//user4 password (unexplained)\n"));
	buffer_release(&a);
	buffer_release(&b);
}
END_TEST

/* More rounds than usual are made to take time: such a hash is told as what it is. */
START_TEST(costly_hashes_are_not_tried)
{
	expect_hashes(hashed("root", "$5$rounds=10000$abc$"),
		hashed("root", "$5$rounds=10000$abd$"), "password-hash (password-salt)");
	expect_hashes(hashed("root", "$5$rounds=10001$abc$"),
		hashed("root", "$5$rounds=10001$abd$"), "password (unexplained)");
	expect_hashes("$6$rounds=99999$abc$x", "$6$rounds=99999$abd$x", "password (unexplained)");
	expect_hashes("$6$rounds=18446744073709551617$abc$x",
		"$6$rounds=18446744073709551617$abd$x", "password (unexplained)");
}
END_TEST

/* Of all files in an artifact. */
START_TEST(only_few_hashes_of_an_artifact_are_tried)
{
	static const char *const names[] = {"one", "two"};
	size_t told = 0;

	for (int i = 0; i < 20; i++) {
		for (int side = 0; side < SIDES; side++) {
			struct buffer script = {0};
			const char *one, *other;

			one = hashed("root", side == 0 ? "$1$a$" : "$1$b$");
			other = hashed("user", side == 0 ? "$1$a$" : "$1$b$");
			buffer_add_format(&script,
				"mkdir -p %s/%02d; printf '%%s\\n' 'root:%s:1:0:9:7:::'"
				" 'user:%s:1:0:9:7:::' >%s/%02d/shadow",
				names[side], i, one, other, names[side], i);
			shell(buffer_text(&script));
			buffer_release(&script);
		}
	}
	shell("for d in one two; do tar --sort=name --mtime=@0 -cf $d.tar -C $d .; done");
	comparing.with_causes = true;
	ck_assert_int_eq(compare_fds(file_open("one.tar"), file_open("two.tar")), STATUS_OK);
	for (const char *at = buffer_text(&comparing.text);
		(at = strstr(at, "(password-salt)")) != NULL; at++)
		told++;
	ck_assert_uint_eq(told, 32);
}
END_TEST

/* /etc/shadow of this machine, where it may be read; and what chpasswd writes. */
START_TEST(what_the_tools_write_is_read)
{
	shell("mkdir -p etc; printf 'root:x:0:0::/:/bin/sh\\n' >etc/passwd; printf "
	      "'root:*:1:0:99999:7:::\\n' >etc/shadow; cp etc/shadow shadow;"
	      "if [ \"$(id -u)\" = 0 ]; then cp /etc/shadow shadow; fi");
	open_file(&format_shadow, "shadow");
	expect_whole();
	ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "root -\n"));
}
END_TEST

START_TEST(what_is_no_list_of_users_is_not_taken)
{
	static const struct {
		const char *path, *text;
		bool is_known;
	} cases[] = {
		{"etc/shadow", "root:*:1:0:99999:7:::\n", true},
		{"etc/shadow-", "root:*:1:0:99999:7:::\ndae", true},
		{"etc/shadow", "root:*:1:0:99999:7::\n", false},
		{"etc/shadow", ":*:1:0:99999:7:::\n", false},
		{"etc/passwd", "root:*:1:0:99999:7:::\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct candidate candidate = {cases[i].path, (const unsigned char *)cases[i].text,
			strlen(cases[i].text), NULL};

		ck_assert_msg(
			(format_find(&candidate, true) == &format_shadow) == cases[i].is_known,
			"case %zu", i);
	}
	open_memory(&format_shadow, "a:b\n", 4);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = tcase_create("shadow");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_user_is_a_member);
	tcase_add_test(tcase, every_byte_of_a_known_password_tells);
	tcase_add_test(tcase, a_salt_is_one_only_below_the_same_password);
	tcase_add_test(tcase, another_password_is_never_a_salt);
	tcase_add_test(tcase, the_day_of_the_build_is_a_time);
	tcase_add_test(tcase, only_few_hashes_are_tried);
	tcase_add_test(tcase, costly_hashes_are_not_tried);
	tcase_add_test(tcase, only_few_hashes_of_an_artifact_are_tried);
	tcase_add_test(tcase, what_the_tools_write_is_read);
	tcase_add_test(tcase, what_is_no_list_of_users_is_not_taken);
	return run_suite(suite);
}
