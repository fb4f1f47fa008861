/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/unit/comparing.h"
#include "verifier/coverage/deb_marks.h"

static struct deb_marks marks;
static struct error err;

static const char control[] =
	"mkdir -p x/DEBIAN; printf 'Package: x\\nVersion: 1\\nArchitecture: amd64\\nSection: net\\n"
	"Maintainer: M <m@example>\\nDescription: x\\n' >x/DEBIAN/control\n";

static void setup(void)
{
	comparing_setup();
	marks = (struct deb_marks){0};
}

static void teardown(void)
{
	deb_marks_release(&marks);
	comparing_teardown();
}

/* Makes x.deb of x/ behind those lines of a shell, and reads it. */
static enum status read_deb(const char *script, const struct limits *limits)
{
	char *text = xasprintf("%s%s\n[ -e x.deb ] || dpkg-deb --root-owner-group -b x x.deb "
			       ">/dev/null\n",
		control, script);
	char *path = path_join(comparing.directory, "x.deb");
	struct source *source;
	enum status status;
	off_t size;
	int fd;

	shell(text);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	size = lseek(fd, 0, SEEK_END);
	source = source_file_new(fd, (uint64_t)size);
	status = deb_marks_read(source, limits, &marks, &err);
	source_free(source);
	close(fd);
	free(path);
	free(text);
	return status;
}

static void expect(const struct text_list *list, const char *const *texts, size_t count)
{
	ck_assert_uint_eq(list->count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(list->items[i], texts[i]);
}

START_TEST(what_a_package_brings)
{
	static const char *const privileges[] = {"usr/bin/group 2755", "usr/bin/user 4755"};
	static const char *const scripts[] = {"postinst:3"};
	static const char *const services[] = {
		"etc/init.d/x", "lib/systemd/system/x.service", "usr/lib/systemd/system/y.service"};
	static const char *const sockets[] = {"lib/systemd/system/x.socket ListenDatagram=53",
		"lib/systemd/system/x.socket ListenStream=22"};
	struct buffer text = {0}, again = {0};
	struct deb_marks other;

	ck_assert_msg(
		read_deb("mkdir -p x/usr/bin x/lib/systemd/system x/usr/lib/systemd/system "
			 "x/etc/init.d x/usr/share/doc\n"
			 "echo >x/usr/bin/user; echo >x/usr/bin/group; echo >x/usr/bin/plain\n"
			 "chmod 4755 x/usr/bin/user; chmod 2755 x/usr/bin/group\n"
			 "chmod g+s x/usr/share/doc; chmod 755 x/usr/bin/plain\n"
			 "printf "
			 "'[Socket]\\nListenStream=22\\n#ListenStream=23\\nListenDatagram=53\\n' "
			 ">x/lib/systemd/system/x.socket\n"
			 "touch x/etc/init.d/x x/lib/systemd/system/x.service "
			 "x/usr/lib/systemd/system/y.service x/usr/share/doc/z.service\n"
			 "printf '#!/bin/sh\\n# setcap x y\\nsetcap cap_net_raw+ep "
			 "/usr/bin/plain\\n' "
			 ">x/DEBIAN/postinst; chmod 755 x/DEBIAN/postinst\n",
			&limits_default) == STATUS_OK,
		"%s", err.text);
	ck_assert_str_eq(marks.section, "net");
	expect(&marks.privileges, privileges, ARRAY_SIZE(privileges));
	expect(&marks.scripts, scripts, ARRAY_SIZE(scripts));
	expect(&marks.services, services, ARRAY_SIZE(services));
	expect(&marks.sockets, sockets, ARRAY_SIZE(sockets));
	deb_marks_write(&marks, &text);
	ck_assert_msg(
		deb_marks_parse(text.data, text.len, &other, &err) == STATUS_OK, "%s", err.text);
	deb_marks_write(&other, &again);
	ck_assert_str_eq(again.data, text.data);
	deb_marks_release(&other);
	buffer_release(&text);
	buffer_release(&again);
}
END_TEST

START_TEST(every_way_that_dpkg_packs_is_read)
{
	static const char *const ways[] = {"xz", "gzip", "zstd", "none"};
	char script[256];

	snprintf(script, sizeof(script),
		"mkdir -p x/usr/bin; echo >x/usr/bin/user; chmod 4755 x/usr/bin/user\n"
		"dpkg-deb -Z%s --root-owner-group -b x x.deb >/dev/null",
		ways[_i]);
	ck_assert_msg(read_deb(script, &limits_default) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(marks.privileges.count, 1);
}
END_TEST

static const struct {
	enum status status;
	const char *script, *words;
} bad[] = {
	{STATUS_FORMAT, "echo no >x.deb", ""},
	{STATUS_FORMAT, "echo 2.0 >debian-binary; ar rc x.deb debian-binary", "no control.tar"},
	{STATUS_FORMAT,
		"echo 2.0 >debian-binary; tar -cf data.tar x; tar -cf control.tar -C x/DEBIAN "
		"control\n"
		"cp data.tar data.tar.gz; ar rcS x.deb debian-binary control.tar data.tar "
		"data.tar.gz",
		"two data.tar"},
	{STATUS_FORMAT,
		"head -c 100000 /dev/urandom >x/blob; dpkg-deb -b x y.deb >/dev/null; head -c "
		"50000 "
		"y.deb >x.deb",
		""},
	{STATUS_LIMIT, "head -c 2000000 /dev/zero >x/zeros", "unpacks to more than"},
	{STATUS_LIMIT,
		"yes 'true' | head -c 300000 >x/DEBIAN/postinst; chmod 755 x/DEBIAN/postinst",
		"over 262144 bytes"},
	{STATUS_LIMIT, "mkdir x/b; for i in $(seq 2001); do echo >x/b/$i; done; chmod 4755 x/b/*",
		"more than 2000 marks"},
};

START_TEST(what_is_no_package_is_refused)
{
	struct limits limits = limits_default;

	limits.total_bytes = 1000000;
	ck_assert_int_lt(read_deb(bad[_i].script, &limits), 0);
	ck_assert_msg(bad[_i].status == err.status || !*bad[_i].words, "%s", err.text);
	ck_assert_msg(strstr(err.text, bad[_i].words), "%s", err.text);
	ck_assert_uint_eq(marks.privileges.count, 0);
}
END_TEST

static const char *const texts[] = {"", "reproof-deb-marks-1 1\n",
	"reproof-deb-marks-1 1\nservice x\n", "reproof-deb-marks-1 1\nservices x\nend\n",
	"reproof-deb-marks-1 1\nservice\nend\n", "reproof-deb-marks-1 0\nend\n",
	"reproof-deb-marks-1 1\nsection a\nsection b\nend\n", "reproof-deb-marks-1 1\nend\nend\n"};

/* A worker that was taken over writes what it likes. */
START_TEST(only_marks_are_read_back)
{
	ck_assert_int_eq(
		deb_marks_parse(texts[_i], strlen(texts[_i]), &marks, &err), STATUS_FORMAT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deb_marks");
	TCase *tests = tcase_create("deb_marks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_a_package_brings);
	tcase_add_loop_test(tests, every_way_that_dpkg_packs_is_read, 0, 4);
	tcase_add_loop_test(tests, what_is_no_package_is_refused, 0, ARRAY_SIZE(bad));
	tcase_add_loop_test(tests, only_marks_are_read_back, 0, ARRAY_SIZE(texts));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
