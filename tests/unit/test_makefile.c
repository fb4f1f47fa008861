/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/makefile.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct makefile makefile;
static struct text_list arch_packages, indep_packages;

static const char *find(void *context, const char *path, size_t *len)
{
	static const char included[] = "INCLUDED = from $(WHERE)\nextra:\n\tin extra\n";

	(void)context;
	*len = strlen(included);
	return strcmp(path, "debian/extra.mk") == 0 ? included : NULL;
}

static void read_text(const char *text)
{
	struct makefile_given given = {
		.architecture = "amd64",
		.arch_packages = &arch_packages,
		.indep_packages = &indep_packages,
		.find = find,
	};

	makefile_release(&makefile);
	makefile_read(&makefile, &given, "debian/rules", text, strlen(text));
}

static void setup(void)
{
	text_list_add(&arch_packages, "libfoo1");
	text_list_add(&arch_packages, "foo");
	text_list_add(&indep_packages, "foo-doc");
}

static void teardown(void)
{
	makefile_release(&makefile);
	text_list_release(&arch_packages);
	text_list_release(&indep_packages);
}

/* MAKEFILE_UNKNOWN is written as `?` here. */
static void expect_expands(const char *text, const char *target, const char *expected)
{
	struct buffer out = {0};

	makefile_expand(&makefile, text, target, &out);
	for (size_t i = 0; i < out.len; i++) {
		if (out.data[i] == MAKEFILE_UNKNOWN)
			out.data[i] = '?';
	}
	ck_assert_msg(strcmp(buffer_text(&out), expected) == 0, "%s: '%s', not '%s'", text,
		buffer_text(&out), expected);
	buffer_release(&out);
}

/* All recipe lines of a target as "line:text" with a `?` where they are under a condition. */
static void expect_recipe(const char *target, const char *expected)
{
	const struct makefile_rule *rule = NULL;
	struct buffer out = {0};

	while ((rule = makefile_rule_of(&makefile, target, rule)) != NULL) {
		for (size_t i = 0; i < rule->line_count; i++)
			buffer_add_format(&out, "%s%zu:%s%s\n", rule->condition >= 0 ? "(?)" : "",
				rule->lines[i].line, rule->lines[i].condition >= 0 ? "?" : "",
				rule->lines[i].text);
	}
	ck_assert_str_eq(buffer_text(&out), expected);
	buffer_release(&out);
}

START_TEST(lines_are_continued_and_keep_their_numbers)
{
	read_text("A = one \\\n   two\\\n\tthree # not this\nB = a\\#b\n"
		  "t: p1 \\\n p2\n\techo a \\\n\t\tb # stays\n\techo c\n");
	expect_expands("$(A)|$(B)", NULL, "one two three|a#b");
	expect_recipe("t", "7:echo a \\\n\t\tb # stays\n9:echo c\n");
	ck_assert_uint_eq(makefile.rules[0].prerequisites.count, 2);
	ck_assert_uint_eq(makefile.rules[0].line, 5);
	ck_assert_str_eq(makefile.rules[0].prerequisites.items[1], "p2");
}
END_TEST

START_TEST(variables_have_their_flavours)
{
	read_text("A = $(X)\nX = 1\nB := $(X)\nX = 2\nC ?= kept\nC ?= lost\nA += tail\n"
		  "override D = hard\nD = soft\nexport E := ex\nF = f\nexport F\nG ::= g\n"
		  "D += more\nH=\nH?=no\n");
	expect_expands("$(A) $(B) $(C) ${D} $E $G|$(H)|$(NOTHING)|$$x", NULL,
		"2 tail 1 kept hard ex g|||$x");
	ck_assert(makefile_variable(&makefile, "E", NULL)->is_exported);
	ck_assert(makefile_variable(&makefile, "F", NULL)->is_exported);
	ck_assert(!makefile_variable(&makefile, "A", NULL)->is_exported);
}
END_TEST

START_TEST(a_target_has_variables_of_its_own)
{
	read_text("V = all\none two: V = own\none: V += more\n%-x: V := pattern\none:\n\t$(V)\n");
	expect_expands("$(V)", "one", "own more");
	expect_expands("$(V)", "two", "own");
	expect_expands("$(V)", "a-x", "pattern");
	expect_expands("$(V)", "three", "all");
	expect_expands("$(V) $@", NULL, "all ?");
	expect_expands("$@ $*", "t", "t ?");
}
END_TEST

START_TEST(conditionals_are_decided_by_what_is_known)
{
	read_text("ifeq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\nA = check\nelse\nA = no\nendif\n"
		  "ifneq ($(DEB_HOST_ARCH), amd64)\nB = other\nelse ifeq "
		  "($(DEB_HOST_ARCH_OS),linux)\n"
		  "B = linux\nelse\nB = none\nendif\n"
		  "ifdef NOTHING\nC = set\nelse\nC = unset\nendif\nifndef NOTHING\nD = yes\nendif\n"
		  "ifeq \"$(A)\" 'check'\nE = yes\nendif\n"
		  "ifeq ($(DEB_BUILD_GNU_TYPE),$(DEB_HOST_GNU_TYPE))\nF = native\nendif\n"
		  "ifneq (,$(findstring arm,$(DEB_HOST_ARCH)))\n F = arm\nendif\n");
	expect_expands("$(A) $(B) $(C) $(D) $(E) $(F)", NULL, "check linux unset yes yes native");
	ck_assert_uint_eq(makefile.condition_count, 0);
}
END_TEST

START_TEST(what_is_not_decided_is_kept_with_its_condition)
{
	read_text(
		"ifeq ($(shell uname),Linux)\nA = 1\nt:\n\tin if\nelse\nt:\n\tin else\nendif\n"
		"u:\n\tbefore\nifneq ($(wildcard x),)\n\tinside\nelse\n\toutside\nendif\n\tafter\n"
		"ifeq (a,a)\nv:\n\tsure\nifdef A\n\tmaybe\nendif\nendif\n");
	expect_expands("$(A)", NULL, "?");
	expect_recipe("t", "(?)4:?in if\n(?)7:?in else\n");
	expect_recipe("u", "10:before\n12:?inside\n14:?outside\n16:after\n");
	expect_recipe("v", "19:sure\n21:?maybe\n");
	ck_assert_str_eq(makefile.conditions[0].text, "ifeq ($(shell uname),Linux)");
	ck_assert_uint_eq(makefile.conditions[0].line, 1);
	ck_assert_str_eq(makefile.conditions[1].text, "else of ifeq ($(shell uname),Linux)");
}
END_TEST

START_TEST(branches_that_are_not_taken_are_gone_with_all_inside)
{
	read_text("ifeq (a,b)\nt:\n\tno\nifeq (a,a)\nA = no\nt:\n\tno\nelse\nA = no\nendif\ndefine "
		  "X\n"
		  "endif\nendef\nelse\nA = yes\nendif\n");
	expect_expands("$(A)$(X)", NULL, "yes");
	ck_assert_ptr_null(makefile_rule_of(&makefile, "t", NULL));
}
END_TEST

START_TEST(functions_do_what_make_does)
{
	static const char *const cases[][2] = {
		{"$(filter a% c,ab b c)", "ab c"},
		{"$(filter-out a%,ab b c)", "b c"},
		{"$(findstring b,abc)$(findstring x,abc)", "b"},
		{"$(subst ee,EE,feet on)", "fEEt on"},
		{"$(patsubst %.c,%.o,a.c b.h)", "a.o b.h"},
		{"$(L:.c=.o) $(L:%.c=x-%)", "a.o b.o x-a x-b"},
		{"[$(strip  a   b )]", "[a b]"},
		{"$(sort b a b)", "a b"},
		{"$(word 2,a b c) $(words a b) $(firstword a b) $(lastword a b)", "b 2 a b"},
		{"$(addprefix x-,a b) $(addsuffix .c,a)", "x-a x-b a.c"},
		{"$(notdir a/b c) $(dir a/b) $(basename a/b.c d)", "b c a/ a/b d"},
		{"$(if a,yes,no)$(if ,yes,no)$(if  ,yes)", "yesno"},
		{"$(or ,b,c) [$(and a,,c)] $(and a,b)", "b [] b"},
		{"$(foreach v,a b,<$(v)>)", "<a> <b>"},
		{"$(call F,one,two)", "two-one-"},
		{"$(call F,one)", "-one-"},
		{"$(value L2)", "$(L)"},
		{"$(shell dpkg-architecture -qDEB_HOST_ARCH)", "amd64"},
		{"$(shell dpkg-architecture -q DEB_BUILD_MULTIARCH)", "x86_64-linux-gnu"},
		{"$(shell dh_listpackages)", "libfoo1 foo foo-doc"},
		{"$(shell dh_listpackages -i)", "foo-doc"},
		{"[$(shell dpkg-vendor --derives-from Ubuntu && echo yes)]", "[]"},
		{"$(shell dpkg-vendor --is debian && echo yes)", "yes"},
		{"$(shell rm -rf /)$(wildcard *)", "??"},
		{"$(filter a,$(shell x) a)", "? a"},
		{"$(if $(shell x),y,n)", "?"},
		{"$(if $(filter nocheck,$(DEB_BUILD_OPTIONS)),,$(MAKE) check)", "make check"},
		{"$(nofunction a,b)", ""},
		{"$(DEB_HOST_ARCH_BITS) $(DEB_HOST_NONSENSE)", "64 "},
		{"a$", "a$"},
		{"$(a", "?"},
	};

	read_text("L = a.c b.c\nL2 = $(L)\nF = $(2)-$(1)-$(3)\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_expands(cases[i][0], NULL, cases[i][1]);
}
END_TEST

START_TEST(rules_have_all_their_forms)
{
	read_text("a b: c | d\n\tboth\nx:: one\n\tfirst\nx:: two\n\tsecond\n%: ; dh $@\n"
		  "lib-a lib-b: lib-%: %.src\n\tstatic $*\nempty: ;\nnone:\n.ONESHELL:\n"
		  "build-%: %-stamp\n\tpattern\n");
	expect_recipe("a", "2:both\n");
	expect_recipe("b", "2:both\n");
	expect_recipe("x", "4:first\n6:second\n");
	ck_assert(makefile.rules[1].is_double_colon);
	ck_assert_uint_eq(makefile.rules[0].prerequisites.count, 2);
	ck_assert_str_eq(makefile_rule_of(&makefile, "lib-a", NULL)->pattern, "lib-%");
	ck_assert_str_eq(
		makefile_rule_of(&makefile, "lib-a", NULL)->prerequisites.items[0], "%.src");
	ck_assert(makefile_rule_of(&makefile, "empty", NULL)->has_recipe);
	ck_assert(!makefile_rule_of(&makefile, "none", NULL)->has_recipe);
	ck_assert(makefile.is_oneshell);
	/* The first pattern that fits, for what no rule names. */
	expect_recipe("anything", "7: dh $@\n");
}
END_TEST

START_TEST(defines_are_variables_and_canned_recipes)
{
	read_text("define run\n\techo one\n\techo two $(1)\nendef\n"
		  "define rule\n$(1)-check:\n\trun $(1)\nendef\n"
		  "$(foreach t,a b,$(eval $(call rule,$(t))))\n$(eval V := evaluated)\n"
		  "define outer\ndefine inner\nx\nendef\nendef\n"
		  "override define O =\nfixed\nendef\nO = other\nt:\n\t$(call run,x)\n");
	expect_expands("$(call run,x)", NULL, "\techo one\n\techo two x");
	expect_expands("$(V) $(O)", NULL, "evaluated fixed");
	expect_expands("$(outer)", NULL, "define inner\nx\nendef");
	ck_assert_ptr_nonnull(makefile_rule_of(&makefile, "a-check", NULL));
	ck_assert_ptr_nonnull(makefile_rule_of(&makefile, "b-check", NULL));
	ck_assert_str_eq(makefile_rule_of(&makefile, "b-check", NULL)->lines[0].text, "run b");
	ck_assert_uint_eq(makefile_rule_of(&makefile, "b-check", NULL)->line, 9);
}
END_TEST

START_TEST(includes_are_read_or_said)
{
	read_text("WHERE = rules\ninclude $(CURDIR)/debian/extra.mk\n"
		  "-include debian/none.mk\ninclude /usr/share/dpkg/default.mk debian/$(shell x)\n"
		  "after:\n\tx\n");
	expect_expands("$(INCLUDED)", NULL, "from rules");
	expect_recipe("extra", "3:in extra\n");
	ck_assert_str_eq(makefile_rule_of(&makefile, "extra", NULL)->file, "debian/extra.mk");
	ck_assert_uint_eq(makefile.include_count, 4);
	ck_assert(makefile.includes[0].was_read);
	ck_assert(makefile.includes[1].is_optional && !makefile.includes[1].was_read);
	ck_assert_str_eq(makefile.includes[2].path, "/usr/share/dpkg/default.mk");
	ck_assert_uint_eq(makefile.includes[2].line, 4);
	expect_recipe("after", "6:x\n");
}
END_TEST

START_TEST(a_recipe_ends_where_make_ends_it)
{
	read_text("t:\n\tone\n\n# comment\n\ttwo\nifdef NOTHING\nendif\n\tthree\nV = 1\n\tW = 2\n"
		  "u: t\n\tW = shell\n");
	expect_recipe("t", "2:one\n5:two\n8:three\n");
	expect_expands("$(V)$(W)", NULL, "12");
	expect_recipe("u", "12:W = shell\n");
}
END_TEST

/* What grows without end ends in something unknown, soon, and says so. */
START_TEST(hostile_texts_are_bounded)
{
	struct buffer text = {0};

	read_text("A = $(A) $(A)\nB := $(A)\nt: $(A)\n\t$(A)\n");
	ck_assert_ptr_nonnull(
		strchr(makefile_variable(&makefile, "B", NULL)->value, MAKEFILE_UNKNOWN));
	ck_assert_ptr_nonnull(makefile.trouble);

	buffer_add_text(&text, "A0 = 0123456789\n");
	for (int i = 1; i < 40; i++)
		buffer_add_format(&text, "A%d = $(A%d)$(A%d)$(A%d)\n", i, i - 1, i - 1, i - 1);
	buffer_add_text(&text, "B := $(A39)\nC = $(subst 0,$(A20),$(A20))\nt: $(C)\n");
	read_text(buffer_text(&text));
	ck_assert_uint_lt(strlen(makefile_variable(&makefile, "B", NULL)->value), 4u << 20);
	ck_assert_ptr_nonnull(makefile.trouble);

	buffer_clear(&text);
	for (int i = 0; i < 500; i++)
		buffer_add_text(&text, "ifeq ($(shell x),y)\n");
	buffer_add_text(&text, "t:\n\tdeep\n");
	for (int i = 0; i < 500; i++)
		buffer_add_text(&text, "endif\n");
	buffer_add_text(&text, "u:\n\tshallow\n");
	read_text(buffer_text(&text));
	ck_assert_ptr_nonnull(makefile.trouble);
	expect_recipe("u", "1004:shallow\n");

	buffer_clear(&text);
	for (int i = 0; i < 20000; i++)
		buffer_add_text(&text, "$(");
	read_text(buffer_text(&text));
	read_text("include debian/loop.mk\ndefine X\nnever ends");
	ck_assert_ptr_nonnull(makefile.trouble);
	read_text("define E\n$(eval $(call E))\nendef\n$(eval $(call E))\n");
	read_text("X = $(eval X += $$(X))$(X)\nY := $(X)\n");
	read_text("");
	read_text("\t");
	read_text(":\n=\n:=\n+=\n: :\nelse\nendif\nendef\n");
	buffer_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("makefile");
	TCase *tcase = tcase_create("makefile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lines_are_continued_and_keep_their_numbers);
	tcase_add_test(tcase, variables_have_their_flavours);
	tcase_add_test(tcase, a_target_has_variables_of_its_own);
	tcase_add_test(tcase, conditionals_are_decided_by_what_is_known);
	tcase_add_test(tcase, what_is_not_decided_is_kept_with_its_condition);
	tcase_add_test(tcase, branches_that_are_not_taken_are_gone_with_all_inside);
	tcase_add_test(tcase, functions_do_what_make_does);
	tcase_add_test(tcase, rules_have_all_their_forms);
	tcase_add_test(tcase, defines_are_variables_and_canned_recipes);
	tcase_add_test(tcase, includes_are_read_or_said);
	tcase_add_test(tcase, a_recipe_ends_where_make_ends_it);
	tcase_add_test(tcase, hostile_texts_are_bounded);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
