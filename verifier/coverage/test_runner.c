/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/test_runner.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"

/* What an operand, a word that is no option, is to a runner. */
enum operand {
	OPERAND_NOTHING,
	OPERAND_FILE, /* a file is some of the tests, a directory is all in it */
	OPERAND_NAME, /* any is a name of some */
};

/* Lists of words have a blank between; an option that ends in "=" may have its value in it. */
static const struct runner {
	const char *program;
	const char *words; /* the first operand has to be one of them; NULL: none has to */
	enum test_runner_kind kind;
	const char *selects; /* options that choose tests, or leave some out */
	const char *idles;   /* with which none is run */
	const char *valued;  /* other options that take the next word */
	enum operand operand;
} runners[] = {
	{"ctest", NULL, RUNNER_CTEST,
		"-R -E -L -LE -I --tests-regex --exclude-regex --label-regex --label-exclude "
		"--tests-information --rerun-failed",
		"-N --show-only --print-labels", "-j --timeout -C --test-dir", OPERAND_NOTHING},
	{"meson", "test", RUNNER_MESON, "--suite --no-suite", "--list",
		"-C -t -j --num-processes --setup --wrapper --test-args --timeout-multiplier "
		"--logbase --maxfail",
		OPERAND_NAME},
	{"meson-test", NULL, RUNNER_MESON, "--suite --no-suite", "--list", "-C -t", OPERAND_NAME},
	{"ninja", "test check", RUNNER_NINJA, "", "-n -t", "-C -j -f -k -l -d -w", OPERAND_NOTHING},
	{"pytest", NULL, RUNNER_PYTEST,
		"-k -m --deselect --ignore --ignore-glob --lf --last-failed --ff --sw",
		"--collect-only --co --fixtures --markers",
		"-c -p -n -o -W -r --rootdir --tb --durations --timeout --confcutdir --cov "
		"--import-mode --maxfail --junitxml --color --basetemp",
		OPERAND_FILE},
	{"py.test", NULL, RUNNER_PYTEST, "-k -m --deselect --ignore --ignore-glob",
		"--collect-only --co", "-c -p -n -o -W -r", OPERAND_FILE},
	{"nosetests", NULL, RUNNER_PYTEST, "-e --exclude -a --attr -I --ignore-files",
		"--collect-only", "-w --where -m -c", OPERAND_FILE},
	{"nose", NULL, RUNNER_PYTEST, "-e --exclude -a --attr -I --ignore-files", "--collect-only",
		"-w --where -m -c", OPERAND_FILE},
	{"nose2", NULL, RUNNER_PYTEST, "-A", "", "-s -t -c", OPERAND_NAME},
	{"unittest", NULL, RUNNER_UNITTEST, "-k -p --pattern", "",
		"-s --start-directory -t --top-level-directory", OPERAND_NAME},
	{"stestr", "run", RUNNER_OWN, "--exclude-regex --include-list --exclude-list",
		"--list --no-discover", "--concurrency", OPERAND_NAME},
	{"testtools.run", NULL, RUNNER_OWN, "", "--list -l", "", OPERAND_NOTHING},
	{"twisted.trial", NULL, RUNNER_OWN, "", "-n --dry-run", "", OPERAND_NOTHING},
	{"zope.testrunner", NULL, RUNNER_OWN, "-t --test -m --module", "--list-tests", "",
		OPERAND_NOTHING},
	{"trial", NULL, RUNNER_OWN, "", "-n --dry-run", "", OPERAND_NOTHING},
	{"tox", NULL, RUNNER_PYTEST, "", "-l --listenvs --notest -a --showconfig", "-e -c",
		OPERAND_NOTHING},
	{"prove", NULL, RUNNER_OWN, "", "-V -H -h -D --dry", "-I -j -P -e --exec", OPERAND_FILE},
	{"bats", NULL, RUNNER_OWN, "-f --filter --filter-tags", "-c --count -h -v",
		"-j --jobs -F --formatter", OPERAND_FILE},
	{"kyua", "test", RUNNER_OWN, "", "", "-k -v -c --kyuafile --config", OPERAND_NAME},
	{"runtest", NULL, RUNNER_OWN, "", "-V", "--tool --srcdir --outdir", OPERAND_NAME},
	{"cargo", "test nextest", RUNNER_OWN,
		"--test --bin --bench --example --lib --doc --bins --skip --exclude -p --package",
		"--no-run --list", "--target --features --manifest-path -j --profile --color",
		OPERAND_NAME},
	{"cargo-auto-test", NULL, RUNNER_OWN, "", "--no-run", "", OPERAND_NOTHING},
	{"go", "test", RUNNER_GO, "-run -skip", "-c -list -n",
		"-timeout -tags -count -p -parallel -ldflags -mod -o -exec", OPERAND_NOTHING},
	{"rake", "test spec", RUNNER_OWN, "", "-T -n -P --tasks --dry-run", "-f -I -r",
		OPERAND_NOTHING},
	{"rspec", NULL, RUNNER_OWN, "-e --example -t --tag --exclude-pattern", "--dry-run",
		"-I -r -f --format --pattern -P", OPERAND_FILE},
	{"gem2deb-test-runner", NULL, RUNNER_OWN, "", "", "", OPERAND_NOTHING},
	{"npm", "test", RUNNER_PROJECT, "", "", "", OPERAND_NOTHING},
	{"yarn", "test", RUNNER_PROJECT, "", "", "", OPERAND_NOTHING},
	{"mocha", NULL, RUNNER_OWN, "-g --grep -f --fgrep --exclude --ignore", "--dry-run",
		"-R --reporter --timeout -t -r --require", OPERAND_FILE},
	{"jest", NULL, RUNNER_OWN, "-t --testNamePattern --testPathIgnorePatterns",
		"--listTests --showConfig", "--config -c", OPERAND_NAME},
	{"tape", NULL, RUNNER_OWN, "", "", "-r --require", OPERAND_FILE},
	{"tap", NULL, RUNNER_OWN, "", "", "", OPERAND_FILE},
	{"ava", NULL, RUNNER_OWN, "-m --match", "", "", OPERAND_FILE},
	{"dune", "test runtest", RUNNER_OWN, "", "", "-p -j --profile", OPERAND_NAME},
	{"cabal", "test", RUNNER_OWN, "", "", "", OPERAND_NOTHING},
	{"mvn", "test verify", RUNNER_PROJECT, "", "-DskipTests", "", OPERAND_NOTHING},
	{"gradle", "test check", RUNNER_PROJECT, "", "", "", OPERAND_NOTHING},
	{"ant", "test check tests", RUNNER_PROJECT, "", "", "-f", OPERAND_NOTHING},
	{"phpunit", NULL, RUNNER_OWN, "--filter --group --exclude-group --testsuite",
		"--list-tests --list-groups --list-suites", "-c --configuration --bootstrap",
		OPERAND_FILE},
	{"busted", NULL, RUNNER_OWN, "--filter --filter-out --tags -t --exclude-tags", "-l --list",
		"", OPERAND_FILE},
	{"scons", "test check tests", RUNNER_PROJECT, "", "-n", "", OPERAND_NOTHING},
	{"b2", "test", RUNNER_PROJECT, "", "-n", "", OPERAND_NOTHING},
	{"Build", "test", RUNNER_OWN, "--test_files", "", "", OPERAND_NOTHING},
	{"Setup", "test", RUNNER_OWN, "", "", "", OPERAND_NOTHING},
	{"waf", "test check", RUNNER_PROJECT, "", "", "", OPERAND_NOTHING},
	{"pkgos-dh_auto_test", NULL, RUNNER_OWN, "", "", "", OPERAND_NOTHING},
	{"shunit2", NULL, RUNNER_OWN, "", "", "", OPERAND_NOTHING},
	{"shellspec", NULL, RUNNER_OWN, "-e --example", "--list --dry-run", "", OPERAND_FILE},
	{"nodeunit", NULL, RUNNER_OWN, "-t", "", "", OPERAND_FILE},
	{"gnome-desktop-testing-runner", NULL, RUNNER_OWN, "", "-l --list", "", OPERAND_NOTHING},
	{"ginsttest-runner", NULL, RUNNER_OWN, "", "-l --list", "", OPERAND_NOTHING},
	{"lit", NULL, RUNNER_OWN, "--filter --filter-out", "--show-tests --show-suites",
		"-j --param -D", OPERAND_NOTHING},
};

static bool is_in(const char *list, const char *word, size_t len)
{
	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

/* "pytest-3", "nosetests3", "python3.11" behind the name of a runner. */
static bool is_called(const char *name, const char *program)
{
	size_t len = strlen(program);

	if (strncmp(name, program, len) != 0)
		return false;
	name += len;
	name += *name == '-' && isdigit((unsigned char)name[1]);
	return name[strspn(name, "0123456789.")] == '\0';
}

/* "-R", "--suite=unit": whether an option is one of the list. */
static bool is_option_of(const char *list, const char *word)
{
	return is_in(list, word, strcspn(word, "="));
}

/* The same, or "-ksmoke": a short option with its value behind it. */
static bool is_selecting(const struct runner *runner, const char *word)
{
	if (is_option_of(runner->selects, word))
		return true;
	return runner->kind != RUNNER_GO && runner->kind != RUNNER_CTEST && word[1] != '-' &&
		strlen(word) > 2 && is_in(runner->selects, word, 2);
}

static bool takes_next(const struct runner *runner, const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '=') == NULL &&
		(is_in(runner->valued, word, len) || is_in(runner->selects, word, len));
}

/* Whether a path names one file of tests; a pattern, a variable or a directory may be all. */
static bool is_one_file(const char *word)
{
	const char *name = path_basename(word), *dot = strrchr(name, '.');

	if (strstr(word, "::") != NULL)
		return true;
	return dot != NULL && dot > name && dot[1] != '\0' && strpbrk(word, "*?$\1") == NULL;
}

/* "--suite NAME", "--no-suite=NAME" */
static void suite_read(const char *word, const char *next, struct test_run *run)
{
	const char *equals = strchr(word, '=');

	if (run->kind != RUNNER_MESON)
		return;
	run->suite = run->is_selection ? NULL : equals != NULL ? equals + 1 : next;
	run->is_without_suite = strncmp(word, "--no-suite", 10) == 0;
}

static void operand_read(const struct runner *runner, const char *word, struct test_run *run)
{
	if (runner->kind == RUNNER_GO)
		run->is_selection |= word[0] != '$' && strstr(word, "...") == NULL;
	else if (runner->operand == OPERAND_NAME)
		run->is_selection |=
			!(runner->kind == RUNNER_UNITTEST && strcmp(word, "discover") == 0);
	else if (runner->operand == OPERAND_FILE)
		run->is_selection |= is_one_file(word);
}

/* "ant compile test": of others the first operand is what to do, as in "go build -o test". */
static bool is_any_a_target(const struct runner *runner)
{
	return runner->kind != RUNNER_GO && runner->operand == OPERAND_NOTHING;
}

/* Options that any program has, and that only make it speak. */
static bool is_look(const char *word)
{
	return strcmp(word, "--version") == 0 || strcmp(word, "--help") == 0;
}

bool test_runner_read(char *const *words, size_t count, struct test_run *run)
{
	const struct runner *runner = NULL;
	bool has_word, is_discovering = false;

	*run = (struct test_run){0};
	for (size_t i = 0; i < ARRAY_SIZE(runners) && count > 0 && runner == NULL; i++)
		if (is_called(path_basename(words[0]), runners[i].program))
			runner = &runners[i];
	if (runner == NULL)
		return false;
	run->kind = runner->kind;
	has_word = runner->words == NULL;
	for (size_t i = 1; i < count; i++) {
		const char *word = words[i];

		if (strcmp(word, "--") == 0)
			continue;
		if (word[0] == '-' && word[1] != '\0') {
			run->is_idle |= is_look(word) || is_option_of(runner->idles, word);
			if (is_selecting(runner, word)) {
				suite_read(word, i + 1 < count ? words[i + 1] : NULL, run);
				run->is_selection = true;
			}
			i += takes_next(runner, word);
		} else if (!has_word) {
			has_word = is_in(runner->words, word, strlen(word));
			if (!has_word && !is_any_a_target(runner) && word[0] != '+')
				return false;
		} else {
			is_discovering |= strcmp(word, "discover") == 0;
			/* "discover DIRECTORY" */
			if (!is_discovering)
				operand_read(runner, word, run);
		}
	}
	run->is_runner = has_word;
	return has_word;
}
