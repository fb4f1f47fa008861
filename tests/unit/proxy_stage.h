/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PROXY_STAGE_H
#define TESTS_PROXY_STAGE_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/httpd.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "snapshot/snapshot.h"
#include "tests/unit/http_client.h"

/*
 * Two small pinned archives in a store, a mirror that has what the store lacks, and a proxy before
 * them. The mirror is base/httpd with files in memory, behind the path /mirrors/ARCHIVE.
 */
#define STAGE_TIME     1783765000
#define STAGE_SNAPSHOT "20260711T101640Z"
#define STAGE_DATE     "Sat, 11 Jul 2026 10:16:40 GMT"
#define STAGE_BIG      ((size_t)24 * 1024 * 1024 + 12345)

struct stage_event {
	char *host, *request, *archive, *path, *error;
	int status;
	struct digest digest;
	uint64_t size;
};

/* What the mirror has. */
struct stage_file {
	char *path; /* "/mirrors/debian/pool/…" */
	char *data;
	size_t len;
	unsigned requests;
};

struct stage {
	char *directory;
	struct store *store;
	struct fetcher *fetcher;
	struct place_list places;
	struct pin_list pins;
	struct buffer packages[2]; /* of the two archives, while they are made */
	struct httpd *mirror;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	bool is_held; /* the mirror waits before it answers */
	struct stage_file files[20];
	size_t file_count;
	struct stage_event events[200];
	size_t event_count;
	struct proxy *proxy;
	unsigned short port;
};

static struct stage stage;

static inline char *copy_or_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static inline void stage_log(void *context, const struct proxy_event *event)
{
	(void)context;
	pthread_mutex_lock(&stage.lock);
	ck_assert_uint_lt(stage.event_count, 200);
	stage.events[stage.event_count++] = (struct stage_event){.host = xstrdup(event->host),
		.request = xstrdup(event->request),
		.archive = copy_or_null(event->archive),
		.path = copy_or_null(event->path),
		.error = copy_or_null(event->error),
		.status = event->status,
		.digest = event->digest,
		.size = event->size};
	pthread_mutex_unlock(&stage.lock);
}

static inline struct stage_file *stage_file_find(const char *path)
{
	for (size_t i = 0; i < stage.file_count; i++)
		if (strcmp(stage.files[i].path, path) == 0)
			return &stage.files[i];
	return NULL;
}

static inline void mirror_handle(void *context, struct httpd_request *request)
{
	struct stage_file *file = stage_file_find(httpd_target(request));

	(void)context;
	if (!file) {
		httpd_reply_text(request, 404, "text/plain", "none\n", 5);
		return;
	}
	pthread_mutex_lock(&stage.lock);
	file->requests++;
	pthread_cond_broadcast(&stage.changed);
	while (stage.is_held)
		pthread_cond_wait(&stage.changed, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
	httpd_reply_text(request, 200, "application/octet-stream", file->data, file->len);
}

/* Bytes that look random and are the same in every run. */
static inline char *stage_bytes(size_t len, uint64_t seed)
{
	char *data = xmalloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = (char)(seed >> 56);
	}
	data[len] = '\0';
	return data;
}

static inline void stage_store(const char *data, size_t len)
{
	struct error err;

	ck_assert_int_eq(store_add_memory(stage.store, data, len, NULL, &err), STATUS_OK);
}

/* The mirror has it; the data is the stage's from now on. */
static inline void stage_publish(const char *archive, const char *path, char *data, size_t len)
{
	stage.files[stage.file_count++] = (struct stage_file){
		.path = xasprintf("/mirrors/%s/%s", archive, path), .data = data, .len = len};
}

/* An index names it. */
static inline void stage_name(unsigned archive, const char *path, const char *data, size_t len)
{
	char hex[SHA256_HEX_SIZE];
	struct digest digest;

	hash_memory(data, len, &digest);
	digest_hex(&digest, hex);
	buffer_add_format(&stage.packages[archive],
		"Package: p%zu\nVersion: 1\nArchitecture: amd64\nFilename: %s\nSize: %zu\n"
		"SHA256: %s\n\n",
		stage.packages[archive].len, path, len, hex);
}

static inline void stage_add(unsigned archive, const char *path, const char *text)
{
	stage_name(archive, path, text, strlen(text));
	stage_store(text, strlen(text));
}

static inline void release_add(
	struct buffer *release, const char *path, const char *data, size_t len)
{
	char hex[SHA256_HEX_SIZE];
	struct digest digest;

	hash_memory(data, len, &digest);
	digest_hex(&digest, hex);
	buffer_add_format(release, " %s %zu %s\n", hex, len, path);
}

/* Stores the indexes of an archive and pins it. Signatures are not this program's concern. */
static inline void stage_pin(unsigned number, const char *archive, const char *suite)
{
	struct buffer release = {0}, inrelease = {0};
	struct pin_suite pinned = {.suite = xstrdup(suite),
		.origin = xstrdup("Debian"),
		.codename = xstrdup(suite),
		.signer = xstrdup("0000000000000000000000000000000000000000"),
		.date = STAGE_TIME};
	struct pin pin = {.name = xasprintf("%s@" STAGE_SNAPSHOT, archive),
		.archive = xstrdup(archive),
		.timestamp = STAGE_TIME,
		.captured = true};
	struct error err;

	buffer_add_format(&release,
		"Origin: Debian\nLabel: Debian\nSuite: %s\nCodename: %s\n"
		"Date: Sat, 11 Jul 2026 10:16:40 UTC\nAcquire-By-Hash: yes\n"
		"Architectures: all amd64\nComponents: main\nSHA256:\n",
		suite, suite);
	release_add(&release, "main/binary-amd64/Packages", buffer_text(&stage.packages[number]),
		stage.packages[number].len);
	release_add(&release, "main/i18n/Translation-en", "translation\n", 12);
	release_add(&release, "main/Contents-amd64", "contents\n", 9);
	stage_store(stage.packages[number].data, stage.packages[number].len);
	buffer_add_format(&inrelease, "signed: %s", buffer_text(&release));
	ck_assert_int_eq(
		store_add_memory(stage.store, release.data, release.len, &pinned.release, &err),
		STATUS_OK);
	ck_assert_int_eq(store_add_memory(stage.store, inrelease.data, inrelease.len,
				 &pinned.inrelease, &err),
		STATUS_OK);
	text_list_add(&pin.components, "main");
	text_list_add(&pin.architectures, "amd64");
	ARRAY_GROW(pin.suites, pin.suite_count, pin.suite_capacity);
	pin.suites[pin.suite_count++] = pinned;
	ARRAY_GROW(stage.pins.items, stage.pins.count, stage.pins.capacity);
	stage.pins.items[stage.pins.count++] = pin;
	buffer_release(&release);
	buffer_release(&inrelease);
}

static inline void stage_fill(void)
{
	char *big = stage_bytes(STAGE_BIG, 1);

	stage_add(0, "pool/main/s/small_1_amd64.deb", "small");
	stage_add(0, "pool/main/o/odd+b1~2:3_amd64.deb", "odd");
	stage_name(0, "pool/main/b/big_1_amd64.deb", big, STAGE_BIG);
	stage_store(big, STAGE_BIG);
	stage_publish("debian", "pool/main/b/big_1_amd64.deb", big, STAGE_BIG);
	stage_publish("debian", "pool/main/s/small_1_amd64.deb", xstrdup("small"), 5);
	stage_name(0, "pool/main/m/missing_1_amd64.deb", "missing", 7);
	stage_publish("debian", "pool/main/m/missing_1_amd64.deb", xstrdup("missing"), 7);
	stage_name(0, "pool/main/g/gone_1_amd64.deb", "gone", 4);
	stage_name(0, "pool/main/w/wrong_1_amd64.deb", "right", 5);
	stage_publish("debian", "pool/main/w/wrong_1_amd64.deb", xstrdup("wrong"), 5);
	stage_publish("debian", "pool/main/u/unnamed_1_amd64.deb", xstrdup("unnamed"), 7);
	stage_store("unnamed", 7);
	stage_publish(
		"debian", "dists/bookworm/main/i18n/Translation-en", xstrdup("translation\n"), 12);
	stage_publish("debian", "dists/bookworm/Release", xstrdup("release\n"), 8);
	stage_pin(0, "debian", "bookworm");
	stage_add(1, "pool/updates/main/s/sec_1_amd64.deb", "sec");
	stage_pin(1, "debian-security", "bookworm-security");
}

/* Starts the proxy (again); `listen_fd` -1 for a port of its own. */
static inline void stage_start(struct fetcher *fetcher, int listen_fd)
{
	struct proxy_config config = {.store = stage.store,
		.fetcher = fetcher,
		.pins = &stage.pins,
		.places = &stage.places,
		.listen_fd = listen_fd,
		.log = stage_log};
	struct error err;

	ck_assert_msg(proxy_start(&config, &stage.proxy, &err) == STATUS_OK, "%s", err.text);
	stage.port = proxy_port(stage.proxy);
}

static inline enum status stage_stop(struct error *err)
{
	struct proxy *proxy = stage.proxy;

	stage.proxy = NULL;
	return proxy_stop(proxy, err);
}

static inline void stage_set_up(void)
{
	struct fetch_options options = {
		.connections = 4, .attempts = 1, .retry_seconds = 1, .timeout_seconds = 5};
	struct httpd_config mirror = {.listen_fd = -1, .handle = mirror_handle};
	static const char *const archives[] = {"debian", "debian-security"};
	struct error err;

	stage = (struct stage){0};
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.changed, NULL);
	ck_assert_int_eq(tempfile_directory(&stage.directory, &err), STATUS_OK);
	ck_assert_int_eq(store_open(stage.directory, &stage.store, &err), STATUS_OK);
	ck_assert_int_eq(fetcher_new(&options, &stage.fetcher, &err), STATUS_OK);
	stage_fill();
	ck_assert_int_eq(httpd_start(&mirror, &stage.mirror, &err), STATUS_OK);
	for (size_t i = 0; i < ARRAY_SIZE(archives); i++) {
		char *url = xasprintf(
			"http://127.0.0.1:%hu/mirrors/%s", httpd_port(stage.mirror), archives[i]);

		place_list_add(&stage.places, archives[i], url);
		free(url);
	}
	stage_start(stage.fetcher, -1);
}

static inline void stage_tear_down(void)
{
	struct error err;

	proxy_stop(stage.proxy, &err);
	httpd_stop(stage.mirror);
	fetcher_free(stage.fetcher);
	store_free(stage.store);
	place_list_release(&stage.places);
	pin_list_release(&stage.pins);
	for (size_t i = 0; i < stage.file_count; i++) {
		free(stage.files[i].path);
		free(stage.files[i].data);
	}
	for (size_t i = 0; i < stage.event_count; i++) {
		free(stage.events[i].host);
		free(stage.events[i].request);
		free(stage.events[i].archive);
		free(stage.events[i].path);
		free(stage.events[i].error);
	}
	buffer_release(&stage.packages[0]);
	buffer_release(&stage.packages[1]);
	path_remove_tree(stage.directory, &err);
	free(stage.directory);
}

/* The last event; call it when nothing is running. */
static inline const struct stage_event *stage_last_event(void)
{
	ck_assert_uint_gt(stage.event_count, 0);
	return &stage.events[stage.event_count - 1];
}

/* Where the store keeps those bytes, for the caller to free. */
static inline char *stage_stored_path(const char *data, size_t len)
{
	char hex[SHA256_HEX_SIZE];
	struct digest digest;

	hash_memory(data, len, &digest);
	digest_hex(&digest, hex);
	return xasprintf("%s/sha256/%.2s/%s", stage.directory, hex, hex + 2);
}

/* Writes one other byte into a stored file. */
static inline void stage_flip(const char *data, size_t len, size_t at)
{
	char *path = stage_stored_path(data, len);
	char flipped = (char)(data[at] ^ 1);
	int fd;

	ck_assert_int_eq(chmod(path, 0600), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)at), 1);
	close(fd);
	free(path);
}

/* Files in the store's quarantine/. */
static inline unsigned stage_quarantined(void)
{
	char *path = xasprintf("%s/quarantine", stage.directory);
	DIR *directory = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	free(path);
	return count;
}

static inline int stage_main(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
