/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"
#include "snapshot/snapshot.h"

/*
 * The real apt through the proxy: an archive made by dpkg-deb, apt-ftparchive and gpg is captured,
 * and apt-get, which is told of other mirrors, gets it from the pin and is content.
 */
static char *directory;
static struct store *store;
static struct fetcher *fetcher;
static struct place_list places;
static struct pin_list pins;

struct seen {
	unsigned served, refused, missing, failed;
	bool other_host;
};

static struct seen seen;

static void log_event(void *context, const struct proxy_event *event)
{
	(void)context;
	seen.served += event->status == 200 || event->status == 206;
	seen.refused += event->status == 403;
	seen.missing += event->status == 404;
	seen.failed += event->status >= 500;
	seen.other_host |= strcmp(event->host, "other.invalid") == 0;
}

/* Runs a script's text in the directory; `$1` is the proxy's port. */
static int shell(const char *script, unsigned short port)
{
	char *number = xasprintf("%hu", port);
	const char *argv[] = {"bash", "-euc", script, "bash", number, NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err;

	spec.argv = argv;
	spec.directory = directory;
	spec.timeout_seconds = 100;
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_OK);
	free(number);
	return result.exit_code;
}

static const char archive_script[] =
	"export GNUPGHOME=$PWD/gnupg LC_ALL=C; mkdir -m 700 gnupg\n"
	"gpg --batch --quiet --pinentry-mode loopback --passphrase '' "
	"--quick-gen-key test@invalid ed25519 sign never 2>gpg.log\n"
	"gpg --export >key.gpg\n"
	"mkdir -p tree/DEBIAN tree/usr/share/demo debian/pool/main/d/demo "
	"debian/dists/bookworm/main/{binary-amd64,i18n} etc/sources.list.d\n"
	"head -c 400000 /dev/urandom >tree/usr/share/demo/data\n"
	"printf '%s\\n' 'Package: demo' 'Version: 1.0~rc1+b1' 'Architecture: amd64' "
	"'Maintainer: T <t@invalid>' 'Description: demo' >tree/DEBIAN/control\n"
	"dpkg-deb --root-owner-group -b tree debian/pool/main/d/demo/demo_1.0~rc1+b1_amd64.deb "
	">/dev/null\n"
	"cd debian; echo secret >pool/main/d/demo/unnamed_1_amd64.deb\n"
	"apt-ftparchive packages pool/main/d/demo/demo_* | "
	"tee dists/bookworm/main/binary-amd64/Packages | xz "
	">dists/bookworm/main/binary-amd64/Packages.xz\n"
	"printf 'Package: demo\\nDescription-md5: "
	"6ce2f3e5c8b1f3a1f0f1a4b9b9a2a7d1\\nDescription-en: demo\\n\\n' | "
	"tee dists/bookworm/main/i18n/Translation-en | xz "
	">dists/bookworm/main/i18n/Translation-en.xz\n"
	"apt-ftparchive -o APT::FTPArchive::Release::Origin=Test "
	"-o APT::FTPArchive::Release::Suite=bookworm -o "
	"APT::FTPArchive::Release::Codename=bookworm "
	"-o APT::FTPArchive::Release::Architectures=amd64 "
	"-o APT::FTPArchive::Release::Components=main release dists/bookworm >../Release\n"
	"gpg --batch --quiet --digest-algo SHA512 --clearsign -o dists/bookworm/InRelease "
	"../Release\n"
	"gpgconf --kill gpg-agent\n"
	"echo \"deb [signed-by=$PWD/../key.gpg] file:$PWD bookworm main\" >../etc/sources.list\n";

/* apt-get in a root of its own: "$@" from the second argument on is its command. */
#define APT                                                                                        \
	"mkdir -p r/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "              \
	"r/var/lib/apt/lists/partial r/var/cache/apt/archives/partial r/var/lib/dpkg\n"            \
	"touch r/var/lib/dpkg/status\n"                                                            \
	"cat >r/apt.conf <<E\n"                                                                    \
	"Dir \"$PWD/r/\"; Dir::State::status \"$PWD/r/var/lib/dpkg/status\";\n"                    \
	"Acquire::http::Proxy \"http://127.0.0.1:$1\"; Acquire::Retries \"0\";\n"                  \
	"Acquire::Languages \"en\";\n"                                                             \
	"APT::Architecture \"amd64\"; APT::Architectures {\"amd64\";};\n"                          \
	"APT::Sandbox::User \"root\"; Dir::Bin::methods \"/usr/lib/apt/methods\";\n"               \
	"E\n"                                                                                      \
	"export APT_CONFIG=$PWD/r/apt.conf LC_ALL=C\n"                                             \
	"apt() { apt-get -qq \"$@\" >>apt.log 2>&1; }\n"                                           \
	"list() { echo \"deb [signed-by=$PWD/key.gpg] $1\" >r/etc/apt/sources.list; }\n"

static void set_up(void)
{
	struct capture_request request = {.places = &places};
	char *etc, *keyring, *url;
	struct error err;

	seen = (struct seen){0};
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(shell(archive_script, 0), 0);
	url = xasprintf("file://%s/debian", directory);
	etc = path_join(directory, "etc");
	keyring = path_join(directory, "key.gpg");
	{
		char *name = path_join(directory, "store");

		ck_assert_int_eq(store_open(name, &store, &err), STATUS_OK);
		free(name);
	}
	ck_assert_int_eq(fetcher_new(NULL, &fetcher, &err), STATUS_OK);
	places = (struct place_list){0};
	pins = (struct pin_list){0};
	place_list_add(&places, "debian", url);
	request.etc_apt = etc;
	request.trust.keyring = keyring;
	text_list_add(&request.architectures, "amd64");
	ck_assert_msg(snapshot_capture(store, fetcher, &request, &pins, &err) == STATUS_OK, "%s",
		err.text);
	text_list_release(&request.architectures);
	free(etc);
	free(keyring);
	free(url);
}

static void tear_down(void)
{
	struct error err;

	pin_list_release(&pins);
	place_list_release(&places);
	fetcher_free(fetcher);
	store_free(store);
	path_remove_tree(directory, &err);
	free(directory);
}

static struct proxy *start(void)
{
	struct proxy_config config = {.store = store,
		.fetcher = fetcher,
		.pins = &pins,
		.places = &places,
		.listen_fd = -1,
		.log = log_event};
	struct proxy *proxy;
	struct error err;

	ck_assert_msg(proxy_start(&config, &proxy, &err) == STATUS_OK, "%s", err.text);
	return proxy;
}

START_TEST(apt_gets_the_pin_from_any_mirror)
{
	struct proxy *proxy = start();
	struct error err;
	int code;

	code = shell(APT
		"for uri in http://mirror.invalid/debian http://other.invalid/debian/; do\n"
		"list \"$uri bookworm main\"; rm -rf r/var/lib/apt/lists/* *.deb\n"
		"apt update && apt download demo || { cat apt.log; exit 9; }\n"
		"cmp demo_*.deb debian/pool/main/d/demo/demo_*.deb; done\n"
		/* A second update has it already. */
		"apt update\n",
		proxy_port(proxy));
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(proxy_stop(proxy, &err), STATUS_OK);
	/* InRelease, Packages, Translation and the package, twice. */
	ck_assert_uint_eq(seen.served, 8);
	ck_assert(seen.other_host);
	ck_assert_uint_eq(seen.refused + seen.failed, 0);
}
END_TEST

START_TEST(apt_does_not_get_what_is_not_pinned)
{
	struct proxy *proxy = start();
	struct error err;
	int code;

	code = shell(APT "list 'http://mirror.invalid/debian sid main'; ! apt update\n"
			 "list 'http://mirror.invalid/ubuntu bookworm main'; ! apt update\n"
			 "grep -q 'is of no pinned archive\\|403' apt.log\n",
		proxy_port(proxy));
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(proxy_stop(proxy, &err), STATUS_OK);
	ck_assert_uint_eq(seen.served, 0);
	ck_assert_uint_ge(seen.refused, 1);
	ck_assert_uint_ge(seen.missing, 1);
}
END_TEST

/* The archive moved on behind the pin: the package changed under its name. */
START_TEST(apt_does_not_get_changed_bytes)
{
	struct proxy *proxy = start();
	struct error err;
	int code;

	code = shell(APT
		"list 'http://mirror.invalid/debian bookworm main'; apt update\n"
		"printf x | dd of=$(echo debian/pool/main/d/demo/demo_*.deb) bs=1 seek=9000 "
		"conv=notrunc status=none\n"
		"! apt download demo; ! test -e demo_*.deb\n",
		proxy_port(proxy));
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(proxy_stop(proxy, &err), STATUS_TRUST);
	ck_assert_uint_ge(seen.failed, 1);
}
END_TEST

int main(void)
{
	static const char *const programs[] = {"apt-get", "apt-ftparchive", "gpg", "dpkg-deb"};
	Suite *suite;
	TCase *tcase;
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (process_exists(programs[i]))
			continue;
		fprintf(stderr, "SKIPPED: proxy_apt: %s is not installed\n", programs[i]);
		return EXIT_SUCCESS;
	}
	suite = suite_create("proxy_apt");
	tcase = tcase_create("proxy_apt");
	tcase_set_timeout(tcase, 180);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, apt_gets_the_pin_from_any_mirror);
	tcase_add_test(tcase, apt_does_not_get_what_is_not_pinned);
	tcase_add_test(tcase, apt_does_not_get_changed_bytes);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
