/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"
#include "snapshot/apt_sources.h"
#include "snapshot/snapshot.h"

static char *etc_apt;
static struct place_list places;
static struct error err;

static void set_up(void)
{
	char *path;

	err = (struct error){0};
	ck_assert_int_eq(tempfile_directory(&etc_apt, &err), STATUS_OK);
	path = path_join(etc_apt, "sources.list.d");
	ck_assert_int_eq(path_make_directories(path, 0700, &err), STATUS_OK);
	free(path);
}

static void tear_down(void)
{
	place_list_release(&places);
	path_remove_tree(etc_apt, &err);
	free(etc_apt);
}

static void put(const char *name, const char *text)
{
	char *path = path_join(etc_apt, name);

	ck_assert_int_eq(tempfile_write_all(path, text, strlen(text), 0644, &err), STATUS_OK);
	free(path);
}

static void assert_place(size_t index, const char *archive, const char *url)
{
	ck_assert_uint_lt(index, places.count);
	ck_assert_str_eq(places.items[index].archive, archive);
	ck_assert_str_eq(places.items[index].url, url);
}

static void read_apt(void)
{
	ck_assert_msg(place_list_add_apt(&places, etc_apt, &err) == STATUS_OK, "%s", err.text);
}

static const struct {
	const char *option, *archive, *url;
} good_options[] = {
	{"http://a.example/debian", "debian", "http://a.example/debian"},
	{"http://a.example/debian/", "debian", "http://a.example/debian"},
	{"HTTPS://a.example/pub/debian-security//", "debian-security",
		"https://a.example/pub/debian-security"},
	{"debian=http://a.example", "debian", "http://a.example"},
	{"debian=http://a.example/", "debian", "http://a.example"},
	{"debian=http://a.example:8080/x=y", "debian", "http://a.example:8080/x=y"},
	{"file:///srv/debian", "debian", "file:///srv/debian"},
	{"file:/srv/debian", "debian", "file:///srv/debian"},
	{"http://u:p@a.example/debian", "debian", "http://u:p@a.example/debian"},
	{"http://s.example/archive/debian/20250520T000000Z/", "debian",
		"http://s.example/archive/debian/20250520T000000Z"},
	{"http://[::1]:3142/a.example/debian", "debian", "http://[::1]:3142/a.example/debian"},
};

START_TEST(takes_an_option)
{
	ck_assert_msg(place_list_add_option(&places, good_options[_i].option, &err) == STATUS_OK,
		"%s", err.text);
	assert_place(0, good_options[_i].archive, good_options[_i].url);
}
END_TEST

static const char *const bad_options[] = {
	"",
	"debian",
	"debian=",
	"=http://a.example/debian",
	"http://",
	"http:///debian",
	"http://a.example",
	"http://a.example/",
	"ftp://a.example/debian",
	"debian=ftp://a.example/debian",
	"../x=http://a.example/debian",
	"a/b=http://a.example/debian",
	"http://a.example/debian?x=y",
	"http://a.example/debian#x",
	"http://a.example/deb ian",
	"http://a.example/deb\nian",
	"http://a.example/..",
	"file://host/srv/debian",
	"gopher:debian",
};

START_TEST(refuses_an_option)
{
	ck_assert_int_eq(place_list_add_option(&places, bad_options[_i], &err), STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "--mirror"));
	ck_assert_uint_eq(places.count, 0);
}
END_TEST

START_TEST(never_prints_a_password)
{
	ck_assert_int_eq(
		place_list_add_option(&places, "http://me:secret@a.example/", &err), STATUS_USAGE);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_int_eq(place_list_add_option(&places, "ftp://me:secret@a.example/debian", &err),
		STATUS_USAGE);
	ck_assert_ptr_null(strstr(err.text, "secret"));
}
END_TEST

START_TEST(lists_a_place_once)
{
	place_list_add(&places, "debian", "http://a.example/debian");
	place_list_add(&places, "debian", "http://a.example/debian/");
	place_list_add(&places, "other", "http://a.example/debian");
	ck_assert_uint_eq(places.count, 2);
}
END_TEST

START_TEST(reads_one_line_sources)
{
	put("sources.list",
		"# deb http://commented.example/debian bookworm main\n"
		"\n"
		"deb http://a.example/debian bookworm main contrib # why\n"
		"deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/x.gpg ] "
		"https://b.example/debian-security/ bookworm-security main\n"
		"\tdeb-src [trusted=yes]  http://c.example/debian bookworm main\n"
		"deb [enabled=no] http://on.example/debian bookworm main\n"
		"deb cdrom:[Debian_12]/ bookworm main\n"
		"deb copy:/srv/debian bookworm main\n"
		"deb mirror+file:/etc/apt/mirrors.txt bookworm main\n"
		"deb mirror://m.example/list bookworm main\n"
		"deb ftp://f.example/debian bookworm main\n"
		"deb file:/srv/debian bookworm main\n"
		"deb http://flat.example/apt ./\n"
		"deb http://me:secret@d.example/debian bookworm main");
	read_apt();
	ck_assert_uint_eq(places.count, 6);
	assert_place(0, "debian", "http://a.example/debian");
	assert_place(1, "debian-security", "https://b.example/debian-security");
	assert_place(2, "debian", "http://c.example/debian");
	assert_place(3, "debian", "http://on.example/debian");
	assert_place(4, "debian", "file:///srv/debian");
	assert_place(5, "debian", "http://me:secret@d.example/debian");
}
END_TEST

START_TEST(reads_deb822_sources)
{
	put("sources.list.d/debian.sources",
		"# the first stanza\n"
		"Types: deb deb-src\n"
		"# http://snapshot.example/archive/debian/20250520T000000Z\n"
		"URIs: http://a.example/debian\n"
		"# a comment between the lines of one field\n"
		"  https://b.example/debian/\n"
		"Suites: bookworm bookworm-updates\n"
		"Components: main\n"
		"Signed-By:\n"
		" -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
		" .\n"
		" mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr\n"
		" -----END PGP PUBLIC KEY BLOCK-----\n"
		"\n"
		"\n"
		"types: deb\n"
		"uris: http://security.example/\n"
		"suites: bookworm-security\n"
		"components: main\n"
		"\n"
		"Enabled: no\n"
		"Types: deb\n"
		"URIs: http://off.example/debian\n"
		"Suites: bookworm\n"
		"Components: main\n");
	read_apt();
	ck_assert_uint_eq(places.count, 3);
	assert_place(0, "debian", "http://a.example/debian");
	assert_place(1, "debian", "https://b.example/debian");
	assert_place(2, "debian-security", "http://security.example");
}
END_TEST

/* Whether apt itself would fetch from what is in that file. */
static bool apt_uses(const char *name)
{
	char *path = path_join(etc_apt, name);
	char *script =
		xasprintf("cd '%s'; mkdir -p apt/lists/partial apt/archives/partial; : >apt/s\n"
			  "apt-get -q -o Dir::Etc::sourceparts=/dev/null -o Dir::State=$PWD/apt"
			  " -o Dir::State::status=$PWD/apt/s -o Dir::Cache=$PWD/apt"
			  " -o Dir::Etc::sourcelist='%s' --print-uris update",
			etc_apt, path);
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0};
	bool is_used;

	spec.argv = (const char *const[]){"bash", "-euc", script, NULL};
	ck_assert_msg(process_capture(&spec, 1 << 20, &out, NULL, &result, &err) == STATUS_OK, "%s",
		err.text);
	ck_assert_int_eq(result.exit_code, 0);
	is_used = strstr(buffer_text(&out), "'http://a.example/debian/dists/s/InRelease'") != NULL;
	buffer_release(&out);
	free(script);
	free(path);
	return is_used;
}

static const struct {
	const char *word;
	bool is_enabled;
} enabled_words[] = {{"yes", true}, {"no", false}, {"NO", false}, {"false", false}, {"off", false},
	{"without", false}, {"disable", false}, {"0", false}, {"00", false}, {"0x0", false},
	{"-0", false}, {"1", true}, {"2", true}, {"-1", true}, {"0.0", true}, {"", true},
	{"disabled", true}, {"none", true}, {"f", true}, {"false or not", true}};

START_TEST(takes_what_apt_takes_for_enabled)
{
	const char *word = enabled_words[_i].word;
	char *text = xasprintf("Types: deb\nURIs: http://a.example/debian\nSuites: s\n"
			       "Components: main\nEnabled: %s\n",
		word);

	put("sources.list.d/x.sources", text);
	ck_assert_msg(apt_uses("sources.list.d/x.sources") == enabled_words[_i].is_enabled,
		"apt knows \"%s\" otherwise", word);
	read_apt();
	ck_assert_msg((places.count == 1) == enabled_words[_i].is_enabled, "\"%s\"", word);
	free(text);
}
END_TEST

/* Only deb822 knows it. */
START_TEST(takes_no_line_for_disabled)
{
	put("sources.list", "deb [enabled=no] http://a.example/debian s main\n");
	ck_assert(apt_uses("sources.list"));
	read_apt();
	ck_assert_uint_eq(places.count, 1);
}
END_TEST

START_TEST(reads_files_as_apt_does)
{
	put("sources.list.d/zz.list", "deb http://z.example/debian s main\n");
	put("sources.list.d/aa.sources",
		"Types: deb\nURIs: http://a.example/debian\nSuites: s\nComponents: main\n");
	put("sources.list.d/aa.list.bak", "nonsense\n");
	put("sources.list.d/off.list.disabled", "nonsense\n");
	put("sources.list.d/with space.list", "nonsense\n");
	put("sources.list.d/.hidden.list", "nonsense\n");
	put("sources.list", "deb http://first.example/debian s main\n");
	read_apt();
	ck_assert_uint_eq(places.count, 3);
	assert_place(0, "debian", "http://first.example/debian");
	assert_place(1, "debian", "http://a.example/debian");
	assert_place(2, "debian", "http://z.example/debian");
}
END_TEST

START_TEST(takes_absence_for_nothing)
{
	char *path = path_join(etc_apt, "not-there");

	ck_assert_int_eq(place_list_add_apt(&places, path, &err), STATUS_OK);
	ck_assert_uint_eq(places.count, 0);
	free(path);
}
END_TEST

START_TEST(keeps_what_a_source_says)
{
	struct apt_source_list sources = {0};

	put("sources.list",
		"deb [arch=amd64,arm64 signed-by=/k.gpg] http://a.example/debian "
		"bookworm main contrib\n");
	put("sources.list.d/x.sources",
		"Types: deb-src\nURIs: http://a.example/x\nSuites: s t\n"
		"Components: main\nArchitectures: i386\nSigned-By: /y.gpg\n");
	ck_assert_int_eq(apt_source_list_read(&sources, etc_apt, &err), STATUS_OK);
	ck_assert_uint_eq(sources.count, 2);
	ck_assert(sources.items[0].is_binary && !sources.items[0].is_source);
	ck_assert_uint_eq(sources.items[0].architectures.count, 2);
	ck_assert_str_eq(sources.items[0].architectures.items[1], "arm64");
	ck_assert_str_eq(sources.items[0].signed_by, "/k.gpg");
	ck_assert_uint_eq(sources.items[0].components.count, 2);
	ck_assert_str_eq(sources.items[0].components.items[1], "contrib");
	ck_assert(!sources.items[1].is_binary && sources.items[1].is_source);
	ck_assert_uint_eq(sources.items[1].suites.count, 2);
	ck_assert_str_eq(sources.items[1].signed_by, "/y.gpg");
	apt_source_list_release(&sources);
}
END_TEST

static const struct {
	const char *file, *text, *where;
} bad_files[] = {
	{"sources.list", "\ndeb http://a.example/debian\n", "sources.list:2: "},
	{"sources.list", "debian http://a.example/debian s main\n", "sources.list:1: "},
	{"sources.list", "deb [arch=amd64 http://a.example/debian s main\n", "sources.list:1: "},
	{"sources.list", "deb [arch] http://a.example/debian s main\n", "sources.list:1: "},
	{"sources.list.d/x.sources", "Types: deb\nURIs: http://a.example/debian\n", "x.sources: "},
	{"sources.list.d/x.sources", "Types: deb\nnonsense\n", "x.sources: line 2"},
};

START_TEST(names_the_line_it_does_not_understand)
{
	put(bad_files[_i].file, bad_files[_i].text);
	ck_assert_int_eq(place_list_add_apt(&places, etc_apt, &err), STATUS_USAGE);
	ck_assert_msg(strstr(err.text, bad_files[_i].where) != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("places");
	TCase *tcase = tcase_create("places");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, takes_an_option, 0, ARRAY_SIZE(good_options));
	tcase_add_loop_test(tcase, refuses_an_option, 0, ARRAY_SIZE(bad_options));
	tcase_add_test(tcase, never_prints_a_password);
	tcase_add_test(tcase, lists_a_place_once);
	tcase_add_test(tcase, reads_one_line_sources);
	tcase_add_test(tcase, reads_deb822_sources);
	tcase_add_loop_test(
		tcase, takes_what_apt_takes_for_enabled, 0, (int)ARRAY_SIZE(enabled_words));
	tcase_add_test(tcase, takes_no_line_for_disabled);
	tcase_add_test(tcase, reads_files_as_apt_does);
	tcase_add_test(tcase, takes_absence_for_nothing);
	tcase_add_test(tcase, keeps_what_a_source_says);
	tcase_add_loop_test(tcase, names_the_line_it_does_not_understand, 0, ARRAY_SIZE(bad_files));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
