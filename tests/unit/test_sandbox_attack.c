/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/hash.h"
#include "verifier/rebuild/view.h"

/*
 * Builds that try to get at what they have to reproduce, and at this machine (trust T1, T4). Each
 * attack is run without a sandbox as well, where it has to succeed: otherwise it shows nothing.
 */

#define PUBLISHED_SIZE 70001 /* no other file is likely to have it: size is looked at first */

static struct build build;
static char *hex;   /* of the published file */
static char *tools; /* a new directory in /usr/share, which builds see */
static char bytes[PUBLISHED_SIZE];
static pid_t main_pid;

/* Where copies of the published file lie on the host. The first two are below what is shown. */
static const char *const places[] = {"/usr/share/reproof-test-%d/published",
	"/usr/local/share/reproof-test-%d", "/usr/src/reproof-test-%d", "/root/reproof-test-%d",
	"/tmp/reproof-test-%d", "/var/tmp/reproof-test-%d", "/srv/reproof-test-%d",
	"/opt/reproof-test-%d", "/var/lib/reproof-test-%d", "/var/cache/reproof-test-%d",
	"/etc/reproof-test-%d", "/home/reproof-test-%d", "/run/reproof-test-%d",
	"/dev/shm/reproof-test-%d"};

static char *placed(size_t i)
{
	char *pid = xasprintf("%d", main_pid);
	const char *mark = strstr(places[i], "%d");
	char *path = xasprintf("%.*s%s%s", (int)(mark - places[i]), places[i], pid, mark + 2);

	free(pid);
	return path;
}

static void places_remove(void)
{
	struct error err;
	char *directory = xasprintf("/usr/share/reproof-test-%d", main_pid);

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = placed(i);

		path_remove_tree(path, &err);
		free(path);
	}
	path_remove_tree(directory, &err);
	free(directory);
}

static void published_write(const char *path)
{
	char *directory = path_directory(path);
	struct error err;

	ck_assert_msg(path_make_directories(directory, 0755, &err) == STATUS_OK, "%s", err.text);
	ck_assert_msg(tempfile_write_all(path, bytes, sizeof(bytes), 0644, &err) == STATUS_OK, "%s",
		err.text);
	free(directory);
}

static void setup(void)
{
	struct digest digest;

	build_init(&build);
	places_remove();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * i * 31 / 7 + i);
	hash_memory(bytes, sizeof(bytes), &digest);
	hex = xcalloc(1, SHA256_HEX_SIZE);
	digest_hex(&digest, hex);
	tools = xasprintf("/usr/share/reproof-test-%d", main_pid);
	ck_assert(mkdir(tools, 0755) == 0);
}

static void teardown(void)
{
	build_release(&build);
	places_remove();
	free(hex);
	free(tools);
}

/* Every file of that size that can be read below `roots`, by content. */
static char *search_script(const char *roots)
{
	return xasprintf("{ find %s -path /proc -prune -o -type f -size %dc -print;\n"
			 "find -L /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -maxdepth 1 "
			 "-type f -size %dc; } 2>/dev/null |\n"
			 "while read -r file; do sha256sum \"$file\"; done | grep %s\n"
			 "echo searched",
		roots, PUBLISHED_SIZE, PUBLISHED_SIZE, hex);
}

START_TEST(a_search_finds_no_published_file)
{
	char *script = search_script("/");
	char *beside = path_join(build.top, "beside-source");
	char *store = path_join(build.work, "store/ab");
	/* The first place is below a shown directory: there it is refused (see below). */
	for (size_t i = 1; i < ARRAY_SIZE(places); i++) {
		char *path = placed(i);

		published_write(path);
		free(path);
	}
	published_write(beside);
	published_write(store);

	text_list_add(&build.hidden, build.top);
	text_list_add(&build.hidden, "/absent/altogether");
	build_pass(&build, script);
	ck_assert_str_eq(build.log, "searched\n");
	free(beside);
	free(store);
	free(script);
}
END_TEST

/* The same search finds each of them where nothing hides it: in the source, or with no sandbox. */
START_TEST(the_search_can_find)
{
	char *script = search_script("/");
	char *inside = path_join(build.source, "data/rootfs");
	char *shown;

	published_write(inside);
	build_pass(&build, script);
	ck_assert_ptr_nonnull(strstr(build.log, "/build/source/data/rootfs"));
	build_again(&build);
	shown = placed(0);
	published_write(shown);
	build_pass(&build, script);
	ck_assert_ptr_nonnull(strstr(build.log, shown));
	free(script);
	build_again(&build);
	script = search_script(tools);
	build.spec.no_sandbox = true;
	text_list_add(&build.hidden, shown);
	build_pass(&build, script);
	ck_assert_ptr_nonnull(strstr(build.log, shown));
	free(shown);
	free(inside);
	free(script);
}
END_TEST

/* The hidden path has another name, by a bind mount, under which the build would see it. */
static void prepare_is_refused(void)
{
	struct error err;

	ck_assert_int_eq(
		sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd, &build.port, &err),
		STATUS_SANDBOX);
	ck_assert_ptr_nonnull(strstr(err.text, "has to stay hidden"));
}

/* A build with CAP_SYS_ADMIN takes masks off, so what lies below a shown directory is refused. */
START_TEST(hidden_below_a_shown_directory_is_refused)
{
	char *shown = placed(0);

	published_write(shown);
	text_list_add(&build.hidden, shown);
	prepare_is_refused();
	free(shown);
}
END_TEST

START_TEST(another_name_of_a_hidden_directory_is_refused)
{
	char *other = path_join(build.top, "published");
	char *shown = path_join(tools, "real/rootfs");
	char *real = path_join(tools, "real");

	published_write(shown);
	ck_assert(mkdir(other, 0755) == 0);
	ck_assert(unshare(CLONE_NEWNS) == 0);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	ck_assert(mount(real, other, NULL, MS_BIND, NULL) == 0);
	text_list_add(&build.hidden, other);
	prepare_is_refused();
	ck_assert(umount(other) == 0);
	free(other);
	free(shown);
	free(real);
}
END_TEST

/* Mounted below a shown directory, but not part of it. */
START_TEST(other_file_systems_below_are_not_shown)
{
	char *point = path_join(tools, "mounted");
	char *file = path_join(point, "rootfs");
	char *script = search_script("/");

	ck_assert(mkdir(point, 0755) == 0);
	ck_assert(unshare(CLONE_NEWNS) == 0);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	ck_assert(mount("tmpfs", point, "tmpfs", 0, NULL) == 0);
	published_write(file);
	build_pass(&build, script);
	ck_assert_str_eq(build.log, "searched\n");
	ck_assert(umount(point) == 0);
	free(point);
	free(file);
	free(script);
}
END_TEST

START_TEST(what_would_stay_visible_is_refused)
{
	const char *const hidden[] = {"/usr/share", "/usr", "/", "/etc/passwd", build.source};

	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		struct text_list list = {0};
		struct error err;

		text_list_add(&list, hidden[i]);
		build.spec.hidden = &list;
		ck_assert_msg(sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd,
				      &build.port, &err) == STATUS_SANDBOX,
			"%s", hidden[i]);
		ck_assert_ptr_nonnull(strstr(err.text, hidden[i]));
		text_list_release(&list);
	}
}
END_TEST

static int unix_listen(const char *path, size_t skip)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + skip + strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert(strlen(path) + skip < sizeof(address.sun_path));
	memcpy(address.sun_path + skip, path, strlen(path));
	ck_assert(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 9) == 0);
	return fd;
}

static int tcp_listen(unsigned short *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	ck_assert(listen(fd, 9) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	*port = ntohs(address.sin_port);
	return fd;
}

START_TEST(no_server_of_this_machine_is_reached)
{
	char *path = path_join(tools, "socket");
	char *name = xasprintf("reproof-test-%d", main_pid);
	unsigned short port;
	int tcp = tcp_listen(&port), file = unix_listen(path, 0), abstract = unix_listen(name, 1);
	char *script = xasprintf(
		"cat >/tmp/reach-%d <<'END'\n"
		"use Socket;\n"
		"sub reach { my ($name, $family, $to) = @_; socket(my $s, $family, SOCK_STREAM, "
		"0);\n"
		"  print \"$name \", connect($s, $to) ? \"REACHED\" : \"not\", \"\\n\"; }\n"
		"reach('tcp', AF_INET, pack_sockaddr_in(%u, INADDR_LOOPBACK));\n"
		"reach('unix', AF_UNIX, pack_sockaddr_un('%s'));\n"
		"reach('abstract', AF_UNIX, pack_sockaddr_un(\"\\0%s\"));\n"
		"END\nperl /tmp/reach-%d; rm /tmp/reach-%d",
		main_pid, port, path, name, main_pid, main_pid);

	build_pass(&build, script);
	ck_assert_str_eq(build.log, "tcp not\nunix not\nabstract not\n");
	build_again(&build);
	build.spec.no_sandbox = true;
	build_pass(&build, script);
	ck_assert_str_eq(build.log, "tcp REACHED\nunix REACHED\nabstract REACHED\n");
	close(tcp);
	close(file);
	close(abstract);
	free(script);
	free(path);
	free(name);
}
END_TEST

/* The first process of new mount and PID namespaces; 0 when the view was entered. */
static int view_try(const struct view *view)
{
	int status;
	pid_t outer = fork(), inner;

	if (outer == 0) {
		struct error err = {0};

		if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
			_exit(99);
		inner = fork();
		if (inner == 0) {
			if (view_enter(view, &err) < 0)
				fprintf(stderr, "%s\n", err.text);
			_exit(err.status == STATUS_OK ? 0 : 98);
		}
		_exit(inner > 0 && waitpid(inner, &status, 0) == inner && WIFEXITED(status)
				? WEXITSTATUS(status)
				: 97);
	}
	ck_assert(outer > 0 && waitpid(outer, &status, 0) == outer && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Another's server may end between the plan and the view: what is gone needs no hiding. */
START_TEST(a_socket_that_goes_away_stops_nothing)
{
	char *directory = path_join(tools, "below");
	char *path = path_join(directory, "socket");
	char *root = path_join(build.top, "root");
	struct text_list hidden = {0};
	struct view_request request = {
		.root = root,
		.source_directory = build.source,
		.output_directory = build.output,
		.tmp_directory = build.source,
		.var_tmp_directory = build.source,
		.build_path = "/build",
		.hostname = "host",
		.hidden = &hidden,
	};
	struct view view = {0};
	struct error err;
	size_t masks = 0;
	int fd;

	ck_assert(mkdir(directory, 0755) == 0 && mkdir(root, 0755) == 0 &&
		mkdir(build.output, 0755) == 0);
	fd = unix_listen(path, 0);
	ck_assert_msg(view_plan(&request, &view, &err) == STATUS_OK, "%s", err.text);
	for (size_t i = 0; i < view.count; i++)
		masks += view.entries[i].kind == VIEW_MASK_FILE &&
			strcmp(view.entries[i].place, path) == 0;
	ck_assert_uint_eq(masks, 1);
	close(fd);
	ck_assert(unlink(path) == 0 && rmdir(directory) == 0);
	ck_assert_int_eq(view_try(&view), 0);
	view_release(&view);
	free(root);
	free(path);
	free(directory);
}
END_TEST

START_TEST(only_its_own_processes_and_interfaces_are_there)
{
	build_pass(&build,
		"set -- /proc/[0-9]*; echo $#; tail -n +3 /proc/net/dev | cut -d: -f1\n"
		"ls /run /var/run/ /home /root /srv /mnt /media /opt /sys /usr/local "
		"/usr/src | grep -v :\nfind / -xdev -type s; ls /dev/ | tr '\\n' ' '");
	/* The sandbox's first process, and the script. */
	ck_assert_ptr_eq(strstr(build.log, "2\n    lo\n"), build.log);
	ck_assert_ptr_nonnull(strstr(build.log,
		"\nfd full null ptmx pts random shm stderr stdin "
		"stdout tty urandom zero "));
}
END_TEST

/* The attempts change nothing even where they succeed: this may be run on someone's machine. */
START_TEST(what_is_shown_cannot_be_written)
{
	char *file = path_join(build.source, "given");

	build_write(file, "given", 0644);
	build_pass(&build,
		"for d in /usr/bin /usr/share /etc/alternatives /var/lib/dpkg /build/source /dev; "
		"do\n"
		"  mkdir $d/reproof-test 2>/dev/null && rmdir $d/reproof-test && echo $d\ndone\n"
		"for f in /build/source/given /etc/passwd /bin/sh /proc/sys/kernel/domainname; do\n"
		"  ( : >>$f ) 2>/dev/null && echo $f\ndone\n"
		"for d in /tmp /var/tmp /build/output /dev/shm; do touch $d/made || exit 1; done\n"
		"echo ended");
	ck_assert_str_eq(build.log, "ended\n");
	free(file);
}
END_TEST

/* Device nodes that a build makes lead nowhere, and it cannot look into the first process. */
START_TEST(root_in_there_is_not_root_out_here)
{
	static const unsigned dropped[] = {CAP_DAC_READ_SEARCH, CAP_NET_ADMIN, CAP_SYS_MODULE,
		CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_SYSLOG, CAP_BPF};
	static const char start[] = "CapBnd:\t";
	unsigned long long bounding;

	build_pass(&build,
		"for d in /tmp /var/tmp /build/output /root; do\n"
		"  mknod $d/node c 1 5 && head -c 1 $d/node >/dev/null 2>&1 && echo works: $d\n"
		"  rm -f $d/node\ndone\n"
		"cd /proc/1 && readlink root cwd exe fd/3; tr -d '\\000' <environ; tr -d '\\000' "
		"<cmdline\n"
		"kill -KILL 1; kill -STOP 1;\n"
		"grep CapBnd /proc/self/status; head -c 1 /dev/zero | wc -c");
	ck_assert_ptr_eq(strstr(build.log, start), build.log);
	ck_assert_str_eq(strchr(build.log, '\n'), "\n1\n");
	bounding = strtoull(build.log + sizeof(start) - 1, NULL, 16);
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		ck_assert_msg(!(bounding & 1ULL << dropped[i]), "%u", dropped[i]);
}
END_TEST

/* As `make check` runs in a chroot that is no mount point, where pivot_root alone does not work. */
static void chroot_build(void)
{
	static const char *const bound[] = {"usr", "etc", "var", "proc", "dev"};
	static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
	char *script;
	struct build inner;
	char *root = path_join(build.top, "chroot");

	ck_assert(mkdir(root, 0755) == 0 && unshare(CLONE_NEWNS) == 0);
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bound); i++) {
		char *from = path_join("/", bound[i]);
		char *to = path_join(root, bound[i]);

		ck_assert(mkdir(to, 0755) == 0);
		ck_assert(mount(from, to, NULL, MS_BIND | MS_REC, NULL) == 0);
		free(from);
		free(to);
	}
	ck_assert(chdir(root) == 0 && chroot(".") == 0 && mkdir("/work", 0755) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char *target = path_join("usr", links[i]);

		ck_assert(symlink(target, links[i]) == 0);
		free(target);
	}
	ck_assert(setenv("TMPDIR", "/work", 1) == 0);
	build_init(&inner);
	published_write("/work/published/rootfs");
	script = search_script("/");
	text_list_add(&inner.hidden, "/work");
	build_pass(&inner, script);
	ck_assert_str_eq(inner.log, "searched\n");
	build_release(&inner);
	free(script);
	free(root);
}

START_TEST(it_works_in_a_chroot)
{
	int wait_status;
	pid_t pid = fork();

	/* Its mounts end with it, and what lies below them is then the fixture's to remove. */
	if (pid == 0) {
		chroot_build();
		_exit(EXIT_SUCCESS);
	}
	ck_assert(waitpid(pid, &wait_status, 0) == pid);
	ck_assert_int_eq(wait_status, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox attacks");
	TCase *attacks = tcase_create("attacks");
	SRunner *runner;
	int failed;

	if (!build_can_isolate("test_sandbox_attack"))
		return EXIT_SUCCESS;
	main_pid = getpid();
	tcase_add_checked_fixture(attacks, setup, teardown);
	tcase_set_timeout(attacks, 300);
	tcase_add_test(attacks, a_search_finds_no_published_file);
	tcase_add_test(attacks, the_search_can_find);
	tcase_add_test(attacks, hidden_below_a_shown_directory_is_refused);
	tcase_add_test(attacks, another_name_of_a_hidden_directory_is_refused);
	tcase_add_test(attacks, other_file_systems_below_are_not_shown);
	tcase_add_test(attacks, what_would_stay_visible_is_refused);
	tcase_add_test(attacks, no_server_of_this_machine_is_reached);
	tcase_add_test(attacks, a_socket_that_goes_away_stops_nothing);
	tcase_add_test(attacks, only_its_own_processes_and_interfaces_are_there);
	tcase_add_test(attacks, what_is_shown_cannot_be_written);
	tcase_add_test(attacks, root_in_there_is_not_root_out_here);
	tcase_add_test(attacks, it_works_in_a_chroot);
	suite_add_tcase(suite, attacks);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	places_remove();
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
