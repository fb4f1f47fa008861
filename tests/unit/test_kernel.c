/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/parts.h"
#include "tests/unit/opening.h"

/*
 * Kernels in small, made by hand where no tool makes them: what headers say is what the kernel's
 * own build would write. A real one is looked at in tests/cli/compare-boot-long.test.
 */

#define SETUP_END 1024

static void set_up(void)
{
	comparing_setup();
}

static void tear_down(void)
{
	index_close();
	comparing_teardown();
}

static void put(unsigned char *at, size_t len, uint64_t value)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

/*
 * A bzImage: one sector of set-up code, 64 bytes of code, the file `payload` of the directory, and
 * 32 bytes with the sum at their end. `extra` is put behind the payload, in its length.
 */
static void make_bzimage(const char *payload, const void *extra, size_t extra_len)
{
	size_t payload_len, len, end;
	char *bytes = file_read(payload, &payload_len);
	unsigned char *image;
	char *path = path_join(comparing.directory, "bzimage");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint32_t crc = 0xffffffff;

	len = payload_len + extra_len;
	end = (SETUP_END + 64 + len + 32 + 15) / 16 * 16;
	image = calloc(1, end);
	image[0x1f1] = 1;
	put(image + 0x1f4, 4, (end - SETUP_END) / 16);
	put(image + 0x1fe, 2, 0xaa55);
	put(image + 0x200, 2, 0x6aeb);
	memcpy(image + 0x202, "HdrS", 4);
	put(image + 0x206, 2, 0x20f);
	put(image + 0x20e, 2, 0x100);
	memcpy(image + 0x300, "6.1.0-test (me@here) #1 SMP Mon", 32);
	put(image + 0x248, 4, 64);
	put(image + 0x24c, 4, len);
	memset(image + SETUP_END, 0x90, 64);
	memcpy(image + SETUP_END + 64, bytes, payload_len);
	if (extra_len > 0)
		memcpy(image + SETUP_END + 64 + payload_len, extra, extra_len);
	/* As arch/x86/boot/tools/build.c does: a CRC-32 that is not inverted at its end. */
	for (size_t i = 0; i < end - 4; i++) {
		crc ^= image[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	put(image + end - 4, 4, crc);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, image, end), (ssize_t)end);
	close(fd);
	free(path);
	free(image);
	free(bytes);
}

START_TEST(cuts_a_bzimage)
{
	shell("seq 5000 | gzip -9n >payload");
	make_bzimage("payload", NULL, 0);
	open_file(&format_bzimage, "bzimage");
	expect_whole();
	expect_field("kind", "Linux kernel (x86)");
	expect_field("kernel-version", "6.1.0-test (me@here) #1 SMP Mon");
	expect_field("boot-protocol", "2.15");
	expect_has(buffer_text(&opening.members), "decompressor 64\npayload ");
	expect_field("kernel-release", "6.1.0-test");
	expect_field("kernel-flavour", " # SMP Mon");
	expect_has(index_regions(1), "497+123 structure setup-header\n");
	expect_has(index_regions(1), "768+31 structure kernel-version\n");
	expect_has(index_regions(1), "+4 derived checksum\n");
	ck_assert_ptr_null(strstr(index_regions(1), "payload-size"));
}
END_TEST

/* The bytes of the version text of the image above; NUL bytes fill its place. */
static void write_version(const char *name, const void *text, size_t len)
{
	char script[64];
	char *full;
	int fd;

	make_bzimage("payload", NULL, 0);
	snprintf(script, sizeof(script), "cp bzimage %s", name);
	shell(script);
	full = path_join(comparing.directory, name);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	free(full);
	ck_assert_int_eq(pwrite(fd, (char[64]){0}, 64, 0x300), 64);
	ck_assert_int_eq(pwrite(fd, text, len, 0x300), (ssize_t)len);
	close(fd);
}

static void expect_versions(
	const char *a, size_t len_a, const char *b, size_t len_b, const char *expected)
{
	write_version("a", a, len_a);
	write_version("b", b, len_b);
	comparing.with_causes = true;
	buffer_clear(&comparing.text);
	ck_assert_int_eq(compare_fds(file_open("a"), file_open("b")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), expected);
	ck_assert(strstr(expected, "unexplained") != NULL ||
		strstr(buffer_text(&comparing.text), "unexplained") == NULL);
}

/* Whoever set-up code belongs to may call it a version. */
START_TEST(only_a_stamp_of_the_same_kernel_is_one)
{
	static const char one[] = "6.1.0-9 (me@here) #1 SMP Mon Jan  5 12:00:00 UTC 2026";
	static const char *const escaped[] = {
		"6.1.0-9 (me@here) #1 SMP \x1b Mon Jan  5 12:00:00 UTC 2026",
		"6.1.0-9 (me@here) #2 SMP \x1b Mon Jan  5 12:00:00 UTC 2026"};
	static const struct {
		const char *text, *told;
	} others[] = {
		{"6.1.0-9 (us@home) #7 SMP Tue Jan 16 02:00:00 UTC 2026", "kernel-version (kernel"},
		{"6.1.0-8 (me@here) #1 SMP Mon Jan  5 12:00:00 UTC 2026",
			"kernel-version kernel-release (unexplained)"},
		{"6.1.0-9 (me@here) #1 UPX Mon Jan  5 12:00:00 UTC 2026",
			"kernel-version kernel-flavour (unexplained)"},
		{"6.1.0-9 (me@here) Mon Jan  5 12:00:00 UTC 2026", "(unexplained)"},
		{"6.1.0-9 (m\xebh@here) #1 SMP Mon Jan  5 12:00:00 UTC 2026", "(unexplained)"},
		{"6.1.0-9 (me@here) #1 SMP Mon Jan  5 12:00:00 UTC 2026\x90\xe9", "(unexplained)"},
		{"\x90\x31\xc0", "(unexplained)"},
		{"", "(unexplained)"},
	};

	shell("seq 5000 | gzip -9n >payload");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_versions(
			one, strlen(one), others[i].text, strlen(others[i].text), others[i].told);
	/* Whatever it has in common: a text with a control byte is none. */
	expect_versions(escaped[0], strlen(escaped[0]), escaped[1], strlen(escaped[1]),
		"setup-code (unexplained)");
	expect_versions("\x90\x31\xc0", 3, "\x90\x31\xc9", 3, "content t setup-code (unexplained)");
}
END_TEST

START_TEST(keeps_the_size_behind_a_payload_apart)
{
	shell("seq 5000 | xz >payload");
	make_bzimage("payload", "\x11\x22\x33\x44", 4);
	open_file(&format_bzimage, "bzimage");
	expect_whole();
	expect_field("payload-size", "1144201745");
	expect_has(index_regions(1), "+4 structure payload-size\n");
	shell("printf x | dd of=bzimage bs=1 seek=1030 conv=notrunc status=none");
	open_file(&format_bzimage, "bzimage");
	expect_whole();
	ck_assert_ptr_null(strstr(index_regions(1), "checksum"));
}
END_TEST

START_TEST(refuses_a_bzimage_that_is_cut)
{
	size_t len;
	char *data;

	shell("seq 5000 | xz >payload");
	make_bzimage("payload", "\x11\x22\x33\x44", 4);
	data = file_read("bzimage", &len);
	open_memory(&format_bzimage, data, len - 16);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	expect_has(opening.err.text, "short read");
	put((unsigned char *)data + 0x24c, 4, 0x7fffffff);
	open_memory(&format_bzimage, data, len);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	expect_has(opening.err.text, "the payload");
	free(data);
	survive_damage(&format_bzimage, "bzimage", 97);
}
END_TEST

/* ---- arm64 ---- */

static void make_image(bool has_config)
{
	shell("{ printf '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0';"
	      "head -c 40 /dev/zero; printf 'ARM\\144\\0\\0\\0\\0'; seq 300;"
	      "printf 'Linux version %%s\\0Linux version 6.1.0-cip (me@here) #1 SMP\\n\\0';"
	      "seq 40000; } >image;"
	      "seq 100 | gzip -n >config.gz; cp image image.config;"
	      "{ printf IKCFG_ST; cat config.gz; printf IKCFG_ED; seq 5; } >>image.config");
	open_file(&format_kernel_image, has_config ? "image.config" : "image");
	expect_whole();
	expect_field("kind", "Linux kernel (arm64)");
	expect_field("kernel-version", "Linux version 6.1.0-cip (me@here) #1 SMP");
}

START_TEST(cuts_an_arm64_image)
{
	make_image(false);
	expect_has(index_regions(1), "0+64 structure image-header\n64+");
	expect_has(buffer_text(&opening.members), "kernel ");
	ck_assert_ptr_null(strstr(buffer_text(&opening.members), "config"));
}
END_TEST

/* It is looked for block by block, and may run from one into the next. */
START_TEST(finds_a_version_wherever_it_stands)
{
	static const char version[] = "Linux version 6.1.0-99 (builder@host) (gcc 12.2.0) #1 SMP";

	for (size_t before = 200; before > 0; before -= 5) {
		size_t len = 600000, at = 64 + 256 * 1024 - before;
		char *image = calloc(1, len);

		memcpy(image + 56, "ARM\x64", 4);
		memcpy(image + at, version, sizeof(version));
		open_memory(&format_kernel_image, image, len);
		expect_field("kernel-version", version);
		/* At the very end, without what ends it. */
		memset(image + at, 0, sizeof(version));
		memcpy(image + len - strlen(version), version, strlen(version));
		open_memory(&format_kernel_image, image, len);
		expect_field("kernel-version", version);
		free(image);
	}
}
END_TEST

START_TEST(finds_the_configuration)
{
	size_t image_len, config_len;
	char *image, *config;
	int64_t at;

	make_image(true);
	image = file_read("image.config", &image_len);
	config = file_read("config.gz", &config_len);
	at = index_number("SELECT start FROM region JOIN member ON position = owner"
			  " AND member.container = 1 WHERE CAST(path AS TEXT) = 'config.gz'");
	ck_assert_mem_eq(image + at, config, config_len);
	expect_has(buffer_text(&opening.members), "kernel-after-config 18\n");
	free(image);
	free(config);
}
END_TEST

/* ---- modules ---- */

/* As scripts/sign-file of the kernel does, with its certificate left out. */
#define SIGN_MODULE                                                                                \
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -subj /CN=module -days 9" \
	" 2>>log; echo '.fill 9999' | as -o module;"                                               \
	"openssl cms -sign -binary -noattr -nocerts -in module -signer cert -inkey key"            \
	" -outform DER -out sig;"                                                                  \
	"{ cat module sig; printf '\\0\\0\\2\\0\\0\\0\\0\\0\\0\\0';"                               \
	"printf \"\\\\$(printf %o $(($(stat -c %s sig) / 256)))\";"                                \
	"printf \"\\\\$(printf %o $(($(stat -c %s sig) % 256)))\";"                                \
	"printf '~Module signature appended~\\n'; } >signed.ko;"

/* `der` is the command that writes the signature to the file "sig". */
static void expect_signature(const char *der, const char *why)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		"%s; { cat module sig; printf '\\0\\0\\2\\0\\0\\0\\0\\0\\0\\0';"
		"printf \"\\\\$(printf %%o $(($(stat -c %%s sig) / 256)))\";"
		"printf \"\\\\$(printf %%o $(($(stat -c %%s sig) %% 256)))\";"
		"printf '~Module signature appended~\\n'; } >x.ko",
		der);
	shell(buffer_text(&script));
	buffer_release(&script);
	open_file(&format_kernel_module, "x.ko");
	expect_whole();
	if (why == NULL) {
		expect_field("signature-invalid", NULL);
		return;
	}
	expect_field("module-signature", NULL);
	expect_has(field_value("signature-invalid"), why);
	expect_has(index_regions(1), " structure signature-invalid\n");
}

/* Bytes that no signature needs may be anything. */
START_TEST(what_is_more_than_a_signature_is_none)
{
#define SIGN "openssl cms -sign -binary -in module -signer cert -inkey key -outform DER -out sig "
	shell(SIGN_MODULE);
	expect_signature(SIGN "-noattr -nocerts -keyid", NULL);
	expect_signature(SIGN "-noattr", "certificates");
	expect_signature(SIGN "-nocerts", "or attributes");
	expect_signature(SIGN "-noattr -nocerts -nodetach", "content of its own");
	expect_signature(SIGN "-noattr -nocerts; echo x >>sig", "exactly one SignedData");
	expect_signature("printf '\\060\\202\\003\\350' >sig; head -c 1000 module >>sig",
		"exactly one SignedData");
	expect_signature(":>sig", "exactly one SignedData");
	expect_signature("openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 9"
			 " -subj /CN=$(head -c 60 /dev/zero | tr '\\0' x)$(for i in $(seq 9); do"
			 " printf '/O=%060d' $i; done) 2>>log; " SIGN "-noattr -nocerts",
		"who signed");
#undef SIGN
}
END_TEST

START_TEST(takes_a_module_signature_apart)
{
	struct buffer expected = {0};
	size_t module_len, signed_len;
	struct source *source;
	char *module, *whole;

	shell(SIGN_MODULE);
	module = file_read("module", &module_len);
	whole = file_read("signed.ko", &signed_len);
	open_file(&format_kernel_module, "signed.ko");
	expect_whole();
	expect_field("kind", "signed kernel module");
	expect_field("signature-invalid", NULL);
	expect_field("module-signature-form", NULL);
	buffer_add_format(&expected,
		"0+%zu content data of module@0\n%zu+%zu structure"
		" module-signature\n",
		module_len, module_len, signed_len - module_len);
	ck_assert_str_eq(index_regions(1), buffer_text(&expected));
	buffer_release(&expected);
	/* Linux loads no executable, whatever stands behind it. */
	whole[16] = 3;
	source = source_memory_new(whole, signed_len);
	ck_assert_ptr_eq(format_find(&(struct candidate){"signed.ko", (unsigned char *)whole,
					     signed_len, source},
				 true),
		&format_elf);
	source_free(source);
	whole[16] = 1;
	/* The signature alone is not enough for the magic, nor is a length out of bounds. */
	put((unsigned char *)whole + signed_len - 32, 4, 0xffffffff);
	open_memory(&format_kernel_module, whole, signed_len);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	free(module);
	free(whole);
	survive_damage(&format_kernel_module, "signed.ko", 1999);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel");
	TCase *tcase = tcase_create("kernel");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, cuts_a_bzimage);
	tcase_add_test(tcase, keeps_the_size_behind_a_payload_apart);
	tcase_add_test(tcase, only_a_stamp_of_the_same_kernel_is_one);
	tcase_add_test(tcase, refuses_a_bzimage_that_is_cut);
	tcase_add_test(tcase, cuts_an_arm64_image);
	tcase_add_test(tcase, finds_a_version_wherever_it_stands);
	tcase_add_test(tcase, finds_the_configuration);
	tcase_add_test(tcase, takes_a_module_signature_apart);
	tcase_add_test(tcase, what_is_more_than_a_signature_is_none);
	return run_suite(suite);
}
