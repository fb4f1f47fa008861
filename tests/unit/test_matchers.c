/* SPDX-License-Identifier: Apache-2.0 */
/* What matchers propose, and what they must leave alone (trust T9). */
#include <check.h>
#include <string.h>

#include "base/buffer.h"
#include "base/escape.h"
#include "dbdiff/matcher.h"

static struct claim_list claims;
static struct buffer text;
static bool is_done;
static const struct known_pair *known;
static size_t known_count;
static size_t *places_left;

static void setup(void)
{
	known = NULL;
	known_count = 0;
	places_left = NULL;
}

static void teardown(void)
{
	claim_list_release(&claims);
	buffer_release(&text);
}

/* Leaves "CAUSE PUBLISHED|REBUILT\n" of each claim in `text`. */
static void match_bytes(const char *path, const struct stretch sides[SIDES])
{
	struct matching matching = {.path = path,
		.sides = sides,
		.is_whole = true,
		.known = known,
		.known_count = known_count,
		.places_left = places_left};

	claim_list_release(&claims);
	buffer_clear(&text);
	is_done = match_stretch(&matching, &claims);
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];

		buffer_add_format(&text, "%s ", claim->cause);
		for (int side = 0; side < SIDES; side++) {
			ck_assert_uint_gt(claim->len[side], 0);
			ck_assert_uint_le(claim->start[side] + claim->len[side], sides[side].len);
			escape_line(&text, sides[side].data + claim->start[side], claim->len[side]);
			buffer_add_char(&text, side == PUBLISHED ? '|' : '\n');
		}
	}
}

static void match(const char *path, const char *a, const char *b)
{
	struct stretch sides[SIDES] = {{a, strlen(a), 0}, {b, strlen(b), 0}};

	match_bytes(path, sides);
}

/* All that differs is claimed, so. */
static void expect_claimed(const char *path, const char *a, const char *b, const char *expected)
{
	match(path, a, b);
	ck_assert_str_eq(buffer_text(&text), expected);
	ck_assert_msg(is_done, "%s", buffer_text(&text));
}

/* Nothing is. */
static void expect_left(const char *path, const char *a, const char *b)
{
	match(path, a, b);
	ck_assert_str_eq(buffer_text(&text), "");
	ck_assert(!is_done);
}

START_TEST(times_in_texts)
{
	expect_claimed("t//f", "a 2025-07-29T08:30:12Z b", "a 2026-01-02T03:04:05Z b",
		"embedded-timestamp 2025-07-29T08:30:12Z|2026-01-02T03:04:05Z\n");
	expect_claimed("t//f", "at 2025-07-29\n", "at 2025-07-30\n",
		"embedded-timestamp 2025-07-29|2025-07-30\n");
	expect_claimed("t//f", "Date: Tue, 29 Jul 2025 08:30:12 +0000\n",
		"Date: Wed, 6 Aug 2025 08:30:12 +0000\n",
		"embedded-timestamp Tue, 29 Jul 2025 08:30:12 +0000|Wed, 6 Aug 2025 08:30:12 "
		"+0000\n");
	expect_claimed("t//f", "built Tue Jul 29 08:30:12 2025", "built Tue Jul 29 08:31:12 2025",
		"embedded-timestamp Tue Jul 29 08:30:12 2025|Tue Jul 29 08:31:12 2025\n");
	expect_claimed("t//f", "Jul 29 2025", "Aug  1 2025",
		"embedded-timestamp Jul 29 2025|Aug  1 2025\n");
	expect_claimed("t//f", "SOURCE_DATE_EPOCH=1753777812\n", "SOURCE_DATE_EPOCH=1753777999\n",
		"embedded-timestamp 1753777812|1753777999\n");
	expect_claimed("t//etc/build-timestamp", "1753777812", "1753777999",
		"embedded-timestamp 1753777812|1753777999\n");
	/* Two in one text, of other lengths. */
	expect_claimed("t//f", "a 2 Jan 2025 01:02:03\nb Jul 29 2025\n",
		"a 12 Jan 2025 01:02:03\nb Aug  1 2025\n",
		"embedded-timestamp 2 Jan 2025 01:02:03|12 Jan 2025 01:02:03\n"
		"embedded-timestamp Jul 29 2025|Aug  1 2025\n");
	expect_claimed("t//f", "2025-07-29T08:30:12Z", "2026-07-29T08:30:12Z",
		"embedded-timestamp 2025-07-29T08:30:12Z|2026-07-29T08:30:12Z\n");
	ck_assert_str_eq(claims.items[0].evidence,
		"time 2025-07-29T08:30:12Z published, 2026-07-29T08:30:12Z rebuilt");
}
END_TEST

START_TEST(look_alikes_of_times_are_left)
{
	/* No such day, hour or month. */
	expect_left("t//f", "a 2025-07-29T08:30:12Z", "a 2025-07-32T08:30:12Z");
	expect_left("t//f", "a 2025-07-29T08:30:12Z", "a 2025-07-29T25:30:12Z");
	expect_left("t//f", "a 2025-07-29", "a 2025-13-29");
	/* Another form than on the other side. */
	expect_left("t//f", "a 2025-07-29", "a Jul 29 2025");
	/* Sizes and limits. */
	expect_left("t//f", "max_bytes=1073741824\n", "max_bytes=2147483648\n");
	expect_left("t//f", "timeout=1500000000\n", "timeout=1600000000\n");
	expect_left("t//f", "1500000000 blocks\n", "1600000000 blocks\n");
	/* Versions, and states of an archive. */
	expect_left("t//f", "Version: 1.0+20250729083012\n", "Version: 1.0+20250730083012\n");
	expect_left("t//f", "Version: 1.0-2025-07-29\n", "Version: 1.0-2025-07-30\n");
	expect_left("t//f", "deb http://h/archive/20250729T083012Z/ a\n",
		"deb http://h/archive/20250730T083012Z/ a\n");
	/* The same one, with something else behind it. */
	expect_left("t//f", "a 2025-07-29 x", "a 2025-07-29;x");
	/* A part of a longer word or number. */
	expect_left("t//f", "a12025-07-29", "a12025-07-30");
	expect_left("t//f", "epoch=17537778129\n", "epoch=17537778130\n");
}
END_TEST

#define IN_SCRIPT "#!/bin/sh\n# Guards of 2025.\n\n"

/* A time that something acts on is content, whatever looks like a time of a build elsewhere. */
START_TEST(times_that_are_acted_on_are_left)
{
	expect_left("t//etc/cron.sh", IN_SCRIPT "[ \"$(date +%F)\" \\> 2025-01-02 ] && exit 0\n",
		IN_SCRIPT "[ \"$(date +%F)\" \\> 2035-01-02 ] && exit 0\n");
	expect_left("t//usr/bin/x", IN_SCRIPT "BUILD_DATE=2025-01-02\n",
		IN_SCRIPT "BUILD_DATE=2035-01-02\n");
	expect_left("t//usr/bin/x", "#!/bin/x 2025-01-02\n", "#!/bin/x 2035-01-02\n");
	expect_left("t//usr/share/doc/x/examples/x.sh", "a=2025-01-02\n", "a=2035-01-02\n");
	expect_left(
		"t//usr/lib/python3/x.py", "if now > '2025-01-02':\n", "if now > '2035-01-02':\n");
	expect_left("t//etc/x.conf", "a=1\nexpires = 2024-01-02\n", "a=1\nexpires = 2034-01-02\n");
	expect_left("t//etc/x", "expiry_date = 2024-01-02\n", "expiry_date = 2034-01-02\n");
	expect_left("t//etc/x", "after: 2024-01-02\n", "after: 2034-01-02\n");
	expect_left("t//etc/expiry-date", "2024-01-02\n", "2034-01-02\n");
	expect_left("t//etc/sudoers", "#include 2024-01-02\n", "#include 2034-01-02\n");
	expect_left("t//usr/lib/systemd/system/x", "OnCalendar=2024-01-02\n",
		"OnCalendar=2034-01-02\n");
	/* A line that only looks like a remark. */
	expect_left("t//etc/x", "cat <<END\n# 2024-01-02\n", "cat <<END\n# 2034-01-02\n");
	expect_left("t//usr/lib/x.py", "#\rx=1 # 2024-01-02\n", "#\rx=1 # 2034-01-02\n");
	/* Keys say so outside of such places too. */
	expect_left("t//opt/x/licence", "x\nexpires = 2024-01-02\n", "x\nexpires = 2034-01-02\n");
	expect_left("t//opt/x/licence", "x\n\"valid_date\": \"2024-01-02\"\n",
		"x\n\"valid_date\": \"2034-01-02\"\n");
	expect_left("t//opt/x/licence", "valid_time=1753777812\n", "valid_time=1753777999\n");
}
END_TEST

/* And these stay explained: remarks that a generator begins with, and what keys and paths say. */
START_TEST(times_of_generators)
{
	static const char remark[] = "embedded-timestamp 2025-07-29|2025-07-30\n";

	expect_claimed("t//etc/rules.v4", "# Generated by x on 2025-07-29\n*filter\n",
		"# Generated by x on 2025-07-30\n*filter\n", remark);
	expect_claimed("t//usr/bin/x", IN_SCRIPT "# Generated by x on 2025-07-29\nrun\n",
		IN_SCRIPT "# Generated by x on 2025-07-30\nrun\n", remark);
	expect_claimed(
		"t//etc/x", "a=1\nBUILD_DATE=2025-07-29\n", "a=1\nBUILD_DATE=2025-07-30\n", remark);
	expect_claimed("t//etc/build-date", "2025-07-29\n", "2025-07-30\n", remark);
	expect_claimed("t//usr/share/man/man1/x.1", ".TH X 1 \"2025-07-29\"\n",
		".TH X 1 \"2025-07-30\"\n", remark);
	expect_claimed("t//usr/share/doc/x/x.html", "<meta content=\"2025-07-29\"/>\n",
		"<meta content=\"2025-07-30\"/>\n", remark);
	expect_claimed("t//usr/include/x.h", "/* Generated on 2025-07-29 */\n",
		"/* Generated on 2025-07-30 */\n", remark);
}
END_TEST

/* Whether a part of a large file is a script's cannot be seen; what a compiler leaves can. */
START_TEST(times_far_inside_of_large_files)
{
	static const char a[] = "x\0at 2025-07-29\0\n>2025-07-29",
			  b[] = "x\0at 2025-07-30\0\n>2025-07-30";
	struct stretch sides[SIDES] = {{a, sizeof(a), 1 << 20}, {b, sizeof(b), 1 << 20}};

	match_bytes("t//usr/bin/x", sides);
	ck_assert_str_eq(buffer_text(&text), "embedded-timestamp 2025-07-29|2025-07-30\n");
	ck_assert(!is_done);
	match_bytes("t//usr/share/doc/x", sides);
	ck_assert(is_done);
}
END_TEST

static void match_strings(const char *a, const char *b, size_t len)
{
	struct stretch sides[SIDES] = {{a, len, 0}, {b, len, 0}};

	match_bytes("t//p", sides);
}

/* As a compiler leaves __DATE__ and __TIME__ in a program. */
START_TEST(times_of_the_compiler)
{
	match_strings("%s\0Jul 29 2025\0"
		      "08:30:12\0",
		"%s\0Jul 30 2025\0"
		"09:31:12\0",
		24);
	ck_assert_str_eq(buffer_text(&text),
		"embedded-timestamp Jul 29 2025|Jul 30 2025\n"
		"embedded-timestamp 08:30:12|09:31:12\n");
	ck_assert(is_done);
	match_strings("\0at 08:30:12\0", "\0at 09:30:12\0", 13);
	ck_assert_str_eq(buffer_text(&text), "");
	match_strings("\0"
		      "08:30:12 at\0",
		"\0"
		"09:30:12 at\0",
		13);
	ck_assert_str_eq(buffer_text(&text), "");
	expect_left("t//crontab", "08:30:12", "09:30:12");
}
END_TEST

/* The claim is the value only: a byte beside it has no claim. */
START_TEST(bytes_beside_a_value_have_no_claim)
{
	match("t//f", "t 2025-07-29T08:30:12Z, allow=no ", "t 2026-01-02T03:04:05Z, allow=yo ");
	ck_assert_str_eq(buffer_text(&text),
		"embedded-timestamp 2025-07-29T08:30:12Z|2026-01-02T03:04:05Z\n");
	ck_assert(!is_done);
	expect_claimed("t//f", "a Jul 29 2025-07-29 b", "a Jul 29 2025-07-30 b",
		"embedded-timestamp 2025-07-29|2025-07-30\n");
	match("t//f", "x2025-07-29 2025-07-29", "y2025-07-29 2025-07-30");
	ck_assert_str_eq(buffer_text(&text), "embedded-timestamp 2025-07-29|2025-07-30\n");
	ck_assert(!is_done);
}
END_TEST

#define UUID_A "a47b1d7c-6d4c-4b47-b1a0-2f1d5b4b7f11"
#define UUID_B "0d6bfa2e-9f5c-4a8e-8a2b-9c3e5d7f1b22"

START_TEST(uuids)
{
	expect_claimed("t//etc/os-release", "A=1\nIMAGE_UUID=\"" UUID_A "\"\n",
		"A=1\nIMAGE_UUID=\"" UUID_B "\"\n", "image-uuid " UUID_A "|" UUID_B "\n");
	expect_claimed("t//f", "root=UUID=" UUID_A " ro", "root=UUID=" UUID_B " ro",
		"uuid " UUID_A "|" UUID_B "\n");
	/* A digit more, a letter that is no digit. */
	expect_left("t//f", "x " UUID_A, "x " UUID_B "0");
	expect_left("t//f", "x " UUID_A, "x 0d6bfa2e-9f5c-4a8e-8a2b-9c3e5d7f1bzz");
}
END_TEST

START_TEST(versions_of_the_source_tree)
{
	expect_claimed("t//f", "BUILD_ID=\"v1.8-dirty\"\n", "BUILD_ID=\"v1.8\"\n",
		"build-id-string v1.8-dirty|v1.8\n");
	expect_claimed("t//f", "BUILD_ID=v1.8-12-gf15ea486\nA=1\n", "BUILD_ID=f15ea4861\nA=1\n",
		"build-id-string v1.8-12-gf15ea486|f15ea4861\n");
	expect_claimed("t//f", "image v1.8-rc1-3-gf15ea486-dirty, ", "image v1.8-rc1, ",
		"build-id-string v1.8-rc1-3-gf15ea486-dirty|v1.8-rc1\n");
	/* A version of anything, a number. */
	expect_left("t//f", "uses v1.8 of it", "uses v1.9 of it");
	expect_left("t//f", "VERSION=v1.8\n", "VERSION=v1.9\n");
	expect_left("t//f", "BUILD_ID=v1.8-dirty\n", "BUILD_ID=v1.8-dirty-evil\n");
	expect_left("t//f", "n=12345678\n", "n=22345678\n");
}
END_TEST

START_TEST(paths_of_the_build)
{
	expect_claimed("t//f", "file /build/one/src/a.c:1", "file /build/other/src/a.c:1",
		"build-path /build/one/src/a.c|/build/other/src/a.c\n");
	expect_claimed("t//f", "x=/home/me/w/lib.h\n", "x=/tmp/b/lib.h\n",
		"build-path /home/me/w/lib.h|/tmp/b/lib.h\n");
	/* Another file, a place where nothing is built, an installed path. */
	expect_left("t//f", "run /tmp/a/good", "run /tmp/a/evil");
	expect_left("t//f", "run /data/app/start", "run /mnt/app/start");
	expect_left("t//f", "run /tmp/app/start", "run /mnt/app/start");
	expect_left("t//f", "run /mnt/app/start", "run /tmp/app/start");
	expect_left("t//f", "run /usr/bin/start", "run /opt/bin/start");
	expect_left("t//f", "run /usr/bin/start", "run /tmp/bin/start");
}
END_TEST

START_TEST(stamps_of_kernels_and_tools)
{
	expect_claimed("t//vmlinuz",
		"Linux version 6.1.0 (a@b) (gcc) #1 SMP Tue Jul 29 08:30:12 UTC 2025\n",
		"Linux version 6.1.0 (c@d) (gcc) #2 SMP Wed Jul 30 08:30:12 UTC 2025\n",
		"kernel-build-stamp (a@b)|(c@d)\n"
		"kernel-build-stamp #1 SMP Tue Jul 29 08:30:12 UTC 2025|#2 SMP Wed Jul 30 08:30:12 "
		"UTC 2025\n");
	/* Another kernel is no other stamp. */
	match("t//vmlinuz", "#1 SMP Debian 6.1.140-1 (2025-05-22)",
		"#1 SMP Debian 6.1.147-1 (2025-08-02)");
	ck_assert_str_eq(buffer_text(&text), "embedded-timestamp 2025-05-22|2025-08-02\n");
	ck_assert(!is_done);
	expect_claimed("t//f", "GCC: (Debian 12.2.0-14) 12.2.0",
		"GCC: (Debian 12.2.0-14+deb12u1) 12.2.0",
		"toolchain-version GCC: (Debian 12.2.0-14) 12.2.0|GCC: (Debian 12.2.0-14+deb12u1) "
		"12.2.0\n");
	expect_left("t//f", "version 12.2.0", "version 12.3.0");
}
END_TEST

START_TEST(values_of_other_differences)
{
	static char root_a[] = "aa11223344556677", root_b[] = "bb11223344556677";
	static char uuid_a[] = UUID_A, uuid_b[] = UUID_B;
	struct known_pair pair = {"verity-root", "verity-root-hash", {root_a, root_b}};

	expect_left("t//f", "roothash=aa11223344556677 ro", "roothash=bb11223344556677 ro");
	known = &pair;
	known_count = 1;
	expect_claimed("t//f", "roothash=aa11223344556677 ro", "roothash=bb11223344556677 ro",
		"verity-root aa11223344556677|bb11223344556677\n");
	/* The key says what it is first of all. */
	pair = (struct known_pair){"verity-uuid", "verity-uuid", {uuid_a, uuid_b}};
	expect_claimed("t//f", "IMAGE_UUID=" UUID_A, "IMAGE_UUID=" UUID_B,
		"image-uuid " UUID_A "|" UUID_B "\n");
	expect_claimed(
		"t//f", "uuid=" UUID_A, "uuid=" UUID_B, "verity-uuid " UUID_A "|" UUID_B "\n");
	pair = (struct known_pair){"verity-root", "verity-root-hash", {root_a, root_b}};
	/* The wrong way round, or longer. */
	expect_left("t//f", "roothash=bb11223344556677 ro", "roothash=aa11223344556677 ro");
	expect_left("t//f", "roothash=aa112233445566770 ro", "roothash=bb112233445566770 ro");
	match("t//f", "roothash=aa11223344556677 ro", "roothash=bb11223344556677 rw");
	ck_assert_str_eq(buffer_text(&text), "verity-root aa11223344556677|bb11223344556677\n");
	ck_assert(!is_done);
}
END_TEST

#define HEX_A "80ac7ddcb438282ec6ca1a680f3f1799123aa3e5de41d73ec20b7fa1085f166b"
#define HEX_B "b0c8cde1b8bf47d740d4c909a764581221ddcf139cd8debf337336c667a3e350"

/* A digest is proposed as such, and taken only where it is found to be one. */
START_TEST(digests)
{
	expect_claimed("t//f", "a  " HEX_A " x", "a  " HEX_B " x",
		"embedded-digest " HEX_A "|" HEX_B "\n");
	expect_claimed("t//f", "ro roothash=" HEX_A " x", "ro roothash=" HEX_B " x",
		"quoted-root-hash " HEX_A "|" HEX_B "\n");
	expect_claimed("t//f", "cip.verity_root_options=x,hash=" HEX_A,
		"cip.verity_root_options=x,hash=" HEX_B, "quoted-root-hash " HEX_A "|" HEX_B "\n");
	expect_claimed("t//f", "verity SALT=" HEX_A, "verity SALT=" HEX_B,
		"verity-salt " HEX_A "|" HEX_B "\n");
	/* Of something else, and too short for a root hash. */
	expect_claimed("t//f", "pin SALT=" HEX_A, "pin SALT=" HEX_B,
		"embedded-digest " HEX_A "|" HEX_B "\n");
	expect_left("t//f", "roothash=00112233445566778899aabbccddeeff00112233",
		"roothash=10112233445566778899aabbccddeeff00112233");
	expect_claimed("t//f", "password hash=" HEX_A, "password hash=" HEX_B,
		"embedded-digest " HEX_A "|" HEX_B "\n");
	expect_left("t//f", "a  " HEX_A, "a  " HEX_B "0");
	expect_left("t//f", "a  00112233445566778899aabbccddeeff00112233",
		"a  10112233445566778899aabbccddeeff00112233");
}
END_TEST

START_TEST(logs_and_caches)
{
	static const char log_a[] = "2025-07-29 08:30:12 startup\n2025-07-29 08:30:13 install\n",
			  log_b[] = "2025-07-30 08:30:12 startup\n2025-07-30 08:30:13 configure\n";

	match("t//var/log/dpkg.log", log_a, log_b);
	ck_assert_int_eq(strncmp(buffer_text(&text), "log-file ", 9), 0);
	ck_assert(is_done);
	/* A program below var/log, a log elsewhere. */
	expect_left("t//var/log/run", "#!/bin/sh\necho a\n", "#!/bin/sh\necho b\n");
	match("t//usr/share/log", log_a, log_b);
	ck_assert(!is_done);
	match("t//var/cache/ldconfig/aux-cache", "glibc-ld.so.auxcache-1.0aaaa",
		"glibc-ld.so.auxcache-1.0bbbb");
	ck_assert_int_eq(strncmp(buffer_text(&text), "cache-file ", 11), 0);
	expect_left("t//var/cache/ldconfig/aux-cache", "glibc-ld.so.auxcache-1.0aaaa", "#!/bin/sh");
	expect_left(
		"t//etc/aux-cache", "glibc-ld.so.auxcache-1.0aaaa", "glibc-ld.so.auxcache-1.0bbbb");
}
END_TEST

START_TEST(lists_of_apt)
{
	match("t//var/lib/apt/lists/h_dists_isar_Release", "Codename: isar\nComponents: main\n",
		"Codename: isar\nComponents: main other\n");
	ck_assert_int_eq(strncmp(buffer_text(&text), "archive-index ", 14), 0);
	ck_assert(is_done);
	expect_left("t//var/lib/apt/lists/h_dists_isar_Release", "Codename: isar\n", "#!/bin/sh\n");
	expect_left("t//var/lib/apt/lists/h_other", "Codename: isar\n", "Codename: other\n");
	expect_left("t//etc/h_Release", "Codename: isar\n", "Codename: other\n");
}
END_TEST

#define PUBLIC_KEY "AAAAC3NzaC1lZDI1NTE5AAAAI"

/* Keys that openssh-server made are in tests/cli/compare-claims.test; these are none. */
START_TEST(look_alikes_of_keys_are_left)
{
	expect_left("t//etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 " PUBLIC_KEY "AAA x\n",
		"ssh-ed25519 " PUBLIC_KEY "BBB x\n");
	expect_left("t//etc/ssh/ssh_host_ed25519_key",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n");
	expect_left("t//etc/ssh/sshd_config", "PermitRootLogin no\n", "PermitRootLogin yes\n");
}
END_TEST

START_TEST(seeds_are_random)
{
	char a[512], b[512];
	struct stretch sides[SIDES] = {{a, sizeof(a), 0}, {b, sizeof(b), 0}};
	uint32_t number = 1;

	for (size_t i = 0; i < sizeof(a); i++) {
		a[i] = (char)((number = number * 1664525 + 1013904223) >> 24);
		b[i] = (char)((number = number * 1664525 + 1013904223) >> 24);
	}
	match_bytes("t//var/lib/systemd/random-seed", sides);
	ck_assert_int_eq(strncmp(buffer_text(&text), "random-seed ", 12), 0);
	match_bytes("t//var/lib/systemd/other", sides);
	ck_assert_str_eq(buffer_text(&text), "");
	memset(b, 'x', sizeof(b));
	match_bytes("t//var/lib/systemd/random-seed", sides);
	ck_assert_str_eq(buffer_text(&text), "");
}
END_TEST

START_TEST(no_more_places_are_looked_at_than_may_be)
{
	size_t left = 1;

	places_left = &left;
	match("t//f", "2025-07-29 and 2025-07-29", "2025-08-30 and 2025-09-30");
	ck_assert_str_eq(buffer_text(&text), "embedded-timestamp 2025-07-29|2025-08-30\n");
	ck_assert(!is_done);
	ck_assert_uint_eq(left, 0);
	match("t//f", "2025-07-29", "2025-08-30");
	ck_assert(!is_done);
	ck_assert_uint_eq(left, 0);
}
END_TEST

/* Too large to be cut by words: what was found by place stays found, and no more. */
START_TEST(large_files_of_bytes)
{
	static char a[100000], b[100000];
	struct stretch sides[SIDES] = {{a, sizeof(a), 0}, {b, sizeof(b), 0}};

	memcpy(a + 70000, "2025-07-29", 10);
	memcpy(b + 70000, "2025-07-30", 10);
	match_bytes("t//f", sides);
	ck_assert(is_done);
	b[90000] = 1;
	match_bytes("t//f", sides);
	ck_assert_str_eq(buffer_text(&text), "embedded-timestamp 2025-07-29|2025-07-30\n");
	ck_assert(!is_done);
	sides[REBUILT].len--;
	match_bytes("t//f", sides);
	ck_assert_str_eq(buffer_text(&text), "");
	ck_assert(!is_done);
}
END_TEST

/* What a terminal acts upon is not put into evidence. */
START_TEST(evidence_is_visible)
{
	match("t//f", "/tmp/a\xe2\x80\xae/x.c\n", "/tmp/b\xff/x.c\n");
	ck_assert_uint_eq(claims.count, 1);
	ck_assert_str_eq(claims.items[0].evidence,
		"path /tmp/a\\xe2\\x80\\xae/x.c published, /tmp/b\\xff/x.c rebuilt");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matchers");
	TCase *tests = tcase_create("matchers");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, times_in_texts);
	tcase_add_test(tests, look_alikes_of_times_are_left);
	tcase_add_test(tests, times_that_are_acted_on_are_left);
	tcase_add_test(tests, times_of_generators);
	tcase_add_test(tests, times_far_inside_of_large_files);
	tcase_add_test(tests, times_of_the_compiler);
	tcase_add_test(tests, bytes_beside_a_value_have_no_claim);
	tcase_add_test(tests, uuids);
	tcase_add_test(tests, versions_of_the_source_tree);
	tcase_add_test(tests, paths_of_the_build);
	tcase_add_test(tests, stamps_of_kernels_and_tools);
	tcase_add_test(tests, values_of_other_differences);
	tcase_add_test(tests, digests);
	tcase_add_test(tests, logs_and_caches);
	tcase_add_test(tests, lists_of_apt);
	tcase_add_test(tests, look_alikes_of_keys_are_left);
	tcase_add_test(tests, seeds_are_random);
	tcase_add_test(tests, no_more_places_are_looked_at_than_may_be);
	tcase_add_test(tests, large_files_of_bytes);
	tcase_add_test(tests, evidence_is_visible);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
