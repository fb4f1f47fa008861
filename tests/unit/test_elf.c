/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opening.h"

/* A program that says its version; $1 is that, more are for gcc. */
#define PROGRAM                                                                                    \
	"cat >t.c <<'END'\n"                                                                       \
	"#include <stdio.h>\n"                                                                     \
	"static const char version[] = \"version \" V; int table[999] = {1}; char zeros[999];\n"   \
	"int main(int argc, char **argv)\n"                                                        \
	"{ printf(\"hello %s %d\\n\", version, table[argc]); return puts(argv[0]) + zeros[argc]; " \
	"}\nEND\n"                                                                                 \
	"program() { v=$1; shift; gcc -O1 -DV=\"\\\"$v\\\"\" t.c -Wl,--build-id=sha1 \"$@\"; };"

static void set_up(void)
{
	comparing_setup();
}

static void tear_down(void)
{
	index_close();
	comparing_teardown();
}

/* What a shell prints, without its last newline; the caller frees it. */
static char *printed(const char *script)
{
	struct buffer whole = {0};
	size_t len;
	char *text;

	buffer_add_format(&whole, "{ %s; } >printed", script);
	shell(buffer_text(&whole));
	buffer_release(&whole);
	text = file_read("printed", &len);
	ck_assert_uint_gt(len, 1);
	text[len - 1] = '\0';
	return text;
}

/* The sections are those that readelf lists, in another order. */
static void expect_sections(const char *name)
{
	struct buffer script = {0}, sorted = {0};
	struct text_list names = {0};
	char *expected, *at = opening.members.data;

	buffer_add_format(&script,
		"readelf -SW %s | sed -n 's/^  \\[ *[1-9][0-9]*\\] \\([^ ]*\\).*/\\1/p' | LC_ALL=C "
		"sort",
		name);
	expected = printed(buffer_text(&script));
	while (*at != '\0') {
		char *end = strchr(at, '\n');
		char *space = memrchr(at, ' ', (size_t)(end - at));

		text_list_addn(&names, at, (size_t)(space - at));
		at = end + 1;
	}
	text_list_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		buffer_add_format(&sorted, "%s%s", i > 0 ? "\n" : "", names.items[i]);
	ck_assert_str_eq(buffer_text(&sorted), expected);
	text_list_release(&names);
	buffer_release(&sorted);
	buffer_release(&script);
	free(expected);
}

START_TEST(lists_sections)
{
	char *build_id;

	shell(PROGRAM "program 1.0 -g -o t");
	open_file(&format_elf, "t");
	expect_whole();
	expect_sections("t");
	build_id = printed("readelf -n t | sed -n 's/.*Build ID: //p'");
	expect_field(".note.gnu.build-id: build-id", build_id);
	free(build_id);
	expect_field("elf-type", "shared object");
	expect_has(field_value("elf-form"), "64-bit, little endian");
	expect_field(".text: kind", "code");
	expect_field(".text: section-flags", "alloc execute");
	expect_field(".rodata: kind", "constants");
	expect_field(".rodata: content-form", "strings");
	expect_field(".data: kind", "data");
	expect_field(".data: content-form", NULL);
	expect_field(".bss: kind", "zeros");
	expect_field(".symtab: kind", "symbols");
	expect_field(".symtab: section-link", ".strtab");
	expect_field(".rela.plt: section-info", ".got.plt");
	expect_field(".rela.plt: kind", "relocations");
	expect_field(".debug_info: kind", "debug information");
	expect_field(".note.ABI-tag: kind", "notes");
	ck_assert_ptr_nonnull(field_value(".note.ABI-tag: note:GNU 1"));
	expect_has(field_value("segment:00"), "PHDR r-- offset 0x40 ");
	expect_has(field_value(".comment: toolchain-version"), "GCC: (");
	expect_has(index_regions(1), "0+16 structure elf-form\n16+2 structure elf-type\n");
	expect_has(index_regions(1), "+36 metadata section-place of .note.gnu.build-id\n");
	expect_has(index_regions(1), "+64 metadata section-place of .text\n");
	expect_has(index_regions(1), " structure elf-gap\n");
}
END_TEST

/* The bytes of a section's member are those that objcopy takes out. */
START_TEST(gives_sections_as_they_are)
{
	size_t len, whole_len;
	char *data, *whole;
	int64_t at;

	shell(PROGRAM "program 1.0 -o t; objcopy -O binary -j .rodata t rodata");
	open_file(&format_elf, "t");
	expect_whole();
	data = file_read("rodata", &len);
	whole = file_read("t", &whole_len);
	at = index_number("SELECT start FROM region JOIN member ON position = owner AND"
			  " member.container = 1 WHERE region.kind = 0 AND"
			  " CAST(path AS TEXT) = '.rodata'");
	ck_assert_int_le(at + (int64_t)len, (int64_t)whole_len);
	ck_assert_mem_eq(whole + at, data, len);
	free(data);
	free(whole);
}
END_TEST

START_TEST(reads_both_sizes_and_byte_orders)
{
	static const struct {
		const char *target, *form;
	} forms[] = {
		{"elf32-little", "32-bit, little endian"},
		{"elf32-big", "32-bit, big endian"},
		{"elf64-little", "64-bit, little endian"},
		{"elf64-big", "64-bit, big endian"},
	};

	shell("seq 99 >t");
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct buffer script = {0};

		buffer_add_format(&script, "objcopy -I binary -O %s t t.o", forms[i].target);
		shell(buffer_text(&script));
		buffer_release(&script);
		open_file(&format_elf, "t.o");
		expect_whole();
		expect_has(field_value("elf-form"), forms[i].form);
		expect_field("elf-type", "relocatable");
		expect_has(buffer_text(&opening.members), ".data 288\n");
		expect_has(buffer_text(&opening.members), ".symtab ");
		expect_field(".symtab: section-link", ".strtab");
		if (i % 2 == 1)
			survive_damage(&format_elf, "t.o", 1);
	}
}
END_TEST

/* The header without what it says of section headers, which are then cut off. */
#define WITHOUT_SECTIONS                                                                           \
	"at=$(readelf -h t | sed -n 's/.*Start of section headers: *\\([0-9]*\\).*/\\1/p');"       \
	"truncate -s $at t; zeros() { head -c $2 /dev/zero | dd of=t bs=1 seek=$1 conv=notrunc"    \
	" status=none; }; zeros 40 8; zeros 60 4;"

START_TEST(reads_programs_without_sections)
{
	char *build_id;

	shell(PROGRAM "program 1.0 -s -o t; readelf -n t | sed -n 's/.*Build ID: //p' >id;"
		      "objcopy --remove-section=.comment t;" WITHOUT_SECTIONS);
	open_file(&format_elf, "t");
	expect_whole();
	build_id = printed("cat id");
	expect_field("NOTE: build-id", build_id);
	free(build_id);
	expect_has(buffer_text(&opening.members), "LOAD0 ");
	expect_has(buffer_text(&opening.members), "\nLOAD1 ");
	expect_has(buffer_text(&opening.members), "\nLOAD3 ");
	expect_has(buffer_text(&opening.members), "NOTE -\n");
	survive_damage(&format_elf, "t", 997);
}
END_TEST

START_TEST(tells_where_debug_information_is)
{
	shell(PROGRAM "program 1.0 -g -o t; objcopy --only-keep-debug t t.debug;"
		      "objcopy -S --add-gnu-debuglink=t.debug t");
	open_file(&format_elf, "t");
	expect_whole();
	expect_field(".gnu_debuglink: debug-link", "t.debug");
	ck_assert_uint_eq(strlen(field_value(".gnu_debuglink: debug-link-crc")), 8);
	expect_has(index_regions(1), "+12 metadata section-place of .gnu_debuglink\n");
	open_file(&format_elf, "t.debug");
	expect_whole();
	expect_field(".text: kind", "zeros");
	/* Called by the build id, as dh_strip does it. */
	shell("id=$(readelf -n t | sed -n 's/.*Build ID: ..//p'); mv t.debug $id.debug;"
	      "objcopy -R .gnu_debuglink t; objcopy --add-gnu-debuglink=$id.debug t");
	open_file(&format_elf, "t");
	expect_whole();
	expect_field(".gnu_debuglink: debug-link", NULL);
	expect_has(field_value(".gnu_debuglink: build-id-link"), ".debug");
}
END_TEST

/* Debug information of another program has another checksum; of the same one it has not. */
START_TEST(the_checksum_of_debug_information_follows_the_build_id)
{
	comparing.with_causes = true;
	shell(PROGRAM
		"program one -g -o a; program two -g -o b; for f in a b; do objcopy "
		"--only-keep-debug $f t.debug; objcopy -S --add-gnu-debuglink=t.debug $f; done;"
		"cp a c; at=$(grep -abo t.debug c | tail -n 1 | cut -d: -f1);"
		"printf EVIL | dd of=c bs=1 seek=$((at + 8)) conv=notrunc status=none");
	expect_files("a", "c", "metadata t//.gnu_debuglink debug-link-crc (unexplained)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 4);
	compare_fds(file_open("a"), file_open("b"));
	expect_has(buffer_text(&comparing.text),
		"metadata t//.gnu_debuglink debug-link-crc debug-link-of (build-id)\n");
}
END_TEST

START_TEST(gives_what_is_appended)
{
	shell(PROGRAM "program 1.0 -o t; seq 500 >>t");
	open_file(&format_elf, "t");
	expect_whole();
	expect_has(buffer_text(&opening.members), "\nappended 1892\n");
}
END_TEST

START_TEST(knows_tools_and_nothing_else)
{
	static const struct {
		const char *text;
		bool is_tool;
	} texts[] = {
		{"GCC: (Debian 12.2.0-14) 12.2.0\\0", true},
		{"\\0GCC: (GNU) 4.8.2 20140120 (Red Hat 4.8.2-15)\\0", true},
		{"GCC: (Debian 12.2.0-14) 12.2.0\\0Debian clang version 14.0.6\\0", true},
		{"Linker: LLD 14.0.6\\0", true},
		{"GCC: (Debian 12.2.0-14) 12.2.0\\0made by hand\\0", false},
		{"GCC: (Debian 12.2.0-14) twelve\\0", false},
		{"clang version of mine\\0", false},
		{"GCC: (Debian 12.2.0-14) 12.2.0", false},
	};

	shell(PROGRAM "program 1.0 -o t");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct buffer script = {0};

		buffer_add_format(&script,
			"printf '%s' >c; objcopy --update-section .comment=c t o", texts[i].text);
		shell(buffer_text(&script));
		buffer_release(&script);
		open_file(&format_elf, "o");
		expect_whole();
		ck_assert_msg(
			(field_value(".comment: toolchain-version") != NULL) == texts[i].is_tool,
			"%s", texts[i].text);
		ck_assert_msg((strstr(buffer_text(&opening.members), ".comment -\n") != NULL) ==
				texts[i].is_tool,
			"%s", texts[i].text);
	}
}
END_TEST

#define MANY                                                                                       \
	"many() { for i in $(seq $1); do echo \".section .s$i; .byte $((i % 256))\"; done | as "   \
	"-o t -;"                                                                                  \
	" };"

START_TEST(bounds_sections)
{
	shell(MANY "many 9000");
	open_file(&format_elf, "t");
	expect_whole();
	expect_has(buffer_text(&opening.members), ".s9000 1\n");
	shell(MANY "many 65400");
	open_file(&format_elf, "t");
	expect_whole();
	expect_has(buffer_text(&opening.members), ".s65400 1\n");
	shell(MANY "many 66000");
	open_file(&format_elf, "t");
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
}
END_TEST

static void put(unsigned char *at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/* So many headers of sections that all are the same note, of 60,000 bytes. */
static void make_notes(struct buffer *elf, unsigned count)
{
	static const unsigned char ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	const size_t table = 64, value = 60000 - 16, at = table + 64 * (size_t)count;
	unsigned char *data;

	buffer_clear(elf);
	data = (unsigned char *)buffer_reserve(elf, at + 60000);
	elf->len = at + 60000;
	memset(data, 0, elf->len);
	memcpy(data, ident, sizeof(ident));
	put(data + 16, 1, 2); /* an object, */
	put(data + 18, 62, 2);
	put(data + 20, 1, 4);
	put(data + 40, table, 8);
	put(data + 52, 64, 2);
	put(data + 58, 64, 2);
	put(data + 60, count, 2);
	for (unsigned i = 0; i < count; i++) {
		put(data + table + 64 * i + 4, 7, 4); /* with notes */
		put(data + table + 64 * i + 24, at, 8);
		put(data + table + 64 * i + 32, 60000, 8);
	}
	put(data + at, 4, 4);
	put(data + at + 4, value, 4);
	memcpy(data + at + 12, "VND", 4);
}

/* Each would be read and kept once more, before it is seen that they overlap. */
START_TEST(bounds_what_notes_take)
{
	struct buffer elf = {0};

	make_notes(&elf, 1);
	open_memory(&format_elf, elf.data, elf.len);
	expect_whole();
	ck_assert_ptr_nonnull(field_value("section 0: note:VND 0"));
	make_notes(&elf, 1500);
	open_memory(&format_elf, elf.data, elf.len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	expect_has(opening.err.text, "bytes to keep");
	buffer_release(&elf);
}
END_TEST

START_TEST(refuses_overlaps)
{
	shell("seq 99 >t; objcopy -I binary -O elf64-little t t.o;"
	      "at=$(readelf -h t.o | sed -n 's/.*Start of section headers: *\\([0-9]*\\).*/\\1/p');"
	      "printf '\\100' | dd of=t.o bs=1 seek=$((at + 64 + 24 + 64)) conv=notrunc "
	      "status=none");
	open_file(&format_elf, "t.o");
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	expect_has(opening.err.text, "overlaps");
}
END_TEST

START_TEST(tells_what_differs)
{
	comparing.with_causes = true;
	shell(PROGRAM "program one -o a; program two -o b");
	expect_files("a", "b",
		"metadata t//.note.gnu.build-id build-id (build-id)\n"
		"content t//.rodata (unexplained)\n");
	ck_assert_str_eq(buffer_text(&comparing.diffs),
		"@@ -1,2 +1,2 @@\n hello %s %d\n-version one\n+version two\n");
	ck_assert_uint_eq(comparing.result.unattributed_bytes, 0);
	/* Another compiler, and everything behind it lies elsewhere. */
	shell("printf 'GCC: (Debian 12.2.0-15) 12.2.1 20230101\\0' >c;"
	      "objcopy --update-section .comment=c a b");
	expect_files("a", "b", "metadata t//.comment toolchain-version (toolchain-version)\n");
	ck_assert_uint_eq(comparing.result.unattributed_bytes, 0);
	/* What is no tool's text is never called one. */
	shell("printf 'GCC: (Debian 12.2.0-15) 12.2.1\\0/home/x\\0' >c;"
	      "objcopy --update-section .comment=c a b");
	expect_files("a", "b",
		"content t//.comment size toolchain-version (toolchain-version) (unexplained)\n");
}
END_TEST

/* Sets the notes of a section of `name`: assembler for both sides. */
static void expect_notes(const char *published, const char *rebuilt, const char *told)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		"n() { printf '.section .note.x, \"a\", %%%%note\\n.macro n name, type, value\\n"
		".long 2f-1f, 4f-3f, \\\\type\\n1: .asciz \"\\\\name\"\\n2: .balign 4\\n"
		"3: .ascii \"\\\\value\"\\n4: .balign 4\\n.endm\\n%%b\\n' \"$2\" | as -o $1 -; };"
		"n a '%s'; n b '%s'",
		published, rebuilt);
	shell(buffer_text(&script));
	buffer_release(&script);
	comparing.with_causes = true;
	expect_files("a", "b", told);
	ck_assert_uint_gt(comparing.result.unexplained_bytes, 0);
}

START_TEST(all_of_a_note_is_told)
{
#define LONG "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN"
	expect_notes("n " LONG "a, 1, v", "n " LONG "b, 1, v",
		"metadata t//.note.x note:" LONG "... (65 bytes, SHA-256 "
		"5242e23d2a96d99d08b59dc82b17c3faa57f9e6933767e64819359ba760a3337) 1 note:" LONG
		"... (65 bytes, SHA-256 "
		"d71e77bf6e15fbfd905174abf21b0d0946cdea51d857d1228e476cb849a774e0) 1 "
		"(unexplained)\n");
#undef LONG
	expect_notes("n V, 7, good\\nn V, 7, evil", "n V, 7, evil\\nn V, 7, good",
		"metadata t//.note.x note:V 7 note:V 7#2 (unexplained)\n");
	expect_notes("n V, 7, good\\nn W, 7, evil", "n W, 7, evil\\nn V, 7, good",
		"metadata t//.note.x note-order (unexplained)\n");
	/* What readers take is the first. */
	expect_notes("n GNU, 3, goodgood\\nn GNU, 3, evilevil",
		"n GNU, 3, goodgood\\nn GNU, 3, elsewise",
		"metadata t//.note.x note:GNU 3#2 (unexplained)\n");
}
END_TEST

START_TEST(survives_damage)
{
	shell(PROGRAM "program 1.0 -s -o t");
	survive_damage(&format_elf, "t", 499);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elf");
	TCase *tcase = tcase_create("elf");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, lists_sections);
	tcase_add_test(tcase, gives_sections_as_they_are);
	tcase_add_test(tcase, reads_both_sizes_and_byte_orders);
	tcase_add_test(tcase, reads_programs_without_sections);
	tcase_add_test(tcase, tells_where_debug_information_is);
	tcase_add_test(tcase, the_checksum_of_debug_information_follows_the_build_id);
	tcase_add_test(tcase, gives_what_is_appended);
	tcase_add_test(tcase, knows_tools_and_nothing_else);
	tcase_add_test(tcase, bounds_sections);
	tcase_add_test(tcase, refuses_overlaps);
	tcase_add_test(tcase, bounds_what_notes_take);
	tcase_add_test(tcase, tells_what_differs);
	tcase_add_test(tcase, all_of_a_note_is_told);
	tcase_add_test(tcase, survives_damage);
	return run_suite(suite);
}
