/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/opening.h"

#define SOURCE                                                                                     \
	"cat >t.dts <<'END'\n"                                                                     \
	"/dts-v1/;\n/memreserve/ 0x1000 0x2000;\n"                                                 \
	"/ { model = \"a board\"; compatible = \"cip,board\", \"cip,soc\"; flag;\n"                \
	" soc { #address-cells = <1>; uart@fe000 { reg = <0xfe000 0x100>; status = \"okay\"; };\n" \
	"  uart@ff000 { reg = <0xff000 0x100>; }; }; };\nEND\n"                                    \
	"dtc -q -I dts -O dtb -o t.dtb t.dts;"

#define FIT                                                                                        \
	"seq 500 >kernel; seq 90 >fdt; cat >t.its <<'END'\n"                                       \
	"/dts-v1/;\n/ { description = \"x\"; #address-cells = <1>; images {\n"                     \
	" kernel { data = /incbin/(\"kernel\"); type = \"kernel\"; arch = \"arm64\";"              \
	" os = \"linux\"; compression = \"none\"; load = <0>; entry = <0>;"                        \
	" hash { algo = \"sha256\"; }; };\n"                                                       \
	" fdt { data = /incbin/(\"fdt\"); type = \"flat_dt\"; arch = \"arm64\";"                   \
	" compression = \"none\"; }; };\n"                                                         \
	" configurations { default = \"c\"; c { kernel = \"kernel\"; fdt = \"fdt\"; }; }; };\n"    \
	"END\n"

static void set_up(void)
{
	comparing_setup();
}

static void tear_down(void)
{
	index_close();
	comparing_teardown();
}

START_TEST(lists_nodes_and_properties)
{
	shell(SOURCE);
	open_file(&format_devicetree, "t.dtb");
	expect_whole();
	ck_assert_str_eq(
		buffer_text(&opening.members), "/ -\nsoc -\nsoc/uart@fe000 -\nsoc/uart@ff000 -\n");
	expect_field("kind", "device tree");
	expect_field("/: property:model", "a board");
	expect_field("/: property:compatible", "cip,board, cip,soc");
	expect_field("/: property:flag", "");
	expect_field("soc/uart@fe000: property:reg", "000fe000 00000100");
	expect_field("soc/uart@fe000: property:status", "okay");
	expect_field("soc/uart@ff000: property:status", NULL);
	expect_field("memory-reservation", "0x0000000000001000 0x0000000000002000");
	expect_has(index_regions(1), "0+40 structure tree-header\n40+32 structure");
	expect_has(index_regions(1), " metadata property of soc/uart@fe000\n");
}
END_TEST

/* The content of an image, in the tree or behind it, is the file that was put in. */
static void expect_images(const char *name)
{
	static const char *const images[] = {"kernel", "fdt"};

	open_file(&format_devicetree, name);
	expect_whole();
	expect_field("kind", "FIT image");
	expect_field("fit-timestamp", "1970-01-01T00:01:17Z");
	expect_field("/: property:timestamp", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		struct buffer sql = {0};
		size_t len, whole_len;
		char *data = file_read(images[i], &len), *whole = file_read(name, &whole_len);
		int64_t at;

		buffer_add_format(&sql,
			"SELECT start FROM region JOIN member ON position = owner"
			" AND member.container = 1 WHERE region.kind = 0 AND"
			" CAST(path AS TEXT) = 'images/%s'",
			images[i]);
		at = index_number(buffer_text(&sql));
		ck_assert_int_le(at + (int64_t)len, (int64_t)whole_len);
		ck_assert_mem_eq(whole + at, data, len);
		buffer_clear(&sql);
		buffer_add_format(&sql, "images/%s %zu\n", images[i], len);
		expect_has(buffer_text(&opening.members), buffer_text(&sql));
		buffer_release(&sql);
		free(data);
		free(whole);
	}
}

START_TEST(gives_the_images_of_a_fit)
{
	shell(FIT "export SOURCE_DATE_EPOCH=77; mkimage -f t.its t.itb >>log");
	expect_images("t.itb");
	ck_assert_ptr_nonnull(field_value("images/kernel/hash: property:value"));
	shell(FIT "export SOURCE_DATE_EPOCH=77; mkimage -E -f t.its t.itb >>log");
	expect_images("t.itb");
	shell(FIT "export SOURCE_DATE_EPOCH=77; mkimage -E -p 4096 -f t.its t.itb >>log");
	expect_images("t.itb");
	survive_damage(&format_devicetree, "t.itb", 37);
}
END_TEST

START_TEST(survives_damage)
{
	shell(SOURCE);
	survive_damage(&format_devicetree, "t.dtb", 1);
}
END_TEST

START_TEST(bounds_depth)
{
	shell("{ echo '/dts-v1/; / {'; for i in $(seq 70); do echo 'n {'; done;"
	      "for i in $(seq 70); do echo '};'; done; echo '};'; } >t.dts;"
	      "dtc -q -I dts -O dtb -o t.dtb t.dts");
	open_file(&format_devicetree, "t.dtb");
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
}
END_TEST

/* A path of 4,000 bytes in front of 5,000 nodes, which each repeat it. */
START_TEST(bounds_paths_together)
{
	shell("{ printf '/dts-v1/; / {\\n'; n=$(printf '%0997d' 0);"
	      "for i in 1 2 3 4; do echo \"a$n {\"; done;"
	      "seq -f 'b%.0f { };' 5000; for i in 1 2 3 4; do echo '};'; done; echo '};'; }"
	      " >t.dts; dtc -q -I dts -O dtb -o t.dtb t.dts");
	open_file(&format_devicetree, "t.dtb");
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	expect_has(opening.err.text, "bytes to keep");
}
END_TEST

START_TEST(bounds_names_of_properties)
{
	size_t len;
	char *data;

	shell(SOURCE);
	data = file_read("t.dtb", &len);
	memcpy(data + 32, "\0\2\0\1", 4);
	open_memory(&format_devicetree, data, len);
	ck_assert_int_eq(opening.status, STATUS_LIMIT);
	free(data);
}
END_TEST

/* ---- uImage ---- */

#define UIMAGE "seq 3000 >one; seq 77 >two; export SOURCE_DATE_EPOCH=77; "

START_TEST(takes_a_uimage_apart)
{
	shell(UIMAGE "mkimage -A arm -O linux -T kernel -C none -a 0x8000 -e 0x8040 -n test"
		     " -d one t.img >>log");
	open_file(&format_uimage, "t.img");
	expect_whole();
	expect_field("uimage-timestamp", "1970-01-01T00:01:17Z");
	expect_field("uimage-load", "0x00008000");
	expect_field("uimage-entry", "0x00008040");
	expect_field("uimage-name", "test");
	expect_field("checksum-invalid", NULL);
	ck_assert_str_eq(buffer_text(&opening.members), "payload 13893\n");
	ck_assert_str_eq(index_regions(1),
		"0+4 structure uimage-header\n4+4 derived checksum\n"
		"8+4 structure uimage-timestamp\n12+12 structure uimage-header\n"
		"24+4 derived checksum\n28+4 structure uimage-header\n32+32 structure uimage-name\n"
		"64+13893 content data of payload@0\n");
	/* What follows the data, and a byte that no sum has seen. */
	shell("printf behind >>t.img; printf X | dd of=t.img bs=1 seek=99 conv=notrunc "
	      "status=none");
	open_file(&format_uimage, "t.img");
	expect_whole();
	ck_assert_ptr_nonnull(field_value("checksum-invalid"));
	expect_has(index_regions(1), "24+4 structure checksum\n");
	expect_has(index_regions(1), "+6 structure trailing-data\n");
	survive_damage(&format_uimage, "t.img", 499);
}
END_TEST

START_TEST(takes_several_images_apart)
{
	shell(UIMAGE "mkimage -A arm -O linux -T multi -C none -n test -d one:two t.img >>log");
	open_file(&format_uimage, "t.img");
	expect_whole();
	ck_assert_str_eq(buffer_text(&opening.members), "payload0 13893\npayload1 222\n");
	expect_has(index_regions(1), "64+12 structure uimage-sizes\n");
	survive_damage(&format_uimage, "t.img", 499);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devicetree");
	TCase *tcase = tcase_create("devicetree");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, lists_nodes_and_properties);
	tcase_add_test(tcase, gives_the_images_of_a_fit);
	tcase_add_test(tcase, survives_damage);
	tcase_add_test(tcase, bounds_depth);
	tcase_add_test(tcase, bounds_paths_together);
	tcase_add_test(tcase, bounds_names_of_properties);
	tcase_add_test(tcase, takes_a_uimage_apart);
	tcase_add_test(tcase, takes_several_images_apart);
	return run_suite(suite);
}
