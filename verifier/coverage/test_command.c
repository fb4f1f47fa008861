/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/test_command.h"

#include <string.h>

#include "base/path.h"

/* What any script has around its test. */
static const char *const nothing[] = {"$*", "$1", "$2", "$@", ".", ":", "[", "[[", "addgroup",
	"adduser", "apt", "apt-cache", "apt-get", "apt-mark", "awk", "base64", "basename", "break",
	"case", "cat", "cd", "chmod", "chown", "chpasswd", "cmp", "column", "command", "continue",
	"cp", "curl", "cut", "date", "dd", "debconf-set-selections", "declare", "deluser", "diff",
	"dirname", "dpkg", "dpkg-architecture", "dpkg-query", "dpkg-reconfigure", "dpkg-vendor",
	"echo", "egrep", "env", "eval", "exec", "exit", "export", "fallocate", "false", "fgrep",
	"file", "find", "for", "function", "getent", "git", "grep", "groupadd", "hash", "hd",
	"head", "hexdump", "hostname", "id", "install", "journalctl", "kill", "let", "ln", "local",
	"losetup", "ls", "md5sum", "locale-gen", "mkdir", "mknod", "mktemp", "modprobe", "mount",
	"mountpoint", "mv", "nm", "objdump", "od", "patch", "pidof", "popd", "printenv", "printf",
	"pushd", "pwd", "py3versions", "pyversions", "quilt", "read", "readelf", "readlink",
	"readonly", "realpath", "return", "rm", "rmdir", "sed", "select", "seq", "set", "sha256sum",
	"shift", "shopt", "sleep", "sort", "source", "stat", "sync", "tail", "tar", "tee", "test",
	"touch", "tr", "trap", "true", "truncate", "type", "ulimit", "umask", "umount", "uname",
	"uniq", "unset", "useradd", "userdel", "wait", "wc", "wget", "which", "whoami", "xargs",
	"xxd", "zcat"};

static const char *const compilers[] = {"c++", "cc", "dpkg-buildpackage", "clang", "clang++",
	"cmake", "configure", "g++", "gcc", "gfortran", "ld", "pkg-config", "pkgconf", "qmake",
	"$CC", "${CC}", "$PKG_CONFIG", "$CXX", "${CXX}", "autoreconf", "ldd", "./configure",
	"meson", "ninja"};

/* Programs that run a suite, whatever their arguments. */
static const char *const suites[] = {"bats", "ctest", "dh_auto_test",
	"gnome-desktop-testing-runner", "jest", "mocha", "nosetests", "nosetests3", "prove",
	"py.test", "py.test-3", "pytest", "pytest-3", "rspec", "runtest", "stestr", "tox", "lit",
	"meson-test", "phpunit", "nose2", "ginsttest-runner"};

static const char *const looks[] = {"--version", "-V", "-v", "--help", "-h", "-help", "-version",
	"version", "help", "-?", "--usage"};

static bool is_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

#define IS_IN(word, list) is_in(word, list, ARRAY_SIZE(list))

static bool is_interpreter(const char *program, const char *name)
{
	size_t len = strlen(name);

	/* "python3.11", "ruby3.1"; "$py" and "${python}" are what loops over versions have. */
	return (strncmp(program, name, len) == 0 &&
		       program[len + strspn(program + len, "0123456789.")] == '\0') ||
		(program[0] == '$' && strcmp(name, "python") == 0);
}

size_t command_first(const struct text_list *words)
{
	static const char *const wrappers[] = {"env", "sudo", "timeout", "nice", "exec", "xvfb-run",
		"dbus-run-session", "dbus-launch", "setsid", "nohup", "stdbuf", "fakeroot",
		"eatmydata", "catchsegv", "faketime", "valgrind", "time", "command", "eval",
		"runuser", "su", "sh", "bash", "dash", "ionice", "chronic", "unshare", "choom",
		"retry", "xargs"};
	size_t at = 0;

	while (at + 1 < words->count && IS_IN(path_basename(words->items[at]), wrappers)) {
		const char *program = words->items[at];
		size_t next = at + 1;

		/* "command -v x" asks, and runs nothing. */
		if (strcmp(program, "command") == 0 && words->items[next][0] == '-')
			return at;
		/* "runuser -u x -- make check" */
		for (size_t i = next; i + 1 < words->count && i < next + 6; i++)
			if (strcmp(words->items[i], "--") == 0)
				next = i + 1;
		while (next + 1 < words->count &&
			(words->items[next][0] == '-' || strchr(words->items[next], '=') ||
				(words->items[next][0] >= '0' && words->items[next][0] <= '9')))
			next++;
		at = next;
	}
	return at;
}

bool command_is_sourcing(const struct text_list *words, size_t first)
{
	return first < words->count &&
		(strcmp(words->items[first], ".") == 0 ||
			strcmp(words->items[first], "source") == 0);
}

static bool mentions(const struct text_list *words, size_t from, const char *part)
{
	for (size_t i = from; i < words->count; i++)
		if (strstr(words->items[i], part))
			return true;
	return false;
}

static bool has_word(const struct text_list *words, size_t from, const char *word)
{
	for (size_t i = from; i < words->count; i++)
		if (strcmp(words->items[i], word) == 0)
			return true;
	return false;
}

/* A target of make or rake that runs tests: "check", "test-unit", "installcheck". */
static bool has_test_target(const struct text_list *words, size_t from)
{
	for (size_t i = from; i < words->count; i++) {
		const char *word = words->items[i];

		if (word[0] != '-' && !strchr(word, '=') && !strchr(word, '/') &&
			(strstr(word, "check") || strstr(word, "test") ||
				strcmp(word, "spec") == 0))
			return true;
	}
	return false;
}

static bool is_module(const struct text_list *words, size_t from)
{
	static const char *const modules[] = {"pytest", "unittest", "nose", "nose2",
		"testtools.run", "stestr", "tox", "twisted.trial", "zope.testrunner", "test",
		"avocado"};

	for (size_t i = from; i + 1 < words->count; i++)
		if (strcmp(words->items[i], "-m") == 0)
			return IS_IN(words->items[i + 1], modules);
	return false;
}

static bool is_suite(const struct text_list *words, size_t first)
{
	const char *word = words->items[first], *base = path_basename(word);

	if (IS_IN(base, suites))
		return true;
	if (strcmp(base, "make") == 0 || strcmp(base, "gmake") == 0 ||
		strcmp(base, "$(MAKE)") == 0 || strcmp(base, "rake") == 0 ||
		strcmp(base, "ninja") == 0 || strcmp(base, "gem2deb-test-runner") == 0)
		return strcmp(base, "gem2deb-test-runner") == 0 ||
			has_test_target(words, first + 1);
	if (strcmp(base, "meson") == 0 || strcmp(base, "go") == 0 || strcmp(base, "cargo") == 0 ||
		strcmp(base, "npm") == 0 || strcmp(base, "Build") == 0 ||
		strcmp(base, "bundle") == 0)
		return has_word(words, first + 1, "test");
	if (strcmp(word, "debian/rules") == 0 || strcmp(word, "./debian/rules") == 0)
		return has_test_target(words, first + 1);
	if (is_interpreter(base, "python"))
		return is_module(words, first + 1) ||
			(mentions(words, first + 1, "setup.py") &&
				has_word(words, first + 1, "test"));
	/* "./run-tests.sh", "tests/runtests": upstream's, since it is in its tree. */
	return strchr(word, '/') && !strchr(word, '$') && word[0] != '/' &&
		(strstr(base, "run-test") || strstr(base, "runtest") || strstr(base, "run_test") ||
			strstr(base, "testsuite"));
}

/* "-c 'import x'", "-e 'use x'": code that only loads. */
static bool is_import(const char *program, const struct text_list *words, size_t first)
{
	static const char *const idle[] = {"import ", "from ", "print", "use ", "require", "1",
		"puts", "0", "exit", "console.log", "sys.exit", "var ", "const "};
	const char *code = NULL;

	if (!is_interpreter(program, "python") && !is_interpreter(program, "perl") &&
		!is_interpreter(program, "ruby") && !is_interpreter(program, "node") &&
		!is_interpreter(program, "nodejs") && !is_interpreter(program, "lua"))
		return false;
	for (size_t i = first + 1; i + 1 < words->count && !code; i++)
		if (strcmp(words->items[i], "-c") == 0 || strcmp(words->items[i], "-e") == 0 ||
			strcmp(words->items[i], "-we") == 0 || strcmp(words->items[i], "-le") == 0)
			code = words->items[i + 1];
	if (!code)
		return false;
	while (*code) {
		bool is_idle = false;

		code += strspn(code, " \t\n;");
		for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
			is_idle |= strncmp(code, idle[i], strlen(idle[i])) == 0;
		if (*code && !is_idle)
			return false;
		code += strcspn(code, ";\n");
	}
	return true;
}

/* "--version" and no more. */
static bool is_all_looks(const struct text_list *words, size_t first)
{
	for (size_t i = first + 1; i < words->count; i++)
		if (!IS_IN(words->items[i], looks))
			return false;
	return first + 1 < words->count;
}

enum command_worth command_worth(const struct shell_command *command, const struct text_list *own)
{
	const struct text_list *words = &command->words;
	size_t first = command_first(words);
	const char *word = words->items[first], *base = path_basename(word);
	bool is_own;

	/* What a function does is told where it is; it may be to run what it is given. */
	while (command->is_function && first + 1 < words->count && !text_list_contains(own, base))
		base = path_basename(words->items[++first]);
	is_own = text_list_contains(own, base);
	if (command->is_function && !is_own)
		return COMMAND_NOTHING;
	if (is_own)
		return is_all_looks(words, first) ? COMMAND_LOOK : COMMAND_TEST;
	if (is_suite(words, first))
		return mentions(words, first, "debian/tests") ? COMMAND_TEST : COMMAND_SUITE;
	/* "eval $(x)": x is a command of its own. */
	if (IS_IN(base, nothing) ||
		(word[0] == '$' && word[1] == '(' && path_has_suffix(word, ")")))
		return COMMAND_NOTHING;
	if (is_all_looks(words, first) || is_import(base, words, first) || IS_IN(word, compilers) ||
		IS_IN(base, compilers) || strcmp(base, "make") == 0 ||
		path_has_suffix(base, "gcc") || path_has_suffix(base, "g++") ||
		path_has_suffix(base, "pkg-config"))
		return COMMAND_LOOK;
	return COMMAND_TEST;
}
