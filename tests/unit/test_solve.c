/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive_fixture.h"

/* A real archive of small packages, solved by libsolv and by apt itself. */
static void make_archive(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never; p=plain/debian/pool/main/x\n"
	      "deb $p app 1.0 amd64 'Depends: awk, lib (>= 1.5), second | first, helper:any'\n"
	      "deb $p lib 1.0 amd64; deb $p lib 2.0 amd64 'Source: libsource (2.0-1)'\n"
	      "deb $p notlib 1.0 amd64 'Provides: lib (= 2.0)'\n"
	      "deb $p first 1.0 all; deb $p second 1.0 all 'Recommends: recommended'\n"
	      "deb $p recommended 1.0 all\n"
	      "deb $p helper 1.0 amd64 'Multi-Arch: allowed' 'Pre-Depends: early'\n"
	      "deb $p early 1.0 amd64\n"
	      "deb $p aawk 1.0 amd64 'Provides: awk'\n"
	      "deb $p mawk 1.0 amd64 'Provides: awk' 'Priority: required'\n"
	      "deb $p choosy 1.0 all 'Depends: enemy | first, app'\n"
	      "deb $p enemy 1.0 all 'Conflicts: mawk, aawk'\n"
	      "deb $p clash 1.0 all 'Depends: app' 'Breaks: lib'\n"
	      "deb $p hole 1.0 all 'Depends: absent'\n"
	      "dsc $p app 1.0; indexes plain/debian stable\n"
	      "release plain/debian stable '2025-01-02 03:04:05 UTC' good; mkdir plain/etc\n"
	      "echo \"deb file://$TOP/plain/debian stable main\" >plain/etc/sources.list\n");
}

static struct solution solution;

static enum status solve(const char *words)
{
	struct text_list packages = {0};
	enum status status;

	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		text_list_addn(&packages, at, len);
		at += len;
	}
	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	status = snapshot_solve(store, &pins, "amd64", &packages, &solution, &err);
	text_list_release(&packages);
	return status;
}

/* "name version, …" of the solution; the caller frees. */
static char *solved(void)
{
	struct buffer text = {0};

	for (size_t i = 0; i < solution.count; i++)
		buffer_add_format(&text, "%s%s %s", i ? ", " : "", solution.packages[i].name,
			solution.packages[i].version);
	return buffer_detach(&text);
}

static const struct {
	const char *packages;
	const char *expected;
} closures[] = {
	{"lib", "lib 2.0"},
	{"lib=1.0", "lib 1.0"},
	{"lib:amd64", "lib 2.0"},
	{"lib:amd64=1.0", "lib 1.0"},
	{"first:amd64", "first 1.0"},
	{"first:all", "first 1.0"},
	{"helper", "early 1.0, helper 1.0"},
	{"second", "second 1.0"},
	{"app", "app 1.0, early 1.0, helper 1.0, lib 2.0, mawk 1.0, second 1.0"},
	{"app first", "app 1.0, early 1.0, first 1.0, helper 1.0, lib 2.0, mawk 1.0"},
	{"app aawk", "aawk 1.0, app 1.0, early 1.0, helper 1.0, lib 2.0, second 1.0"},
};

START_TEST(test_closure)
{
	enum status status = solve(closures[_i].packages);
	char *text;

	ck_assert_msg(status == STATUS_OK, "%s: %s", closures[_i].packages, err.text);
	text = solved();
	ck_assert_str_eq(text, closures[_i].expected);
	free(text);
	solution_release(&solution);
}
END_TEST

START_TEST(test_package_is_described)
{
	const struct solved_package *package;
	struct digest digest;
	uint64_t size;
	char *path;

	ck_assert_msg(solve("lib") == STATUS_OK, "%s", err.text);
	package = &solution.packages[0];
	ck_assert_str_eq(package->source, "libsource");
	ck_assert_str_eq(package->source_version, "2.0-1");
	ck_assert_str_eq(package->architecture, "amd64");
	ck_assert_str_eq(package->archive, "debian");
	ck_assert_str_eq(package->path, "pool/main/x/lib_2.0_amd64.deb");
	path = xasprintf("%s/plain/debian/%s", top, package->path);
	ck_assert_int_eq(hash_file(path, &digest, &size, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &package->digest));
	ck_assert_uint_eq(package->size, size);
	free(path);
	solution_release(&solution);
}
END_TEST

static const struct {
	const char *packages;
	enum status expected;
	const char *says;
} refusals[] = {
	{"absent", STATUS_NOT_FOUND, "absent"},
	{"awk", STATUS_NOT_FOUND, "awk"},
	{"lib=3.0", STATUS_NOT_FOUND, "lib=3.0"},
	{"lib:i386", STATUS_NOT_FOUND, "lib:i386: the packages are solved for amd64 alone"},
	{"lib:i386=1.0", STATUS_NOT_FOUND, "lib:i386=1.0"},
	{"lib:amd", STATUS_NOT_FOUND, "lib:amd"},
	{"lib:", STATUS_NOT_FOUND, "lib:"},
	{"lib:all", STATUS_NOT_FOUND, "lib:all"},
	{"clash", STATUS_CONFLICT, "clash"},
	{"hole", STATUS_CONFLICT, "absent"},
	{"mawk enemy", STATUS_CONFLICT, "enemy"},
};

START_TEST(test_unsolvable)
{
	enum status status = solve(refusals[_i].packages);

	ck_assert_msg(status == refusals[_i].expected, "%s: %d: %s", refusals[_i].packages, status,
		err.text);
	ck_assert_msg(strstr(err.text, refusals[_i].says), "%s", err.text);
	ck_assert_uint_eq(solution.count, 0);
}
END_TEST

/* What apt cannot do in one go, going back on a first choice, is still solved. */
START_TEST(test_first_alternative_may_not_do)
{
	char *text;

	ck_assert_msg(solve("choosy") == STATUS_OK, "%s", err.text);
	text = solved();
	ck_assert_ptr_nonnull(strstr(text, "first 1.0"));
	ck_assert_ptr_null(strstr(text, "enemy"));
	free(text);
	solution_release(&solution);
}
END_TEST

START_TEST(test_other_architecture_is_not_found)
{
	struct text_list packages = {0};

	text_list_add(&packages, "lib");
	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(snapshot_solve(store, &pins, "armhf", &packages, &solution, &err),
		STATUS_NOT_FOUND);
	text_list_release(&packages);
}
END_TEST

START_TEST(test_apt_chooses_the_same)
{
	char *ours, *theirs, *script, *path;
	size_t len;

	ck_assert_msg(solve(closures[_i].packages) == STATUS_OK, "%s", err.text);
	ours = solved();
	script = xasprintf(
		"mkdir -p apt/lists/partial apt/cache/archives/partial\n"
		"echo \"deb [signed-by=$TOP/good.gpg] file://$TOP/plain/debian stable main\" "
		">apt/sources.list\n"
		"apt=\"apt-get -qq -o Dir::Etc::SourceList=$TOP/apt/sources.list"
		" -o Dir::Etc::SourceParts=/dev/null -o Dir::State=$TOP/apt"
		" -o Dir::State::Lists=$TOP/apt/lists -o Dir::State::status=/dev/null"
		" -o Dir::Cache=$TOP/apt/cache -o APT::Architecture=amd64"
		" -o APT::Architectures=amd64 -o APT::Sandbox::User=root\"\n"
		"[ -e apt/updated ] || $apt update 2>>gpg.log; touch apt/updated\n"
		"$apt -s install --no-install-recommends %s | sed -n 's/^Inst \\([^ ]*\\) "
		"(\\([^ ]*\\) .*/\\1 \\2/p' | sort | paste -sd, | sed 's/,/, /g' | tr -d '\\n' "
		">apt/result",
		closures[_i].packages);
	shell(script);
	path = in_top("apt/result");
	ck_assert_int_eq(path_read_file(path, 1 << 20, &theirs, &len, &err), STATUS_OK);
	ck_assert_str_eq(ours, theirs);
	free(ours);
	free(theirs);
	free(script);
	free(path);
	solution_release(&solution);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("solve");
	TCase *tests = tcase_create("solve");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archive, remove_top);
	tcase_add_checked_fixture(tests, open_session, close_session);
	tcase_add_loop_test(tests, test_closure, 0, (int)ARRAY_SIZE(closures));
	tcase_add_test(tests, test_package_is_described);
	tcase_add_loop_test(tests, test_unsolvable, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_test(tests, test_first_alternative_may_not_do);
	tcase_add_test(tests, test_other_architecture_is_not_found);
	tcase_add_loop_test(tests, test_apt_chooses_the_same, 0, (int)ARRAY_SIZE(closures));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
