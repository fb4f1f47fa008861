/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive_fixture.h"

/* What a list needs and by which relationships, of a real archive of small packages. */
static void make_archive(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never; p=plain/debian/pool/main/x\n"
	      "deb $p app 1.0 amd64 'Installed-Size: 120' "
	      "'Depends: awk, lib (>= 1.5), second | first, helper:any' "
	      "'Pre-Depends: early (= 1.0)' 'Recommends: nice | other'\n"
	      "deb $p lib 1.0 amd64; deb $p lib 2.0 amd64 'Installed-Size: 7'\n"
	      "deb $p first 1.0 all; deb $p second 1.0 all; deb $p nice 1.0 all\n"
	      "deb $p helper 1.0 amd64 'Multi-Arch: allowed'; deb $p early 1.0 amd64\n"
	      "deb $p aawk 1.0 amd64 'Provides: awk'\n"
	      "deb $p mawk 1.0 amd64 'Provides: awk' 'Priority: required'\n"
	      "deb $p clash 1.0 all 'Depends: app' 'Breaks: lib'\n"
	      "deb $p clash 0.9 all 'Depends: app' 'Breaks: lib'\n"
	      "deb $p hole 1.0 all 'Depends: absent'\n"
	      "deb $p gap 1.0 all 'Depends: lib (>= 3)'\n"
	      "deb $p sole 1.0 all 'Provides: alone'\n"
	      "dsc $p app 1.0; indexes plain/debian stable\n"
	      "release plain/debian stable '2025-01-02 03:04:05 UTC' good; mkdir plain/etc\n"
	      "echo \"deb file://$TOP/plain/debian stable main\" >plain/etc/sources.list\n");
}

static struct package_pool *pool;
static struct needs needs;
static struct asked asked[8];
static size_t count;

static void open_pool(void)
{
	open_session();
	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	ck_assert_msg(
		package_pool_open(store, &pins, "amd64", &pool, &err) == STATUS_OK, "%s", err.text);
}

static void close_pool(void)
{
	for (size_t i = 0; i < count; i++)
		asked_release(&asked[i]);
	needs_release(&needs);
	package_pool_free(pool);
	close_session();
}

static void ask(const char *name, const char *version, bool is_first_out)
{
	asked[count++] =
		(struct asked){.name = name, .version = version, .is_first_out = is_first_out};
}

static void solve(bool has_recommends)
{
	ck_assert_msg(
		package_pool_needs(pool, asked, count, has_recommends, &needs, &err) == STATUS_OK,
		"%s", err.text);
}

static const char *name_of(size_t package)
{
	return needs.solution.packages[package].name;
}

/* "from field relation -> to" of each, with "(provided)", "(of …)" and "(passing)". */
static char *told(void)
{
	struct buffer text = {0};

	for (size_t i = 0; i < needs.count; i++) {
		const struct need *need = &needs.items[i];

		buffer_add_format(&text, "%s %s %s -> %s", name_of(need->from),
			need_field_names[need->field], need->relation, name_of(need->to));
		if (strcmp(need->relation, need->alternative) != 0)
			buffer_add_format(&text, " (of %s)", need->alternative);
		buffer_add_text(&text, need->is_provided ? " (provided)" : "");
		buffer_add_text(&text, need->is_first ? "\n" : " (passing)\n");
	}
	return buffer_detach(&text);
}

static void told_is(const char *expected)
{
	char *text = told();

	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(each_relationship_leads_to_what_was_chosen)
{
	ask("app", NULL, false);
	solve(false);
	told_is("app Pre-Depends early (= 1.0) -> early\n"
		"app Depends awk -> mawk (provided)\n"
		"app Depends lib (>= 1.5) -> lib\n"
		"app Depends second | first -> second (of second)\n"
		"app Depends helper:any -> helper\n");
	ck_assert_uint_eq(asked[0].package, 0);
	ck_assert_uint_eq(needs.solution.packages[0].installed_kib, 120);
	ck_assert_uint_eq(needs.solution.packages[1].installed_kib, 0);
	ck_assert_str_eq(needs.solution.packages[3].name, "lib");
	ck_assert_uint_eq(needs.solution.packages[3].installed_kib, 7);
	ck_assert_uint_ne(needs.solution.packages[3].size, 0);
}
END_TEST

START_TEST(what_is_satisfied_in_passing_says_so)
{
	ask("app", NULL, false);
	ask("first", NULL, false);
	ask("second", NULL, false);
	ask("aawk", NULL, false);
	ask("mawk", NULL, false);
	solve(false);
	told_is("app Pre-Depends early (= 1.0) -> early\n"
		"app Depends awk -> aawk (provided)\n"
		"app Depends awk -> mawk (provided) (passing)\n"
		"app Depends lib (>= 1.5) -> lib\n"
		"app Depends second | first -> first (of first) (passing)\n"
		"app Depends second | first -> second (of second)\n"
		"app Depends helper:any -> helper\n");
}
END_TEST

START_TEST(recommends_are_followed_when_asked)
{
	char *text;

	ask("app", NULL, false);
	solve(true);
	text = told();
	ck_assert_ptr_nonnull(strstr(text, "app Recommends nice | other -> nice (of nice)\n"));
	free(text);
}
END_TEST

static bool has_reason(const struct asked *of, const char *part)
{
	for (size_t i = 0; i < of->reasons.count; i++)
		if (strstr(of->reasons.items[i], part))
			return true;
	return false;
}

/* What is not there, or not alone, is named with its reason, and the rest is solved. */
static const struct {
	const char *name, *version;
	enum asked_state state;
	bool is_followed;
	const char *reason;
} lone[] = {
	{"lib", NULL, ASKED_FOUND, true, NULL},
	{"lib", "1.0", ASKED_FOUND, true, NULL},
	{"alone", NULL, ASKED_PROVIDED, true, "called alone: it is met by sole, which provides it"},
	{"alone", "7", ASKED_PROVIDED, true, "called alone: it is met by sole, which provides it"},
	{"alone", "1.0", ASKED_PROVIDED, true, "called alone: it is met by sole"},
	{"lib", "9", ASKED_OTHER_VERSION, true,
		"no package of the pins is lib=9: they have 2.0, 1.0"},
	{"absent", NULL, ASKED_UNKNOWN, false, "no package of the pins is called absent"},
	{"awk", NULL, ASKED_AMBIGUOUS, false, "2 provide it: name one of them (aawk, mawk)"},
	{"hole", NULL, ASKED_UNSATISFIABLE, false,
		"hole 1.0 depends on absent, which no package of the pins is or provides"},
	{"gap", NULL, ASKED_UNSATISFIABLE, false,
		"gap 1.0 depends on lib (>= 3), of which the pins have 2.0, 1.0"},
	{"clash", NULL, ASKED_UNSATISFIABLE, false,
		"clash 1.0 conflicts with or breaks lib, which lib 2.0 is"},
};

START_TEST(what_cannot_be_had_has_its_reason)
{
	ask(lone[_i].name, lone[_i].version, false);
	ask("early", NULL, false);
	solve(false);
	ck_assert_msg(asked[0].state == lone[_i].state, "%s: %s", lone[_i].name,
		asked_state_word(asked[0].state));
	ck_assert_int_eq(asked[0].package != NO_PACKAGE, lone[_i].is_followed);
	ck_assert_int_eq(asked[0].reasons.count > 0, lone[_i].reason != NULL);
	if (lone[_i].reason)
		ck_assert_msg(has_reason(&asked[0], lone[_i].reason), "%s: %s", lone[_i].name,
			asked[0].reasons.items[0]);
	if (lone[_i].state == ASKED_UNSATISFIABLE)
		ck_assert_msg(has_reason(&asked[0], "leave out "), "%s", lone[_i].name);
	/* Of an older version that is as bad nothing is said. */
	ck_assert(!has_reason(&asked[0], "clash 0.9"));
	ck_assert_int_eq(asked[1].state, ASKED_FOUND);
	ck_assert_str_eq(name_of(asked[1].package), "early");
}
END_TEST

/* Of two that exclude each other the one that was there stays. */
START_TEST(what_is_new_gives_way)
{
	bool is_first_new = _i == 1;

	ask("mawk", NULL, false);
	ask("lib", "1.0", is_first_new);
	ask("app", NULL, !is_first_new);
	solve(false);
	ck_assert_int_eq(asked[0].state, ASKED_FOUND);
	ck_assert_int_eq(asked[1].state, is_first_new ? ASKED_UNSATISFIABLE : ASKED_FOUND);
	ck_assert_int_eq(asked[2].state, is_first_new ? ASKED_FOUND : ASKED_UNSATISFIABLE);
	ck_assert(has_reason(&asked[is_first_new ? 1 : 2], "lib (= 1.0) is asked for"));
	ck_assert(has_reason(&asked[is_first_new ? 1 : 2],
			  "leave out app, or leave out lib (= 1.0)") ||
		has_reason(
			&asked[is_first_new ? 1 : 2], "leave out lib (= 1.0), or leave out app"));
}
END_TEST

START_TEST(nothing_left_is_an_empty_solution)
{
	ask("hole", NULL, false);
	solve(false);
	ck_assert_uint_eq(needs.solution.count, 0);
	ck_assert_uint_eq(needs.count, 0);
	ck_assert(package_pool_has(pool, "hole"));
	ck_assert(!package_pool_has(pool, "awk"));
	ck_assert(!package_pool_has(pool, "absent"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("needs");
	TCase *tests = tcase_create("needs");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archive, remove_top);
	tcase_add_checked_fixture(tests, open_pool, close_pool);
	tcase_add_test(tests, each_relationship_leads_to_what_was_chosen);
	tcase_add_test(tests, what_is_satisfied_in_passing_says_so);
	tcase_add_test(tests, recommends_are_followed_when_asked);
	tcase_add_loop_test(tests, what_cannot_be_had_has_its_reason, 0, (int)ARRAY_SIZE(lone));
	tcase_add_loop_test(tests, what_is_new_gives_way, 0, 2);
	tcase_add_test(tests, nothing_left_is_an_empty_solution);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
