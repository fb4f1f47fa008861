/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/test_command.h"

#include <string.h>

#include "base/path.h"
#include "verifier/coverage/rules.h"
#include "verifier/coverage/test_runner.h"

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

/* That ask the system how it is: no more of the package than that it is there. */
static const char *const askers[] = {"deb-systemd-helper", "deb-systemd-invoke", "invoke-rc.d",
	"ip", "ldconfig", "loginctl", "lsmod", "lsof", "netstat", "pgrep", "pkill", "ps", "pstree",
	"service", "ss", "systemctl", "update-alternatives", "apropos", "man", "whatis"};

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

	/* "python3.11", "python$v"; "$py" and "${python}" are what loops over versions have. */
	return (strncmp(program, name, len) == 0 &&
		       (program[len] == '$' ||
			       program[len + strspn(program + len, "0123456789.")] == '\0')) ||
		(program[0] == '$' && strcmp(name, "python") == 0);
}

size_t command_first(const struct text_list *words)
{
	static const char *const wrappers[] = {"env", "sudo", "timeout", "nice", "exec", "xvfb-run",
		"dbus-run-session", "dbus-launch", "setsid", "nohup", "stdbuf", "fakeroot",
		"eatmydata", "catchsegv", "faketime", "valgrind", "time", "command", "eval",
		"runuser", "su", "sh", "bash", "dash", "ionice", "chronic", "unshare", "choom",
		"retry", "xargs", "annotate-output"};
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
			(words->items[next][0] == '-' || words->items[next][0] == '+' ||
				strchr(words->items[next], '=') ||
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

/* A target of make that runs tests, of what is built or of what is installed. */
static bool has_test_target(const struct text_list *words, size_t from)
{
	for (size_t i = from; i < words->count; i++) {
		const char *word = words->items[i];

		/* "-C tests" is where, and no target. */
		if (word[0] == '-' && strlen(word) == 2 && strchr("CfIoW", word[1]))
			i++;
		else if (rules_is_test_target(word) || strcmp(word, "installcheck") == 0)
			return true;
	}
	return false;
}

static bool is_make(const char *base)
{
	return strcmp(base, "make") == 0 || strcmp(base, "gmake") == 0 ||
		strcmp(base, "$(MAKE)") == 0;
}

/* What a runner of tests is told, "-m pytest" included; false when the command is of none. */
static bool runner_read(const struct text_list *words, size_t first, struct test_run *run)
{
	const char *base = path_basename(words->items[first]);

	if (test_runner_read(words->items + first, words->count - first, run))
		return true;
	for (size_t i = first + 1; i + 1 < words->count && is_interpreter(base, "python"); i++)
		if (strcmp(words->items[i], "-m") == 0)
			return test_runner_read(words->items + i + 1, words->count - i - 1, run);
	return false;
}

/*
 * "./run-tests.sh", "tests/$name": upstream's, since it is in its tree, in a folder of tests or by
 * its own name; what is installed, by a name of what runs all of them.
 */
static bool is_upstreams_test(const char *word)
{
	const char *base = path_basename(word);

	if (base == word || word[0] == '$' || strstr(word, "debian/"))
		return false;
	if (word[0] == '/')
		return rules_is_whole_name(base) &&
			rules_speaks_of_tests(word, (size_t)(base - word));
	return rules_is_whole_name(base) || strstr(base, "run-test") || strstr(base, "runtest") ||
		strstr(base, "run_test") || strstr(base, "testsuite") ||
		rules_speaks_of_tests(word, (size_t)(base - word));
}

static bool is_suite(const struct text_list *words, size_t first)
{
	const char *word = words->items[first], *base = path_basename(word);

	if (strcmp(base, "dh_auto_test") == 0)
		return true;
	if (is_make(base) || strcmp(word, "debian/rules") == 0 ||
		strcmp(word, "./debian/rules") == 0)
		return has_test_target(words, first + 1);
	if (is_interpreter(base, "python") && has_word(words, first + 1, "test") &&
		(has_word(words, first + 1, "-m") || mentions(words, first + 1, "setup.py")))
		return true;
	return is_upstreams_test(word);
}

/* "go build", "cargo check": no more than that it compiles. */
static bool is_compiling(const char *base, const struct text_list *words, size_t first)
{
	static const char *const steps[] = {"build", "vet", "install", "mod", "check", "metadata"};

	return (strcmp(base, "go") == 0 || strcmp(base, "cargo") == 0) &&
		first + 1 < words->count && IS_IN(words->items[first + 1], steps);
}

/* The code of "-c CODE", "-eCODE", "-we CODE"; NULL for none. */
static const char *code_of(const struct text_list *words, size_t first, char letter)
{
	for (size_t i = first + 1; i < words->count; i++) {
		const char *word = words->items[i], *at;

		/* Of these the rest is a name. */
		if (word[0] != '-' || word[1] == '-' || strchr("MmIWXrB", word[1]))
			continue;
		at = strchr(word, letter);
		if (at)
			return at[1] ? at + 1 : i + 1 < words->count ? words->items[i + 1] : NULL;
	}
	return NULL;
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
	code = code_of(words, first, is_interpreter(program, "python") ? 'c' : 'e');
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
	struct test_run run;
	bool is_own;

	/* What a function does is told where it is; it may be to run what it is given. */
	while (command->is_function && first + 1 < words->count && !text_list_contains(own, base))
		base = path_basename(words->items[++first]);
	is_own = text_list_contains(own, base);
	if (command->is_function && !is_own)
		return COMMAND_NOTHING;
	if (is_own)
		return is_all_looks(words, first) ? COMMAND_LOOK : COMMAND_TEST;
	if (is_all_looks(words, first) || IS_IN(base, askers))
		return COMMAND_LOOK;
	if (runner_read(words, first, &run) && run.is_idle)
		return COMMAND_LOOK;
	if (run.is_runner || is_suite(words, first))
		return mentions(words, first, "debian/tests") ? COMMAND_TEST : COMMAND_SUITE;
	/* "eval $(x)": x is a command of its own. */
	if (IS_IN(base, nothing) ||
		(word[0] == '$' && word[1] == '(' && path_has_suffix(word, ")")))
		return COMMAND_NOTHING;
	if (is_import(base, words, first) || is_compiling(base, words, first) ||
		IS_IN(word, compilers) || IS_IN(base, compilers) || strcmp(base, "make") == 0 ||
		path_has_suffix(base, "gcc") || path_has_suffix(base, "g++") ||
		path_has_suffix(base, "pkg-config"))
		return COMMAND_LOOK;
	return COMMAND_TEST;
}
