/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the build: claimed where nobody goes to them, and nowhere else. */
#include "claiming.h"

/* Whatever is asked for here, another build would give the same; so nothing else may say it. */
START_TEST(paths_that_are_acted_on_are_left)
{
	expect_left("t//u//.cmdline", "ro init=/home/root/init", "ro init=/tmp/x/xxx/init");
	expect_left("t//u.swu//sw-description//software.files.[0].path", "/home/user/.profile",
		"/tmp/xxxx/.profile");
	expect_left("t//boot/loader/entries/a.conf", "options init=/home/root/init\n",
		"options init=/tmp/init\n");
	expect_left("t//usr/lib/sysctl.d/c.conf", "kernel.core_pattern=|/home/root/bin/core\n",
		"kernel.core_pattern=|/tmp/bin/core\n");
	expect_left("t//usr/lib/modprobe.d/x.conf", "install x /root/bin/x\n",
		"install x /tmp/bin/x\n");
	expect_left("t//usr/lib/tmpfiles.d/x.conf", "L /x - - - - /home/x/keys\n",
		"L /x - - - - /tmp/keys\n");
	expect_left("t//root/.bashrc", ". /root/env.sh\n", ". /tmp/env.sh\n");
	expect_left("t//root/.bashrc", ". /root/a/env.c\n", ". /tmp/a/env.c\n");
	expect_left("t//opt/x/x.ini", "plugin=/home/x/lib/x.so\n", "plugin=/tmp/lib/x.so\n");
	expect_left("t//usr/lib/python3/dist-packages/m.py", "sys.path.insert(0,'/home/a/lib')\n",
		"sys.path.insert(0,'/tmp/lib')\n");
	expect_left("t//home/u/.config/systemd/user/x.service", "ExecStart=/home/u/bin/x\n",
		"ExecStart=/tmp/bin/x\n");
	expect_left("t//etc/x", "run /build/one/src/a.c\n", "run /build/two/src/a.c\n");
	expect_left("t//f", "run /build/one/src/a.c\n", "run /build/two/src/a.c\n");
	expect_left(
		"t//usr/share/doc/x/examples/x", "#!/bin/sh\n/home/x/a\n", "#!/bin/sh\n/tmp/x/a\n");
	expect_left("t//usr/share/doc/x/examples/x.sh", ". /home/x/a\n", ". /tmp/x/a\n");
	expect_left("t//var/log/run", "#!/bin/sh\n/home/x/a\n", "#!/bin/sh\n/tmp/x/a\n");
}
END_TEST

#define PATHS "build-path /build/one/src/a.c|/home/me/src/a.c\n"

START_TEST(paths_in_records)
{
	expect_claimed("t//usr/share/doc/x/README",
		"from /build/one/src/a.c.\nof /build/one/src/a.c:1\n",
		"from /build/one/src/a.c.\nof /home/me/src/a.c:1\n", PATHS);
	expect_claimed("t//usr/share/man/man1/x.1", "in /build/one/w/x\n", "in /tmp/b/w/x\n",
		"build-path /build/one/w/x|/tmp/b/w/x\n");
	expect_claimed("t//var/log/install", "in /build/one/w/x\n", "in /tmp/b/w/x\n",
		"build-path /build/one/w/x|/tmp/b/w/x\n");
	expect_claimed("x.buildinfo", "A: b\nBuild-Path: /build/x-a1/x-1.0\n",
		"A: b\nBuild-Path: /build/x-b2/x-1.0\n",
		"build-path /build/x-a1/x-1.0|/build/x-b2/x-1.0\n");
	expect_left("x.buildinfo", "A: b\nOther: /build/x-a1/x-1.0\n",
		"A: b\nOther: /build/x-b2/x-1.0\n");
	expect_left("x.control", "A: b\nBuild-Path: /build/x-a1/x-1.0\n",
		"A: b\nBuild-Path: /build/x-b2/x-1.0\n");
	/* Nor what is no text, as a program that nobody could open. */
	{
		static const char a[] = "\177ELF\1\0/home/x/y", b[] = "\177ELF\1\0/root/x/y";
		struct stretch sides[SIDES] = {{a, sizeof(a), 0}, {b, sizeof(b), 0}};

		match_bytes("t//usr/share/doc/x", sides);
		ck_assert_str_eq(buffer_text(&text), "");
	}
}
END_TEST

START_TEST(remarks_and_line_markers)
{
	expect_claimed("t//etc/x", "# Generated from /build/one/src/a.c\na=1\n",
		"# Generated from /home/me/src/a.c\na=1\n", PATHS);
	expect_claimed("t//f.i", "int a;\n# 12 \"/build/one/src/a.c\" 3\n",
		"int a;\n# 12 \"/home/me/src/a.c\" 3\n", PATHS);
	expect_claimed("t//f.h", "#line 12 \"/build/one/src/a.c\"\n",
		"#line 12 \"/home/me/src/a.c\"\n", PATHS);
	/* Alone it is perhaps no remark; one of something else; further down; no marker. */
	expect_left("t//etc/x", "# Generated from /build/one/src/a.c\n",
		"# Generated from /home/me/src/a.c\n");
	expect_left(
		"t//etc/x", "# init /build/one/src/a.c\na=1\n", "# init /home/me/src/a.c\na=1\n");
	expect_left("t//etc/x", "a=1\n# Generated from /build/one/src/a.c\nb=1\n",
		"a=1\n# Generated from /home/me/src/a.c\nb=1\n");
	expect_left("t//etc/x", "#include /build/one/src/created\na=1\n",
		"#include /home/me/src/created\na=1\n");
	expect_left(
		"t//f.h", "#include \"/build/one/src/a.c\"\n", "#include \"/home/me/src/a.c\"\n");
	expect_left("t//f", "x # 12 \"/build/one/src/a.c\"\n", "x # 12 \"/home/me/src/a.c\"\n");
	expect_left("t//f", "#!/bin/x\n# 12 \"/build/one/src/a.c\"\n",
		"#!/bin/x\n# 12 \"/home/me/src/a.c\"\n");
}
END_TEST

/* As Python and Perl keep what they were compiled with. */
START_TEST(options_that_leave_paths_out)
{
	expect_claimed("t//usr/lib/python3.11/_sysconfigdata.py",
		"{'CFLAGS': '-g -ffile-prefix-map=/build/py-a1/py-3=. -O2'}\n",
		"{'CFLAGS': '-g -ffile-prefix-map=/build/py-b2/py-3=. -O2'}\n",
		"build-path /build/py-a1/py-3|/build/py-b2/py-3\n");
	expect_left("t//usr/lib/x.py", "{'CFLAGS': '-g -I/build/py-a1/py-3 -O2'}\n",
		"{'CFLAGS': '-g -I/build/py-b2/py-3 -O2'}\n");
	expect_left("t//usr/bin/x-config", "#!/bin/sh\na=-ffile-prefix-map=/build/a1/x=.\n",
		"#!/bin/sh\na=-ffile-prefix-map=/build/b2/x=.\n");
	expect_left("t//etc/x", "a=-ffile-prefix-map=/build/a1/x\n",
		"a=-ffile-prefix-map=/build/b2/x\n");
	/* Of what was not read from its beginning, nobody knows whether it is a script. */
	{
		static const char a[] = "\n-ffile-prefix-map=/build/py-a1/py-3=.",
				  b[] = "\n-ffile-prefix-map=/build/py-b2/py-3=.";
		struct stretch sides[SIDES] = {
			{a, sizeof(a) - 1, 1 << 20}, {b, sizeof(b) - 1, 1 << 20}};

		match_bytes("t//f", sides);
		ck_assert_str_eq(buffer_text(&text), "");
	}
	/* One that is told so on one side only. */
	expect_left("t//f", "x=/build/a1/x\n", "x=-ffile-prefix-map=/build/b2/x\n");
}
END_TEST

static void match_section(const char *section, const char *a, const char *b, size_t len)
{
	struct stretch sides[SIDES] = {{a, len, 0}, {b, len, 0}};
	struct buffer path = {0};

	buffer_add_format(&path, "t//usr/bin/x//%s", section);
	match_bytes(buffer_text(&path), sides);
	buffer_release(&path);
}

START_TEST(sections_of_programs)
{
	static const char a[] = "\0/home/me/src/a.c\0%s\0", b[] = "\0/root/us/src/a.c\0%s\0",
			  claim[] = "build-path /home/me/src/a.c|/root/us/src/a.c\n",
			  lib_a[] = "\0/home/me/src/lib\0", lib_b[] = "\0/root/us/src/lib\0",
			  lib_claim[] = "build-path /home/me/src/lib|/root/us/src/lib\n",
			  py_a[] = "\0/home/me/a.d/x.py\0", py_b[] = "\0/root/us/a.d/x.py\0";
	static const char *const data[] = {".rodata", ".rodata.str1.8", ".data", ".strtab",
		".rdata", ".gopclntab"},
				 *const debug[] = {".debug_str", ".debug_line_str", ".debug_info",
					 ".comment"},
				 *const others[] = {".dynstr", ".interp", ".dynamic", ".cmdline",
					 ".modinfo", ".text", ".debug_gdb_scripts", ".rodatax",
					 "LOAD 0", "appended"};

	in_program = true;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		match_section(data[i], a, b, sizeof(a));
		ck_assert_str_eq(buffer_text(&text), claim);
		/* No source, or one that is run as it is. */
		match_section(data[i], lib_a, lib_b, sizeof(lib_a));
		ck_assert_str_eq(buffer_text(&text), "");
		match_section(data[i], py_a, py_b, sizeof(py_a));
		ck_assert_str_eq(buffer_text(&text), "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(debug); i++) {
		match_section(debug[i], lib_a, lib_b, sizeof(lib_a));
		ck_assert_str_eq(buffer_text(&text), lib_claim);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		match_section(others[i], a, b, sizeof(a));
		ck_assert_str_eq(buffer_text(&text), "");
	}
	/* A file that is only called so. */
	in_program = false;
	match_section(".debug_str", lib_a, lib_b, sizeof(lib_a));
	ck_assert_str_eq(buffer_text(&text), "");
	match_section(".rodata", a, b, sizeof(a));
	ck_assert_str_eq(buffer_text(&text), "");
}
END_TEST

/* Another file, a place where nothing is built, an installed path: not even in a document. */
START_TEST(other_paths_are_left)
{
	expect_left("t//usr/share/doc/f", "run /tmp/a/good", "run /tmp/a/evil");
	expect_left("t//usr/share/doc/f", "run /data/app/start", "run /mnt/app/start");
	expect_left("t//usr/share/doc/f", "run /tmp/app/start", "run /mnt/app/start");
	expect_left("t//usr/share/doc/f", "run /mnt/app/start", "run /tmp/app/start");
	expect_left("t//usr/share/doc/f", "run /usr/bin/start", "run /opt/bin/start");
	expect_left("t//usr/share/doc/f", "run /usr/bin/start", "run /tmp/bin/start");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {paths_that_are_acted_on_are_left, paths_in_records,
		remarks_and_line_markers, options_that_leave_paths_out, sections_of_programs,
		other_paths_are_left};

	return run_tests("path_matcher", tests, ARRAY_SIZE(tests));
}
