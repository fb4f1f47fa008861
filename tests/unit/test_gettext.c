/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/telling.h"

/* What msgfmt makes of it, with a context, a plural, and a long message. */
#define PO(time, friend)                                                                           \
	"cat >x.po <<'EOF'\n"                                                                      \
	"msgid \"\"\n"                                                                             \
	"msgstr \"\"\n"                                                                            \
	"\"Content-Type: text/plain; charset=UTF-8\\n\"\n"                                         \
	"\"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n"                                        \
	"\"PO-Revision-Date: " time "\\n\"\n\n"                                                    \
	"msgid \"/\"\n"                                                                            \
	"msgstr \"root\"\n\n"                                                                      \
	"msgctxt \"who\"\n"                                                                        \
	"msgid \"friend\"\n"                                                                       \
	"msgstr \"" friend "\"\n\n"                                                                \
			   "msgid \"file\"\n"                                                      \
			   "msgid_plural \"files\"\n"                                              \
			   "msgstr[0] \"Datei\"\n"                                                 \
			   "msgstr[1] \"Dateien\"\n"                                               \
			   "EOF\n"

#define A PO("2026-01-02 03:04+0000", "Freund")

START_TEST(each_message_is_a_member)
{
	shell(A "msgfmt -o x.mo x.po; msgfmt --endianness=big -o b.mo x.po;"
		"msgfmt --no-hash -o n.mo x.po");
	for (int i = 0; i < 3; i++) {
		open_file(&format_gettext, i == 0 ? "x.mo" : i == 1 ? "b.mo" : "n.mo");
		expect_whole();
		ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "file\\x00files 13\n"));
		ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "who\4friend 6\n"));
		ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "/ 4\n"));
		ck_assert_ptr_nonnull(strstr(buffer_text(&opening.members), "(header) "));
		expect_field("gettext-hash-invalid", NULL);
		/* Made again, and right. */
		ck_assert_int_eq(
			index_number("SELECT count(*) FROM region WHERE kind = 3"), i == 2 ? 0 : 1);
	}
}
END_TEST

START_TEST(another_translation_is_one_difference)
{
	shell(A "msgfmt -o a.mo x.po\n" PO(
		"2026-01-02 03:04+0000", "Freuud") "msgfmt -o b.mo x.po");
	comparing.with_causes = true;
	expect_files("a.mo", "b.mo", "content t//who\4friend (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	shell(PO("2026-01-02 03:04+0000", "Freundin") "msgfmt -o b.mo x.po");
	expect_files("a.mo", "b.mo",
		"metadata t layout (layout)\n"
		"content t//who\4friend size (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	shell(A "printf 'msgid \"new\"\\nmsgstr \"neu\"\\n' >>x.po; msgfmt -o b.mo x.po");
	expect_files("a.mo", "b.mo",
		"metadata t layout checksum (derived) (layout)\n"
		"added t//new (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}
END_TEST

/* A hash table in which a message is not found is no sum of the others. */
START_TEST(a_wrong_hash_table_is_no_derived_one)
{
	size_t len;
	char *data;

	shell(A "msgfmt -o x.mo x.po");
	data = file_read("x.mo", &len);
	for (size_t at = *(uint32_t *)(void *)(data + 24), end = at + 4 * data[20]; at < end;
		at++) {
		data[at] ^= 1;
		open_memory(&format_gettext, data, len);
		expect_whole();
		expect_field("gettext-hash-invalid", "yes");
		data[at] ^= 1;
	}
	free(data);
}
END_TEST

START_TEST(catalogues_of_the_machine_are_read)
{
	static const char *const found =
		"find /usr/share/locale /usr/share/locale-langpack -name '*.mo' 2>/dev/null";
	struct buffer command = {0};

	/* Debian's own are of many versions of msgfmt; some machines keep none. */
	buffer_add_format(&command,
		"%s | head -n 40 | while read -r f; do i=$((${i:-0} + 1));"
		"cp \"$f\" $i.mo; done",
		found);
	shell(buffer_text(&command));
	buffer_release(&command);
	for (int i = 1; i <= 40; i++) {
		char name[16];
		char *path;

		snprintf(name, sizeof(name), "%d.mo", i);
		path = path_join(comparing.directory, name);
		if (access(path, R_OK) == 0) {
			open_file(&format_gettext, name);
			expect_whole();
			expect_field("gettext-hash-invalid", NULL);
		}
		free(path);
	}
}
END_TEST

START_TEST(damage_is_an_error_or_told)
{
	shell(A "msgfmt -o x.mo x.po");
	survive_damage(&format_gettext, "x.mo", 1);
}
END_TEST

/* All keys are one long string. */
START_TEST(hostile_tables_are_bounded)
{
	enum {
		COUNT = 50000,
		LEN = 1 << 20
	};
	size_t size = 28 + 16 * (size_t)COUNT + LEN;
	unsigned char *data = calloc(1, size);
	const uint32_t header[] = {0x950412de, 0, COUNT, 28, 28 + 8 * COUNT, 0, 0};

	memcpy(data, header, sizeof(header));
	for (size_t i = 0; i < 2 * (size_t)COUNT; i++) {
		const uint32_t string[] = {LEN - 1, 28 + 16 * COUNT};

		memcpy(data + 28 + 8 * i, string, sizeof(string));
	}
	memset(data + 28 + 16 * COUNT, 'x', LEN - 1);
	open_memory(&format_gettext, data, size);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	((uint32_t *)(void *)data)[2] = 1u << 30;
	open_memory(&format_gettext, data, size);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	free(data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gettext");
	TCase *tcase = tcase_create("catalogues");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_message_is_a_member);
	tcase_add_test(tcase, another_translation_is_one_difference);
	tcase_add_test(tcase, a_wrong_hash_table_is_no_derived_one);
	tcase_add_test(tcase, catalogues_of_the_machine_are_read);
	tcase_add_test(tcase, damage_is_an_error_or_told);
	tcase_add_test(tcase, hostile_tables_are_bounded);
	return run_suite(suite);
}
