/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/proxy_stage.h"

/* What is asked for, and what comes: `body` is compared when it is given. */
static const struct {
	const char *target;
	int status;
	const char *host;
	const char *path; /* in the log; NULL when no file was named */
	const char *body;
} requests[] = {
	{"/archive/debian/" STAGE_SNAPSHOT "/pool/main/s/small_1_amd64.deb", 200, "",
		"pool/main/s/small_1_amd64.deb", "small"},
	{"/debian/pool/main/s/small_1_amd64.deb", 200, "", "pool/main/s/small_1_amd64.deb",
		"small"},
	{"http://mirror.invalid/debian/pool/main/s/small_1_amd64.deb", 200, "mirror.invalid",
		"pool/main/s/small_1_amd64.deb", "small"},
	{"http://Other.Invalid:8080/debian//pool/./main/s//small_1_amd64.deb", 200,
		"other.invalid:8080", "pool/main/s/small_1_amd64.deb", "small"},
	{"http://s.invalid/archive/debian/" STAGE_SNAPSHOT "/pool/main/s/small_1_amd64.deb", 200,
		"s.invalid", "pool/main/s/small_1_amd64.deb", "small"},
	{"http://m.invalid/debian/pool/main/o/odd%2bb1%7e2%3a3_amd64.deb", 200, "m.invalid",
		"pool/main/o/odd+b1~2:3_amd64.deb", "odd"},
	/* A mirror that keeps the archive elsewhere. */
	{"http://m.invalid/mirrors/debian/pool/main/s/small_1_amd64.deb", 200, "m.invalid",
		"pool/main/s/small_1_amd64.deb", "small"},
	/* Security updates, as apt sources write them. */
	{"http://s.invalid/debian-security/pool/updates/main/s/sec_1_amd64.deb", 200, "s.invalid",
		"pool/updates/main/s/sec_1_amd64.deb", "sec"},
	{"http://s.invalid/pool/updates/main/s/sec_1_amd64.deb", 200, "s.invalid",
		"pool/updates/main/s/sec_1_amd64.deb", "sec"},
	{"http://s.invalid/dists/bookworm-security/InRelease", 200, "s.invalid",
		"dists/bookworm-security/InRelease", NULL},
	{"/debian/dists/bookworm/InRelease", 200, "", "dists/bookworm/InRelease", NULL},
	{"/debian/dists/bookworm/main/binary-amd64/Packages", 200, "",
		"dists/bookworm/main/binary-amd64/Packages", NULL},
	/* Named by Release and not stored: fetched. */
	{"/debian/dists/bookworm/main/i18n/Translation-en", 200, "",
		"dists/bookworm/main/i18n/Translation-en", "translation\n"},
	{"/debian/pool/main/m/missing_1_amd64.deb", 200, "", "pool/main/m/missing_1_amd64.deb",
		"missing"},
	/* Of a pinned archive, and no index names it. */
	{"/debian/dists/bookworm/Release", 404, "", NULL, NULL},
	{"/debian/dists/bookworm/Release.gpg", 404, "", NULL, NULL},
	{"/debian/dists/bookworm/main/binary-amd64/Packages.diff/Index", 404, "", NULL, NULL},
	{"/debian/dists/bookworm/main/i18n/Translation-de.xz", 404, "", NULL, NULL},
	{"/debian/dists/sid/InRelease", 404, "", NULL, NULL},
	{"/debian/dists/bookworm", 404, "", NULL, NULL},
	{"/debian/dists/bookworm/", 404, "", NULL, NULL},
	{"/debian/", 404, "", NULL, NULL},
	{"/debian", 404, "", NULL, NULL},
	{"/debian/pool/main/s/small_1_amd64.deb/", 404, "", NULL, NULL},
	/* The mirror and the store have it; that is not enough. */
	{"/debian/pool/main/u/unnamed_1_amd64.deb", 404, "", NULL, NULL},
	{"http://m.invalid/debian/pool/main/u/unnamed_1_amd64.deb", 404, "m.invalid", NULL, NULL},
	{"http://m.invalid/mirrors/debian/dists/bookworm/Release", 404, "m.invalid", NULL, NULL},
	/* Named in the one archive, asked for in the other. */
	{"/debian-security/pool/main/s/small_1_amd64.deb", 404, "", NULL, NULL},
	{"/debian/pool/updates/main/s/sec_1_amd64.deb", 404, "", NULL, NULL},
	{"/pool/main/n/nowhere_1_amd64.deb", 404, "", NULL, NULL},
	/* Of no pinned archive, or of another time. */
	{"/", 403, "", NULL, NULL},
	{"http://tracker.invalid/", 403, "tracker.invalid", NULL, NULL},
	{"http://files.invalid/debian-ports/dists/sid/InRelease", 403, "files.invalid", NULL, NULL},
	{"http://files.invalid/x.tar.gz", 403, "files.invalid", NULL, NULL},
	{"/debianx/pool/main/s/small_1_amd64.deb", 403, "", NULL, NULL},
	{"/archive/debian/20260711T101641Z/pool/main/s/small_1_amd64.deb", 403, "", NULL, NULL},
	{"/archive/debian/20260711T101640/pool/main/s/small_1_amd64.deb", 403, "", NULL, NULL},
	{"/archive/debian/", 403, "", NULL, NULL},
	{"/archive/debian//pool/main/s/small_1_amd64.deb", 403, "", NULL, NULL},
	{"/archive/debian-ports/" STAGE_SNAPSHOT "/dists/sid/InRelease", 403, "", NULL, NULL},
	{"https://m.invalid/debian/pool/main/s/small_1_amd64.deb", 403, "m.invalid", NULL, NULL},
	/* No path at all. */
	{"/debian/../etc/passwd", 400, "", NULL, NULL},
	{"/debian/%2e%2e/%2e%2e/etc/passwd", 400, "", NULL, NULL},
	{"/debian/pool%2fmain/s/small_1_amd64.deb", 400, "", NULL, NULL},
	{"/debian/pool/%00", 400, "", NULL, NULL},
	{"http://m.invalid/debian/pool/../pool/main/s/small_1_amd64.deb", 400, "m.invalid", NULL,
		NULL},
};

START_TEST(paths_lead_to_pinned_files)
{
	struct http_answer answer = http_get(stage.port, requests[_i].target);
	const struct stage_event *event;
	struct digest digest;
	struct error err;

	ck_assert_msg(answer.status == requests[_i].status, "%s: %d %s", requests[_i].target,
		answer.status, buffer_text(&answer.body));
	ck_assert(answer.is_whole);
	if (requests[_i].body)
		ck_assert_str_eq(buffer_text(&answer.body), requests[_i].body);
	if (answer.status != 200)
		ck_assert_int_eq(strncmp(buffer_text(&answer.body), "reproof: ", 9), 0);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 1);
	event = stage_last_event();
	ck_assert_int_eq(event->status, requests[_i].status);
	ck_assert_str_eq(event->host, requests[_i].host);
	ck_assert_pstr_eq(event->path, requests[_i].path);
	ck_assert_int_eq(event->archive != NULL, event->path != NULL);
	ck_assert_ptr_null(event->error);
	if (answer.status == 200) {
		hash_memory(answer.body.data, answer.body.len, &digest);
		ck_assert(digest_equal(&digest, &event->digest));
		ck_assert_uint_eq(event->size, answer.body.len);
	}
	http_answer_release(&answer);
}
END_TEST

START_TEST(by_hash_is_served)
{
	char hex[SHA256_HEX_SIZE], target[200];
	struct http_answer answer;
	struct digest digest;

	hash_memory(stage.packages[0].data, stage.packages[0].len, &digest);
	digest_hex(&digest, hex);
	snprintf(target, sizeof(target),
		"http://m.invalid/debian/dists/bookworm/main/binary-amd64/by-hash/SHA256/%s", hex);
	answer = http_get(stage.port, target);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(buffer_text(&answer.body), buffer_text(&stage.packages[0]));
	http_answer_release(&answer);
	/* Another digest is of no file of that directory. */
	target[strlen(target) - 1] ^= 1;
	ck_assert_int_eq(http_status(stage.port, target), 404);
}
END_TEST

START_TEST(headers_of_a_file)
{
	struct http_answer answer = http_get(stage.port, "/debian/pool/main/s/small_1_amd64.deb");
	char etag[SHA256_HEX_SIZE + 2] = "\"", request[400];
	struct digest digest;

	hash_memory("small", 5, &digest);
	digest_hex(&digest, etag + 1);
	etag[SHA256_HEX_SIZE] = '"';
	etag[SHA256_HEX_SIZE + 1] = '\0';
	http_assert_header(&answer, "ETag", etag);
	http_assert_header(&answer, "Last-Modified", STAGE_DATE);
	http_assert_header(&answer, "Accept-Ranges", "bytes");
	http_assert_header(&answer, "Content-Type", "application/octet-stream");
	http_assert_header(&answer, "Content-Length", "5");
	http_assert_header(&answer, "Connection", NULL);
	http_answer_release(&answer);

	snprintf(request, sizeof(request),
		"GET /debian/pool/main/s/small_1_amd64.deb HTTP/1.1\r\nHost: h\r\n"
		"If-None-Match: %s\r\n",
		etag);
	answer = http_ask(stage.port, request);
	ck_assert_int_eq(answer.status, 304);
	http_answer_release(&answer);
}
END_TEST

START_TEST(methods)
{
	static const char *const others[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"};
	struct http_answer answer;
	struct error err;
	char request[200];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(request, sizeof(request),
			"%s /debian/dists/bookworm/InRelease HTTP/1.1\r\n"
			"Host: h\r\n",
			others[i]);
		answer = http_ask(stage.port, request);
		ck_assert_msg(answer.status == 405, "%s: %d", others[i], answer.status);
		http_assert_header(&answer, "Allow", "GET, HEAD");
		http_answer_release(&answer);
	}
	answer = http_ask(stage.port, "CONNECT deb.invalid:443 HTTP/1.1\r\nHost: deb.invalid\r\n");
	ck_assert_int_eq(answer.status, 403);
	ck_assert_ptr_nonnull(strstr(buffer_text(&answer.body), "deb.invalid:443"));
	http_answer_release(&answer);
	answer = http_ask(stage.port,
		"HEAD http://m.invalid/debian/pool/main/s/small_1_amd64.deb HTTP/1.1\r\nHost: "
		"h\r\n");
	ck_assert_int_eq(answer.status, 200);
	http_assert_header(&answer, "Content-Length", "5");
	http_answer_release(&answer);

	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, ARRAY_SIZE(others) + 2);
	ck_assert_str_eq(stage.events[0].request, "POST /debian/dists/bookworm/InRelease");
	ck_assert_int_eq(stage.events[0].status, 405);
	ck_assert_str_eq(stage.events[ARRAY_SIZE(others)].host, "deb.invalid:443");
	ck_assert_int_eq(stage.events[ARRAY_SIZE(others)].status, 403);
	ck_assert_str_eq(stage_last_event()->host, "m.invalid");
}
END_TEST

START_TEST(secrets_are_not_logged)
{
	struct error err;

	ck_assert_int_eq(http_status(stage.port,
				 "http://user:hunter2@m.invalid/debian/dists/bookworm/InRelease"
				 "?token=hunter2"),
		200);
	ck_assert_int_eq(http_status(stage.port, "http://user:hunter2@m.invalid/x?t=hunter2"), 403);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_ptr_null(strstr(stage.events[i].request, "hunter2"));
		ck_assert_str_eq(stage.events[i].host, "m.invalid");
	}
}
END_TEST

/* A large file whole and in parts, as a resumed download asks for it. */
START_TEST(parts_of_a_large_file)
{
	static const size_t starts[] = {0, 1, 128 * 1024, 20 * 1024 * 1024 + 7, STAGE_BIG - 1};
	const char *data = stage_file_find("/mirrors/debian/pool/main/b/big_1_amd64.deb")->data;
	const struct stage_event *event;
	struct digest digest;
	struct error err;

	hash_memory(data, STAGE_BIG, &digest);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		char request[300];
		struct http_answer answer;

		snprintf(request, sizeof(request),
			"GET http://m.invalid/debian/pool/main/b/big_1_amd64.deb HTTP/1.1\r\n"
			"Host: h\r\nIf-Range: " STAGE_DATE "\r\nRange: bytes=%zu-\r\n",
			starts[i]);
		answer = http_ask(stage.port, request);
		ck_assert_int_eq(answer.status, 206);
		ck_assert_uint_eq(answer.body.len, STAGE_BIG - starts[i]);
		ck_assert_int_eq(memcmp(answer.body.data, data + starts[i], answer.body.len), 0);
		http_answer_release(&answer);
	}
	{
		struct http_answer answer = http_ask(stage.port,
			"GET /debian/pool/main/b/big_1_amd64.deb HTTP/1.1\r\nHost: h\r\n"
			"Range: bytes=1000000-1000009\r\n");

		ck_assert_int_eq(answer.status, 206);
		ck_assert_uint_eq(answer.body.len, 10);
		ck_assert_int_eq(memcmp(answer.body.data, data + 1000000, 10), 0);
		http_answer_release(&answer);
	}
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	event = stage_last_event();
	/* The digest is the file's, not the part's. */
	ck_assert_int_eq(event->status, 206);
	ck_assert(digest_equal(&event->digest, &digest));
	ck_assert_uint_eq(event->size, STAGE_BIG);
}
END_TEST

/* A client that leaves early is no trouble of ours. */
START_TEST(a_client_leaves)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;
	struct error err;

	http_send(fd, "GET /debian/pool/main/b/big_1_amd64.deb HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert(http_receive_head(fd, &answer));
	http_answer_release(&answer);
	close(fd);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 1);
	ck_assert_ptr_null(stage_last_event()->error);
}
END_TEST

START_TEST(broken_requests_are_logged)
{
	struct buffer request = {0};
	struct http_answer answer;
	struct error err;

	buffer_add_text(&request, "GET /debian/large HTTP/1.1\r\nHost: h\r\nX-Large: ");
	for (size_t i = 0; i < 100000; i++)
		buffer_add_char(&request, 'x');
	buffer_add_text(&request, "\r\n");
	answer = http_ask(stage.port, buffer_text(&request));
	ck_assert_int_ne(answer.status, 200);
	http_answer_release(&answer);
	buffer_release(&request);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 1);
	ck_assert_int_ge(stage_last_event()->status, 400);
	ck_assert_ptr_nonnull(strstr(stage_last_event()->request, "/debian/large"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("proxy");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, stage_set_up, stage_tear_down);
	tcase_add_loop_test(tcase, paths_lead_to_pinned_files, 0, (int)ARRAY_SIZE(requests));
	tcase_add_test(tcase, by_hash_is_served);
	tcase_add_test(tcase, headers_of_a_file);
	tcase_add_test(tcase, methods);
	tcase_add_test(tcase, secrets_are_not_logged);
	tcase_add_test(tcase, parts_of_a_large_file);
	tcase_add_test(tcase, a_client_leaves);
	tcase_add_test(tcase, broken_requests_are_logged);
	return stage_main("proxy", tcase);
}
