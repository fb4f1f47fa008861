/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "tests/unit/indexing_format.h"

/* keys; describe FILE...; sign KEY OPTION...; pack OUT FILE... */
#define TOOLS                                                                                      \
	"keys() { for k in \"$@\"; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $k.key "   \
	"-out $k.pem -subj /CN=$k -days 9000 2>/dev/null; done; };"                                \
	"describe() { { echo 'software ='; echo '{'; echo '  version = \"1.2\";';"                 \
	" echo '  uuid = \"5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233\";'; echo '  images: (';"          \
	" comma=; for f in \"$@\"; do echo \"    $comma{ filename = \\\"$f\\\";\";"                \
	" echo \"      sha256 = \\\"$(sha256sum $f | cut -d' ' -f1)\\\"; }\"; comma=,; done;"      \
	" echo '  );'; echo '}'; } >sw-description; };"                                            \
	"sign() { k=$1; shift; openssl cms -sign -in sw-description -out sw-description.sig"       \
	" -signer $k.pem -inkey $k.key -outform DER -binary \"$@\"; };"                            \
	"fingerprint() { openssl x509 -in $1.pem -noout -fingerprint -sha256 |"                    \
	" sed 's/.*=//;s/://g' | tr A-F a-f >$1.print; };"                                         \
	"pack() { o=$1; shift; printf '%s\\n' sw-description \"$@\" |"                             \
	" cpio --quiet --reproducible -o -H crc >$o; };"                                           \
	"payload() { echo one >one; seq 90000 >two; };"

static char *text_of(const char *name)
{
	char *path = path_join(comparing.directory, name);
	char *data = NULL;
	size_t len;

	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &comparing.err), STATUS_OK);
	free(path);
	if (len > 0 && data[len - 1] == '\n')
		data[len - 1] = '\0';
	return data;
}

static uint64_t size_of(const char *name)
{
	struct stat info;
	char *path = path_join(comparing.directory, name);

	ck_assert_int_eq(stat(path, &info), 0);
	free(path);
	return (uint64_t)info.st_size;
}

static void index_swu(const char *name)
{
	index_file(name);
	ck_assert_int_eq(index_number("SELECT format = 'swu' FROM member WHERE id = 1"), 1);
	index_assert_covered(INDEX_ARTIFACT_ID, size_of(name));
}

START_TEST(separates_a_signature_that_verifies)
{
	char *print;

	shell(TOOLS "keys good; fingerprint good; payload; describe one two; sign good -noattr;"
		    "pack x.swu sw-description.sig one two");
	index_swu("x.swu");
	print = text_of("good.print");
	expect_field("x.swu", "cms-signer", print);
	expect_field("x.swu", "signature-invalid", NULL);
	expect_field("x.swu", "swu:version", "1.2");
	expect_field("x.swu", "swu:uuid", "5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233");
	expect_field("x.swu", "image-sha256-mismatch:one", NULL);
	expect_has(index_regions(INDEX_ARTIFACT_ID),
		" wrapper cms-signature of sw-description.sig@0\n");
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE kind = 3 AND"
				      " name = 'image-sha256' AND length = 64 AND owner = 0"),
		2);
	/* What is derived lies where the digits are, in the archive and in the description. */
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE name = 'image-sha256' AND"
				      " start - content = (SELECT start FROM region WHERE"
				      " name = 'data' AND owner = 0 ORDER BY start LIMIT 1)"),
		2);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM region WHERE name = 'checksum' AND kind = 3"),
		4);
	ck_assert_int_eq(index_number("SELECT detail IS NOT NULL AND length(detail) = 64 FROM"
				      " region WHERE kind = 4"),
		1);
	/* Signed attributes are verified with the rest; their time is told. */
	shell(TOOLS "sign good; pack x.swu sw-description.sig one two");
	index_swu("x.swu");
	expect_field("x.swu", "cms-signer", print);
	ck_assert_ptr_nonnull(indexed_field("x.swu", "cms-signing-time"));
	free(print);
}
END_TEST

/* Each must leave the signature a plain member, and say why. */
static const struct {
	const char *attack, *field, *says;
} attacks[] = {
	/* It verifies with openssl all the same: `behind` makes sure. */
	{"sign good -noattr; head -c 5000 /dev/zero >>sw-description.sig; behind",
		"wrapper-extra-bytes", "5000 bytes"},
	{"sign good -noattr; seq 900 >>sw-description.sig; behind", "wrapper-extra-bytes", "bytes"},
	{"sign evil -noattr -certfile good.pem", "signature-invalid", ""},
	/* Signed by one key, and carrying only the certificate of another. */
	{"sign evil -noattr -nocerts -certfile good.pem", "signature-invalid", ""},
	{"sign good -noattr -certfile evil.pem", "signature-invalid", ""},
	{"sign good -noattr -nocerts", "signature-invalid", ""},
	{"sign good -noattr -nodetach", "signature-invalid", ""},
	{"sign good -noattr -md sha1", "signature-invalid", ""},
	{"sign good -noattr; echo '# x' >>sw-description", "signature-invalid", ""},
	{"sign good -noattr; openssl cms -resign -in sw-description.sig -inform DER -outform DER "
	 "-out twice -signer evil.pem -inkey evil.key -noattr; mv twice sw-description.sig",
		"signature-invalid", ""},
	{"echo text >sw-description.sig", "signature-invalid", ""},
	{": >sw-description.sig", "signature-invalid", ""},
};

START_TEST(a_signature_that_is_not_strict_is_no_wrapper)
{
	char *script = xasprintf("%s behind() { openssl cms -verify -in sw-description.sig -inform "
				 "DER -content sw-description -binary -noverify -out /dev/null "
				 "2>/dev/null; }; keys good evil; payload; describe one two; %s; "
				 "pack x.swu sw-description.sig one two",
		TOOLS, attacks[_i].attack);

	shell(script);
	free(script);
	index_swu("x.swu");
	expect_field("x.swu", "cms-signer", NULL);
	ck_assert_ptr_nonnull(indexed_field("x.swu", attacks[_i].field));
	expect_has(indexed_field("x.swu", attacks[_i].field), attacks[_i].says);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE kind = 4"), 0);
}
END_TEST

/* The named signer is the one whose key verified, whatever the structure says of itself. */
START_TEST(the_signer_is_whose_key_verified)
{
	char *print;

	shell(TOOLS "keys good evil; fingerprint evil; payload; describe one; sign evil -noattr;"
		    "pack x.swu sw-description.sig one");
	print = text_of("evil.print");
	index_swu("x.swu");
	expect_field("x.swu", "cms-signer", print);
	free(print);
}
END_TEST

START_TEST(names_a_payload_that_is_not_what_is_said)
{
	char *hex;

	shell(TOOLS
		"payload; describe one two; echo ONE >one; sha256sum one | cut -d' ' -f1 >print;"
		"pack x.swu one two");
	index_swu("x.swu");
	hex = text_of("print");
	expect_field("x.swu", "image-sha256-mismatch:one", hex);
	free(hex);
	expect_field("x.swu", "image-sha256-mismatch:two", NULL);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM region WHERE name = 'image-sha256'"), 1);
	shell(TOOLS "describe one two; pack x.swu two");
	index_swu("x.swu");
	expect_field("x.swu", "image-sha256-mismatch:one", "no such member");
	/* Digits in upper case could have been written in another way: not derived. */
	shell(TOOLS "describe one; sed -i 's/sha256 = .*\"\\(.*\\)\"/sha256 = \"\\U\\1\"/' "
		    "sw-description;"
		    "grep -q [A-F] sw-description; pack x.swu one");
	index_swu("x.swu");
	expect_field("x.swu", "image-sha256-mismatch:one", NULL);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM region WHERE name = 'image-sha256'"), 0);
	shell(TOOLS "describe one; sed -i s/sha256.*/sha256=\\\"abc\\\"\\;}/ sw-description;"
		    "pack x.swu one");
	index_swu("x.swu");
	expect_field("x.swu", "image-sha256-mismatch:one", "what is said is no SHA-256");
	shell(TOOLS "describe one; sed -i s/sha256.*/}/ sw-description; pack x.swu one");
	index_swu("x.swu");
	expect_field("x.swu", "image-sha256-missing:one", "yes");
}
END_TEST

START_TEST(never_follows_an_include)
{
	shell(TOOLS "payload; describe one; echo '@include \"/etc/passwd\"' >>sw-description;"
		    "pack x.swu one");
	index_swu("x.swu");
	expect_field("x.swu", "sw-description-invalid",
		"line 10: not followed: @include \"/etc/passwd\"");
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM region WHERE name = 'image-sha256'"), 0);
	ck_assert_str_eq(index_members(INDEX_ARTIFACT_ID), "sw-description 232\none 4\n");
}
END_TEST

START_TEST(tells_sums_that_do_not_fit_and_what_is_behind)
{
	shell(TOOLS "payload; describe one; pack x.swu one; printf ONE | dd of=x.swu bs=1 "
		    "seek=$(grep -abo one x.swu | tail -n 1 | cut -d: -f1) conv=notrunc "
		    "status=none; echo "
		    "behind >>x.swu");
	index_swu("x.swu");
	expect_field("x.swu", "checksum-invalid:one", "does not fit");
	ck_assert_ptr_nonnull(indexed_field("x.swu", "image-sha256-mismatch:one"));
	expect_has(index_members(INDEX_ARTIFACT_ID), "\n/trailing 7\n");
	expect_has(index_regions(INDEX_ARTIFACT_ID), "+7 content data of /trailing@0\n");
}
END_TEST

START_TEST(a_truncated_update_is_told)
{
	shell(TOOLS "payload; describe one two; pack x.swu one two; truncate -s -100000 x.swu");
	index_file("x.swu");
	ck_assert_int_eq(index_number("SELECT count(*) FROM member WHERE id = 1 AND inspected = 0"
				      " AND reason LIKE 'swu: short read%'"),
		1);
	expect_has(index_members(INDEX_ARTIFACT_ID), "one 4\n");
}
END_TEST

START_TEST(without_a_description_in_front_it_is_a_cpio)
{
	shell(TOOLS "payload; describe one; printf '%s\\n' one sw-description | cpio --quiet -o -H "
		    "crc >x.swu");
	index_file("x.swu");
	ck_assert_int_eq(index_number("SELECT format = 'cpio' FROM member WHERE id = 1"), 1);
}
END_TEST

/* ---- sw-description by itself ---- */

static enum status describe(const char *text)
{
	return index_text_as(&format_sw_description, "sw-description", text);
}

START_TEST(cuts_a_description_by_path)
{
	const char *text =
		"# a comment\n"
		"software = { /* { */ version = \"1.0\" \"2\\x41\\n\";\n"
		"  n: -0x1F; on = TRUE, ratio = 1.5e+3;\n"
		"  images: ( { filename = \"a\"; properties: { x = \"y\"; }; }, {b=1;} ); // }\n"
		"  list = [ 1, 2 ]; empty = (); none = {};\n"
		"};\n";

	index_assert_read(describe(text));
	ck_assert_str_eq(index_members(INDEX_ARTIFACT_ID),
		"software.version 13\n"
		"software.n 5\n"
		"software.on 4\n"
		"software.ratio 6\n"
		"software.images.[0].filename 1\n"
		"software.images.[0].properties.x 1\n"
		"software.images.[1].b 1\n"
		"software.list.[0] 1\n"
		"software.list.[1] 1\n");
	index_assert_covered(INDEX_ARTIFACT_ID, strlen(text));
	expect_has(index_regions(INDEX_ARTIFACT_ID), " content data of software.n@0\n");
}
END_TEST

static const struct {
	const char *text;
	enum status status;
	const char *says;
} refused[] = {
	{"a = 1; @include \"/etc/passwd\"\n", STATUS_UNSUPPORTED, "@include \"/etc/passwd\""},
	{"a = { @include \"/etc/passwd\"\n}", STATUS_UNSUPPORTED, "line 1: not followed"},
	{"a = ", STATUS_FORMAT, "line 1: no value"},
	{"a = 1; a = 2;", STATUS_FORMAT, "line 1: a name for the second time"},
	{"a = {\nb = 1;", STATUS_FORMAT, "line 2: a group without an end"},
	{"a = \"x", STATUS_FORMAT, "a text without an end"},
	{"a = /* x", STATUS_FORMAT, "a comment without an end"},
	{"a = ( 1 2 );", STATUS_FORMAT, "no comma"},
	{"a 1;", STATUS_FORMAT, "no = behind a name"},
	{"a = word;", STATUS_FORMAT, "no value"},
	{"}", STATUS_FORMAT, "no name of a setting"},
	{"1a = 2;", STATUS_FORMAT, "no name of a setting"},
};

START_TEST(refuses_what_is_not_in_the_language)
{
	ck_assert_int_eq(describe(refused[_i].text), refused[_i].status);
	expect_has(comparing.err.text, refused[_i].says);
}
END_TEST

/* Each element repeats the path, so one long name in front of many would take gigabytes. */
START_TEST(bounds_paths_and_what_they_take_together)
{
	struct buffer text = {0};

	buffer_add_text(&text, "software = { ");
	for (int i = 0; i < 5000; i++)
		buffer_add_char(&text, 'n');
	buffer_add_text(&text, " = [1]; };");
	ck_assert_int_eq(describe(buffer_text(&text)), STATUS_LIMIT);
	expect_has(comparing.err.text, "a path of more than");
	buffer_clear(&text);
	for (int i = 0; i < 2000; i++)
		buffer_add_char(&text, 'n');
	buffer_add_text(&text, " = [");
	for (int i = 0; i < 16384; i++)
		buffer_add_text(&text, i > 0 ? ",1" : "1");
	buffer_add_text(&text, "];");
	ck_assert_int_eq(describe(buffer_text(&text)), STATUS_LIMIT);
	expect_has(comparing.err.text, "bytes to keep");
	buffer_release(&text);
}
END_TEST

START_TEST(bounds_how_deep_groups_go)
{
	struct buffer text = {0};

	for (int i = 0; i < 40; i++)
		buffer_add_text(&text, "a = {");
	ck_assert_int_eq(describe(buffer_text(&text)), STATUS_LIMIT);
	buffer_clear(&text);
	for (int i = 0; i < 2000; i++)
		buffer_add_format(&text, "a%d = 1;\n", i);
	ck_assert_int_eq(describe(buffer_text(&text)), STATUS_LIMIT);
	buffer_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("swu");
	TCase *tcase = tcase_create("swu");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, separates_a_signature_that_verifies);
	tcase_add_loop_test(
		tcase, a_signature_that_is_not_strict_is_no_wrapper, 0, (int)ARRAY_SIZE(attacks));
	tcase_add_test(tcase, the_signer_is_whose_key_verified);
	tcase_add_test(tcase, names_a_payload_that_is_not_what_is_said);
	tcase_add_test(tcase, never_follows_an_include);
	tcase_add_test(tcase, tells_sums_that_do_not_fit_and_what_is_behind);
	tcase_add_test(tcase, a_truncated_update_is_told);
	tcase_add_test(tcase, without_a_description_in_front_it_is_a_cpio);
	tcase_add_test(tcase, cuts_a_description_by_path);
	tcase_add_loop_test(
		tcase, refuses_what_is_not_in_the_language, 0, (int)ARRAY_SIZE(refused));
	tcase_add_test(tcase, bounds_how_deep_groups_go);
	tcase_add_test(tcase, bounds_paths_and_what_they_take_together);
	return run_cases(suite);
}
