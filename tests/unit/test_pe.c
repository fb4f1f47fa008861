/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/pe_signature.h"
#include "tests/unit/opening.h"

#define KEY(name)                                                                                  \
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout " name ".key -out " name                \
	".pem -subj /CN=reproof-test -set_serial 7 -days 9 2>>log;"                                \
	"openssl x509 -in " name ".pem -outform DER -out " name ".cer;"

/* A unified kernel image on systemd's stub, and the same signed. */
#define MAKE                                                                                       \
	"printf 'console=ttyS0 ro' >cmdline; printf 'ID=debian\\nVERSION_ID=12\\n' >osrel;"        \
	"printf 6.1.0-test >uname; seq 1000 >linux; seq 2000 >initrd;"                             \
	"objcopy -p --add-section .osrel=osrel --change-section-vma .osrel=0x20000"                \
	" --add-section .cmdline=cmdline --change-section-vma .cmdline=0x30000"                    \
	" --add-section .uname=uname --change-section-vma .uname=0x31000"                          \
	" --add-section .linux=linux --change-section-vma .linux=0x40000"                          \
	" --add-section .initrd=initrd --change-section-vma .initrd=0x50000"                       \
	" /usr/lib/systemd/boot/efi/linuxx64.efi.stub uki;"
#define SIGN(key, from, to)                                                                        \
	"sbsign --key " key ".key --cert " key ".pem --output " to " " from " 2>>log;"
#define MAKE_SIGNED MAKE KEY("good") SIGN("good", "uki", "signed")

static unsigned char *image;
static size_t image_len;
static struct pe pe;

static void set_up(void)
{
	comparing_setup();
	image = NULL;
}

static void tear_down(void)
{
	free(image);
	index_close();
	comparing_teardown();
}

static void read_headers(void)
{
	struct source *source = source_memory_new(image, image_len);

	ck_assert_int_eq(pe_read(source, &pe, &opening.err), STATUS_OK);
	source_free(source);
}

static void load(const char *name)
{
	free(image);
	image = (unsigned char *)file_read(name, &image_len);
	read_headers();
}

static void put_le32(size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		image[at + i] = (unsigned char)(value >> 8 * i);
}

/* As whoever attacks would: with its checksum made right. */
static void mend_checksum(void)
{
	struct source *source = source_memory_new(image, image_len);
	struct pe_sums sums;

	read_headers();
	ck_assert_int_eq(pe_sum(source, &pe, &sums, &opening.err), STATUS_OK);
	put_le32(pe.checksum, sums.checksum);
	source_free(source);
}

static void save(const char *name)
{
	char *path = path_join(comparing.directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, image, image_len), (ssize_t)image_len);
	close(fd);
	free(path);
}

static int file_open_rw(const char *name)
{
	char *path = path_join(comparing.directory, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	free(path);
	return fd;
}

/* `len` bytes more at the end of the file. */
static void append(size_t len)
{
	image = xrealloc(image, image_len + len);
	memset(image + image_len, 'x', len);
	image_len += len;
}

static int64_t wrappers(void)
{
	return index_number("SELECT count(*) FROM region WHERE kind = 4");
}

static void expect_signer(const char *certificate, int64_t regions)
{
	char hex[SHA256_HEX_SIZE], *path = path_join(comparing.directory, certificate);
	struct buffer sql = {0};
	struct digest digest;

	ck_assert_int_eq(hash_file(path, &digest, NULL, &opening.err), STATUS_OK);
	digest_hex(&digest, hex);
	buffer_add_format(
		&sql, "SELECT count(*) FROM region WHERE kind = 4 AND detail = '%s'", hex);
	ck_assert_int_eq(index_number(buffer_text(&sql)), regions);
	buffer_release(&sql);
	free(path);
}

/* It is not a wrapper, and this field says why. */
static void expect_refused(const char *field, const char *why)
{
	const char *value;

	open_memory(&format_pe, image, image_len);
	expect_whole();
	ck_assert_int_eq(wrappers(), 0);
	value = field_value(field);
	ck_assert_msg(value != NULL, "no %s: %s", field, buffer_text(&opening.fields));
	expect_has(value, why);
	expect_field("authenticode-signer", NULL);
}

/* How long a file is. */
static uint64_t size_of(const char *name)
{
	size_t len;

	free(file_read(name, &len));
	return len;
}

START_TEST(cuts_a_unified_kernel_image)
{
	shell(MAKE);
	open_file(&format_pe, "uki");
	expect_whole();
	expect_field("kind", "unified kernel image");
	expect_field("pe-machine", "amd64");
	expect_field("kernel-cmdline", "console=ttyS0 ro");
	expect_field("kernel-release", "6.1.0-test");
	expect_field(".cmdline: section-address", "0x00030000");
	expect_field(".cmdline: section-size", "16");
	expect_field("signature-invalid", NULL);
	expect_field("wrapper-extra-bytes", NULL);
	expect_has(buffer_text(&opening.members), ".cmdline 16\n");
	expect_has(buffer_text(&opening.members), ".osrel 24\n");
	expect_has(buffer_text(&opening.members), ".linux 3893\n");
	expect_has(buffer_text(&opening.members), ".initrd 8893\n");
	expect_has(buffer_text(&opening.members), ".text ");
	expect_has(index_regions(1), "+4 derived checksum\n");
	expect_has(index_regions(1), "+4 structure pe-timestamp\n");
	expect_has(index_regions(1), "+40 metadata section-header of .linux\n");
	/* The place where a signature would be noted, which nobody vouches for. */
	ck_assert_int_eq(wrappers(), 1);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM region WHERE kind = 4 AND detail IS NULL"), 1);
}
END_TEST

/* Its sections are where the stub's symbols were, which the header still points to. */
START_TEST(cuts_an_image_of_efi_boot_guard)
{
	shell("seq 2000 >initrd; cp /usr/lib/systemd/boot/efi/systemd-bootx64.efi linux; "
	      "bg_gen_unified_kernel"
	      " /usr/lib/x86_64-linux-gnu/efibootguard/kernel-stubx64.efi linux uki -c 'quiet ro'"
	      " -i initrd");
	open_file(&format_pe, "uki");
	expect_whole();
	expect_field("kind", "unified kernel image");
	expect_field("kernel-cmdline", "quiet ro");
	expect_has(buffer_text(&opening.members), ".kernel ");
	expect_has(buffer_text(&opening.members), ".initrd ");
	load("uki");
	ck_assert_uint_eq(pe.symbols, 0);
	ck_assert_ptr_null(strstr(index_regions(1), "pe-symbols"));
}
END_TEST

/* No signature has to do with the checksum of a file that neither side signed. */
START_TEST(tells_of_a_checksum_that_is_none)
{
	shell(MAKE_SIGNED);
	load("uki");
	put_le32(pe.checksum, 0);
	save("none");
	put_le32(pe.checksum, 7);
	save("wrong");
	comparing.with_causes = true;
	expect_files("uki", "none", "content t checksum pe-checksum (derived) (unexplained)\n");
	expect_files("uki", "wrong", "content t checksum-invalid (unexplained)\n");
	/* Who signs sets it. */
	compare_fds(file_open("none"), file_open("signed"));
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "unexplained"));
	compare_fds(file_open("signed"), file_open("none"));
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "unexplained"));
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
}
END_TEST

START_TEST(takes_off_a_signature_that_verifies)
{
	char *unsigned_digest;

	shell(MAKE_SIGNED "sbverify --cert good.pem signed >>log");
	open_file(&format_pe, "uki");
	unsigned_digest = strdup(field_value("authenticode-digest"));
	open_file(&format_pe, "signed");
	expect_whole();
	expect_field("signature-invalid", NULL);
	expect_field("wrapper-extra-bytes", NULL);
	expect_field("authenticode-digest", unsigned_digest);
	ck_assert_ptr_nonnull(field_value("authenticode-time"));
	/* Zeros in front of the table touch it, and are one with it. */
	ck_assert_int_eq(wrappers(), 3);
	expect_signer("good.cer", 3);
	ck_assert_uint_eq(size_of("uki"),
		(uint64_t)index_number("SELECT max(start) FROM region WHERE kind = 4"));
	expect_has(index_regions(1), "+4 wrapper authenticode-signature\n");
	expect_has(index_regions(1), "+8 wrapper authenticode-signature\n");
	ck_assert_ptr_null(strstr(index_regions(1), "checksum"));
	free(unsigned_digest);
}
END_TEST

START_TEST(tells_two_signers_apart)
{
	shell(MAKE_SIGNED KEY("other") SIGN("other", "signed", "twice"));
	open_file(&format_pe, "twice");
	expect_whole();
	expect_field("signature-invalid", NULL);
	ck_assert_int_eq(wrappers(), 4);
	expect_signer("good.cer", 3);
	expect_signer("other.cer", 1);
	/* One that does not verify spoils the other. */
	load("twice");
	image[image_len - 20] ^= 1;
	mend_checksum();
	expect_refused("signature-invalid", "did not sign this");
}
END_TEST

/* ---- attacks; each checksum is right ---- */

START_TEST(sees_bytes_in_the_table)
{
	shell(MAKE_SIGNED);
	load("signed");
	put_le32(pe.security + 4, pe.certificates_len + 68000);
	put_le32(pe.certificates, bytes_le32(image + pe.certificates) + 68000);
	append(68000);
	mend_checksum();
	save("attack");
	shell("sbverify --cert good.pem attack >>log");
	expect_refused("wrapper-extra-bytes", " behind a signature");
	expect_field("signature-invalid", NULL);
	expect_has(index_regions(1), " structure wrapper-extra-bytes\n");
	expect_has(field_value("wrapper-extra-bytes"), "680");
	/* The same as an entry of its own, in the table. */
	load("signed");
	put_le32(pe.security + 4, pe.certificates_len + 68000);
	append(68000);
	mend_checksum();
	expect_refused("wrapper-extra-bytes", "68000 bytes at ");
	expect_has(field_value("wrapper-extra-bytes"), "that are no signature");
	/* And as an entry of another type, that looks as it should. */
	put_le32(pe.certificates + pe.certificates_len - 68000, 68000);
	put_le32(pe.certificates + pe.certificates_len - 68000 + 4, 0x00010200);
	mend_checksum();
	expect_refused("wrapper-extra-bytes", "68000 bytes at ");
}
END_TEST

START_TEST(sees_bytes_behind_the_table)
{
	shell(MAKE_SIGNED);
	load("signed");
	append(8);
	mend_checksum();
	expect_refused("wrapper-extra-bytes", "8 bytes at ");
	expect_has(field_value("wrapper-extra-bytes"), "behind the table");
}
END_TEST

START_TEST(sees_another_key_with_the_right_certificate)
{
	size_t good_len, evil_len;
	char *good, *evil;
	unsigned char *at;

	shell(MAKE KEY("good") KEY("evil") SIGN("evil", "uki", "signed"));
	load("signed");
	good = file_read("good.cer", &good_len);
	evil = file_read("evil.cer", &evil_len);
	ck_assert_uint_eq(good_len, evil_len);
	at = memmem(image, image_len, evil, evil_len);
	ck_assert_ptr_nonnull(at);
	memcpy(at, good, good_len);
	mend_checksum();
	expect_refused("signature-invalid", "did not sign this");
	free(good);
	free(evil);
}
END_TEST

START_TEST(sees_a_flipped_byte)
{
	size_t places[3];

	shell(MAKE_SIGNED);
	load("signed");
	places[0] = 70;
	places[1] = pe.sections[0].raw_offset + 10;
	places[2] = pe.certificates - 1;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		load("signed");
		image[places[i]] ^= 1;
		mend_checksum();
		expect_refused("signature-invalid", "not that of this file");
	}
}
END_TEST

START_TEST(sees_a_wrong_checksum)
{
	shell(MAKE_SIGNED);
	load("signed");
	put_le32(pe.checksum, 0);
	expect_refused("signature-invalid", "checksum in the header is not right");
	put_le32(pe.checksum, 7);
	expect_refused("checksum-invalid", "0x00000007");
}
END_TEST

START_TEST(sees_a_table_that_is_cut)
{
	shell(MAKE_SIGNED);
	load("signed");
	image_len -= 100;
	mend_checksum();
	expect_refused("signature-invalid", "cut short");
	/* Or is said to be shorter. */
	load("signed");
	put_le32(pe.security + 4, pe.certificates_len - 104);
	mend_checksum();
	expect_refused("wrapper-extra-bytes", "that are no signature");
	load("signed");
	put_le32(pe.security, (uint32_t)image_len + 800);
	mend_checksum();
	expect_refused("signature-invalid", "cut short");
}
END_TEST

START_TEST(sees_a_gap)
{
	shell(MAKE KEY("good"));
	load("uki");
	/* The bytes are all there, but firmware would not hash them. */
	put_le32(pe.sections[2].offset + 16, pe.sections[2].raw_size - 512);
	put_le32(pe.sections[2].offset + 8, pe.sections[2].raw_size - 512);
	mend_checksum();
	save("gap");
	shell(SIGN("good", "gap", "signed"));
	load("signed");
	expect_refused("signature-invalid", "a gap that firmware does not hash");
}
END_TEST

START_TEST(refuses_overlapping_sections)
{
	shell(MAKE);
	load("uki");
	put_le32(pe.sections[2].offset + 20, pe.sections[1].raw_offset);
	open_memory(&format_pe, image, image_len);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
	expect_has(opening.err.text, "overlaps");
	load("uki");
	put_le32(pe.sections[2].offset + 16, 0x7fffffff);
	open_memory(&format_pe, image, image_len);
	ck_assert_int_eq(opening.status, STATUS_FORMAT);
}
END_TEST

/* What a table says is up to 4 GiB each, and so their sum is not. */
START_TEST(reads_symbols_behind_four_gigabytes)
{
	static const unsigned char strings[] = {11, 0, 0, 0, 'a', '-', 'n', 'a', 'm', 'e', 0};
	const uint64_t symbols = 0xffff0000, len = 18 * 4096;
	struct source *source;
	int fd;

	shell(MAKE);
	load("uki");
	put_le32(pe.header + 12, (uint32_t)symbols);
	put_le32(pe.header + 16, 4096);
	memcpy(image + pe.sections[0].offset, "/4\0\0\0\0\0", 8);
	save("far");
	shell("truncate -s 4294975499 far"); /* symbols + len + sizeof(strings) */
	fd = file_open_rw("far");
	ck_assert_int_eq(pwrite(fd, strings, sizeof(strings), (off_t)(symbols + len)),
		(ssize_t)sizeof(strings));
	source = source_file_new(fd, symbols + len + sizeof(strings));
	ck_assert_msg(pe_read(source, &pe, &opening.err) == STATUS_OK, "%s", opening.err.text);
	ck_assert_uint_eq(pe.symbols, symbols);
	ck_assert_uint_eq(pe.strings, symbols + len);
	ck_assert_uint_eq(pe.symbols_len, len + sizeof(strings));
	source_free(source);
	close(fd);
}
END_TEST

START_TEST(survives_damage)
{
	shell(MAKE_SIGNED);
	survive_damage(&format_pe, "signed", 1711);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pe");
	TCase *tcase = tcase_create("pe");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, cuts_a_unified_kernel_image);
	tcase_add_test(tcase, cuts_an_image_of_efi_boot_guard);
	tcase_add_test(tcase, takes_off_a_signature_that_verifies);
	tcase_add_test(tcase, tells_two_signers_apart);
	tcase_add_test(tcase, sees_bytes_in_the_table);
	tcase_add_test(tcase, sees_bytes_behind_the_table);
	tcase_add_test(tcase, sees_another_key_with_the_right_certificate);
	tcase_add_test(tcase, sees_a_flipped_byte);
	tcase_add_test(tcase, tells_of_a_checksum_that_is_none);
	tcase_add_test(tcase, sees_a_wrong_checksum);
	tcase_add_test(tcase, sees_a_table_that_is_cut);
	tcase_add_test(tcase, sees_a_gap);
	tcase_add_test(tcase, refuses_overlapping_sections);
	tcase_add_test(tcase, reads_symbols_behind_four_gigabytes);
	tcase_add_test(tcase, survives_damage);
	return run_suite(suite);
}
