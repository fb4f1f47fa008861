/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/telling.h"

#define ID_A "0123456789abcdef0123456789abcdef"
#define ID_B "fedcba9876543210fedcba9876543210"

START_TEST(an_id_is_only_an_id)
{
	open_memory(&format_machine_id, ID_A "\n", 33);
	expect_whole();
	expect_field("id: machine-id", ID_A);
	expect_every_byte_tells(&format_machine_id, ID_A "\n");
}
END_TEST

START_TEST(another_id_has_that_cause_and_nothing_else_has)
{
	expect_texts("machine-id", ID_A "\n", ID_B "\n",
		"metadata machine-id//id machine-id (machine-id)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	/* One of 31 digits, an empty one, in capitals, and one behind which something stands. */
	expect_texts("machine-id", ID_A "\n", &(ID_B "\n")[1],
		"content machine-id size (unexplained)\n");
	expect_texts("machine-id", ID_A "\n", "", "content machine-id size (unexplained)\n");
	expect_texts("machine-id", ID_A "\n", "FEDCBA9876543210FEDCBA9876543210\n",
		"content machine-id (unexplained)\n");
	expect_texts(
		"machine-id", ID_A "\n", ID_B "\n\n", "content machine-id size (unexplained)\n");
	expect_texts(
		"not-machine-id", ID_A "\n", ID_B "\n", "content not-machine-id (unexplained)\n");
}
END_TEST

START_TEST(systemds_own_is_read)
{
	shell("systemd-machine-id-setup --root=\"$PWD\" >/dev/null 2>&1 || "
	      "{ mkdir -p etc; tr -d - </proc/sys/kernel/random/uuid >etc/machine-id; };"
	      "cp etc/machine-id machine-id");
	open_file(&format_machine_id, "machine-id");
	expect_whole();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine-id");
	TCase *tcase = tcase_create("machine-id");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, an_id_is_only_an_id);
	tcase_add_test(tcase, another_id_has_that_cause_and_nothing_else_has);
	tcase_add_test(tcase, systemds_own_is_read);
	return run_suite(suite);
}
