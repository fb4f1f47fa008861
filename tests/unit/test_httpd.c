/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpd.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/array.h"
#include "base/httpd_range.h"
#include "tests/unit/http_client.h"

#define DATE 1783765000 /* Sat, 11 Jul 2026 10:16:40 GMT */

/* What the handler and the test tell each other. */
struct stage {
	struct httpd *httpd;
	unsigned short port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int waiting; /* handlers that wait for `open` */
	bool open;
	atomic_int rejected_status;
	atomic_int handled;
};

static const char digits[] = "0123456789abcdef";

static bool read_digits(void *context, uint64_t offset, void *data, size_t len, bool last)
{
	(void)context;
	(void)last;
	memcpy(data, digits + offset, len);
	return true;
}

/* Sends 1 MiB less its last block. */
static bool read_cut(void *context, uint64_t offset, void *data, size_t len, bool last)
{
	(void)context;
	(void)offset;
	memset(data, 'x', len);
	return !last;
}

static void wait_for_stage(struct stage *stage)
{
	pthread_mutex_lock(&stage->lock);
	stage->waiting++;
	pthread_cond_broadcast(&stage->changed);
	while (!stage->open)
		pthread_cond_wait(&stage->changed, &stage->lock);
	pthread_mutex_unlock(&stage->lock);
}

static void handle(void *context, struct httpd_request *request)
{
	struct httpd_content content = {
		.size = 16, .type = "text/plain", .etag = "tag", .modified = DATE};
	struct stage *stage = context;
	const char *target = httpd_target(request);

	stage->handled++;
	if (strcmp(target, "/digits") == 0) {
		content.read = read_digits;
		httpd_reply_content(request, &content);
	} else if (strcmp(target, "/cut") == 0) {
		content.read = read_cut;
		content.size = 1024 * 1024;
		httpd_reply_content(request, &content);
	} else if (strcmp(target, "/untagged") == 0) {
		content = (struct httpd_content){
			.size = 4, .type = "x/y", .modified = -1, .read = read_digits};
		httpd_reply_content(request, &content);
	} else if (strcmp(target, "/wait") == 0) {
		wait_for_stage(stage);
		httpd_reply_text(request, 200, "text/plain", "waited", 6);
	} else if (strcmp(target, "/nothing") != 0) {
		httpd_add_header(request, "X-Method", httpd_method(request));
		httpd_reply_text(request, 200, "text/plain", target, strlen(target));
	}
}

static void rejected(void *context, struct httpd_request *request, int status)
{
	struct stage *stage = context;

	(void)request;
	stage->rejected_status = status;
}

static struct stage stage;

static void start_with(unsigned connections, unsigned idle_seconds)
{
	struct httpd_config config = {.listen_fd = -1,
		.connections = connections,
		.header_bytes = 8192,
		.idle_seconds = idle_seconds,
		.handle = handle,
		.rejected = rejected,
		.context = &stage};
	struct error err;

	stage = (struct stage){0};
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.changed, NULL);
	ck_assert_int_eq(httpd_start(&config, &stage.httpd, &err), STATUS_OK);
	stage.port = httpd_port(stage.httpd);
	ck_assert_int_ne(stage.port, 0);
}

static void set_up(void)
{
	start_with(8, 30);
}

static void tear_down(void)
{
	httpd_stop(stage.httpd);
	pthread_cond_destroy(&stage.changed);
	pthread_mutex_destroy(&stage.lock);
}

static void open_stage(void)
{
	pthread_mutex_lock(&stage.lock);
	stage.open = true;
	pthread_cond_broadcast(&stage.changed);
	pthread_mutex_unlock(&stage.lock);
}

static void wait_for_waiting(int count)
{
	pthread_mutex_lock(&stage.lock);
	while (stage.waiting < count)
		pthread_cond_wait(&stage.changed, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
}

START_TEST(target_is_as_it_was_sent)
{
	struct http_answer answer = http_get(stage.port, "http://h.example/a%2Fb//../c?d=%41");

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(buffer_text(&answer.body), "http://h.example/a%2Fb//../c?d=%41");
	http_assert_header(&answer, "X-Method", "GET");
	http_answer_release(&answer);
}
END_TEST

START_TEST(many_requests_share_a_connection)
{
	int fd = http_connect(stage.port);

	/* All at once, as apt does. */
	http_send(fd,
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /digits HTTP/1.1\r\nHost: h\r\n\r\n"
		"GET /missing HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
	for (size_t i = 0; i < 4; i++) {
		static const char *const bodies[] = {"/1", digits, "/missing", "/4"};
		struct http_answer answer = http_receive(fd);

		ck_assert_int_eq(answer.status, 200);
		ck_assert_str_eq(buffer_text(&answer.body), bodies[i]);
		http_answer_release(&answer);
	}
	close(fd);
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;

	http_send(fd,
		"HEAD /digits HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\n\r\n"
		"GET /digits HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\n\r\n");
	ck_assert(http_receive_head(fd, &answer));
	ck_assert_int_eq(answer.status, 200);
	http_assert_header(&answer, "Content-Length", "16");
	http_assert_header(&answer, "ETag", "\"tag\"");
	http_assert_header(&answer, "Last-Modified", "Sat, 11 Jul 2026 10:16:40 GMT");
	http_assert_header(&answer, "Accept-Ranges", "bytes");
	http_answer_release(&answer);
	/* What follows is the next answer, and nothing of a body. */
	answer = http_receive(fd);
	ck_assert_int_eq(answer.status, 206);
	http_assert_header(&answer, "Content-Range", "bytes 1-2/16");
	ck_assert_str_eq(buffer_text(&answer.body), "12");
	http_answer_release(&answer);
	close(fd);
}
END_TEST

static const struct {
	const char *headers;
	int status;
	const char *body;
	const char *content_range;
} ranges[] = {
	{"Range: bytes=0-0", 206, "0", "bytes 0-0/16"},
	{"Range: bytes=10-", 206, "abcdef", "bytes 10-15/16"},
	{"Range: bytes=10-99", 206, "abcdef", "bytes 10-15/16"},
	{"Range: bytes=-3", 206, "def", "bytes 13-15/16"},
	{"Range: bytes=-99", 206, digits, "bytes 0-15/16"},
	{"Range: bytes=16-", 416, "", "bytes */16"},
	{"Range: bytes=-0", 416, "", "bytes */16"},
	{"Range: bytes=99999999999999999999-", 200, digits, NULL},
	{"Range: bytes=5-2", 200, digits, NULL},
	{"Range: bytes=0-1,3-4", 200, digits, NULL},
	{"Range: bytes=x", 200, digits, NULL},
	{"Range: bytes=1-2x", 200, digits, NULL},
	{"Range: lines=1-2", 200, digits, NULL},
	{"Range: bytes=1-2\r\nIf-Range: \"tag\"", 206, "12", "bytes 1-2/16"},
	{"Range: bytes=1-2\r\nIf-Range: Sat, 11 Jul 2026 10:16:40 GMT", 206, "12", "bytes 1-2/16"},
	{"Range: bytes=1-2\r\nIf-Range: Sat, 11 Jul 2026 10:16:41 GMT", 200, digits, NULL},
	{"Range: bytes=1-2\r\nIf-Range: W/\"tag\"", 200, digits, NULL},
	{"If-Modified-Since: Sat, 11 Jul 2026 10:16:40 GMT", 304, "", NULL},
	{"If-Modified-Since: Sat, 11 Jul 2026 10:16:39 GMT", 200, digits, NULL},
	/* A client with a newer state must get the pinned one. */
	{"If-Modified-Since: Sun, 12 Jul 2026 10:16:40 GMT", 200, digits, NULL},
	{"If-None-Match: \"tag\"", 304, "", NULL},
	{"If-None-Match: \"a\", W/\"tag\" ,\"b\"", 304, "", NULL},
	{"If-None-Match: *", 304, "", NULL},
	{"If-None-Match: \"tagg\"", 200, digits, NULL},
	{"If-None-Match: \"x\"\r\nIf-Modified-Since: Sat, 11 Jul 2026 10:16:40 GMT", 200, digits,
		NULL},
};

START_TEST(ranges_and_conditions)
{
	char request[512];
	struct http_answer answer;

	snprintf(request, sizeof(request), "GET /digits HTTP/1.1\r\nHost: h\r\n%s\r\n",
		ranges[_i].headers);
	answer = http_ask(stage.port, request);
	ck_assert_int_eq(answer.status, ranges[_i].status);
	ck_assert_str_eq(buffer_text(&answer.body), ranges[_i].body);
	http_assert_header(&answer, "Content-Range", ranges[_i].content_range);
	http_answer_release(&answer);
}
END_TEST

START_TEST(an_empty_content_has_no_range)
{
	struct httpd_conditions conditions = {.range = "bytes=0-"};
	struct httpd_validators validators;
	struct httpd_range range;

	httpd_validators_init(&validators, NULL, -1);
	ck_assert_int_eq(httpd_conditions_judge(&conditions, &validators, 0, &range), 416);
	conditions.range = "bytes=-1";
	ck_assert_int_eq(httpd_conditions_judge(&conditions, &validators, 0, &range), 416);
	/* Without validators nothing is known to be current. */
	conditions = (struct httpd_conditions){.none_match = "\"\"", .modified_since = ""};
	ck_assert_int_eq(httpd_conditions_judge(&conditions, &validators, 0, &range), 200);
	conditions = (struct httpd_conditions){.range = "bytes=1-", .if_range = ""};
	ck_assert_int_eq(httpd_conditions_judge(&conditions, &validators, 9, &range), 200);
}
END_TEST

START_TEST(content_without_validators)
{
	struct http_answer answer = http_get(stage.port, "/untagged");

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(buffer_text(&answer.body), "0123");
	http_assert_header(&answer, "Content-Type", "x/y");
	http_assert_header(&answer, "ETag", NULL);
	http_answer_release(&answer);
	answer = http_ask(stage.port, "GET /untagged HTTP/1.1\r\nHost: h\r\nRange: bytes=3-\r\n");
	ck_assert_str_eq(buffer_text(&answer.body), "3");
	http_answer_release(&answer);
}
END_TEST

START_TEST(a_reader_cuts_the_connection)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;
	char c;

	http_send(fd, "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
	answer = http_receive(fd);
	ck_assert_int_eq(answer.status, 200);
	http_assert_header(&answer, "Content-Length", "1048576");
	ck_assert(!answer.is_whole);
	ck_assert_uint_gt(answer.body.len, 0);
	ck_assert_int_le(recv(fd, &c, 1, 0), 0);
	http_answer_release(&answer);
	close(fd);
}
END_TEST

START_TEST(a_handler_without_reply_is_an_error)
{
	ck_assert_int_eq(http_status(stage.port, "/nothing"), 500);
}
END_TEST

START_TEST(a_body_is_not_read)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;

	http_send(fd,
		"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\n"
		"GET /smuggled HTTP/1.1\r\n\r\n");
	answer = http_receive(fd);
	http_assert_header(&answer, "X-Method", "POST");
	http_assert_header(&answer, "Connection", "close");
	http_answer_release(&answer);
	answer = http_receive(fd);
	ck_assert_int_eq(answer.status, 0);
	close(fd);
	ck_assert_int_eq(stage.handled, 1);
}
END_TEST

START_TEST(large_headers_are_refused)
{
	struct buffer request = {0};
	struct http_answer answer;

	buffer_add_text(&request, "GET /large HTTP/1.1\r\nHost: h\r\nX-Large: ");
	for (size_t i = 0; i < 16384; i++)
		buffer_add_char(&request, 'x');
	buffer_add_text(&request, "\r\n");
	answer = http_ask(stage.port, buffer_text(&request));
	ck_assert_int_ne(answer.status, 200);
	http_answer_release(&answer);
	buffer_release(&request);
	ck_assert_int_eq(http_status(stage.port, "/next"), 200);
	/* It was told of, with what it was answered. */
	httpd_stop(stage.httpd);
	stage.httpd = NULL;
	ck_assert_int_ge(stage.rejected_status, 400);
	ck_assert_int_eq(stage.handled, 1);
}
END_TEST

static void *ask_waiting(void *context)
{
	int *status = context;

	*status = http_status(stage.port, "/wait");
	return NULL;
}

START_TEST(a_waiting_handler_holds_nobody)
{
	int status = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, ask_waiting, &status);
	wait_for_waiting(1);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(http_status(stage.port, "/other"), 200);
	open_stage();
	pthread_join(thread, NULL);
	ck_assert_int_eq(status, 200);
}
END_TEST

/* More clients than connections: the rest wait for their turn. */
START_TEST(connections_are_limited)
{
	enum {
		CLIENTS = 20
	};
	int status[CLIENTS] = {0};
	pthread_t threads[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&threads[i], NULL, ask_waiting, &status[i]);
	wait_for_waiting(8);
	ck_assert_int_eq(stage.handled, 8);
	open_stage();
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(status[i], 200);
	}
	ck_assert_int_eq(stage.handled, CLIENTS);
}
END_TEST

static void *stop_httpd(void *context)
{
	(void)context;
	httpd_stop(stage.httpd);
	return NULL;
}

START_TEST(stop_lets_running_requests_end)
{
	pthread_t asker, stopper;
	int status = 0;

	pthread_create(&asker, NULL, ask_waiting, &status);
	wait_for_waiting(1);
	pthread_create(&stopper, NULL, stop_httpd, NULL);
	open_stage();
	pthread_join(asker, NULL);
	pthread_join(stopper, NULL);
	stage.httpd = NULL;
	ck_assert_int_eq(status, 200);
}
END_TEST

/* A handler may wait for longer than a connection may be idle. */
START_TEST(waiting_is_not_idling)
{
	int status = 0;
	pthread_t thread;

	tear_down();
	start_with(8, 1);
	pthread_create(&thread, NULL, ask_waiting, &status);
	wait_for_waiting(1);
	sleep(3);
	open_stage();
	pthread_join(thread, NULL);
	ck_assert_int_eq(status, 200);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("httpd");
	TCase *tcase = tcase_create("httpd");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, target_is_as_it_was_sent);
	tcase_add_test(tcase, many_requests_share_a_connection);
	tcase_add_test(tcase, head_has_the_length_and_no_body);
	tcase_add_loop_test(tcase, ranges_and_conditions, 0, (int)ARRAY_SIZE(ranges));
	tcase_add_test(tcase, an_empty_content_has_no_range);
	tcase_add_test(tcase, content_without_validators);
	tcase_add_test(tcase, a_reader_cuts_the_connection);
	tcase_add_test(tcase, a_handler_without_reply_is_an_error);
	tcase_add_test(tcase, a_body_is_not_read);
	tcase_add_test(tcase, large_headers_are_refused);
	tcase_add_test(tcase, a_waiting_handler_holds_nobody);
	tcase_add_test(tcase, connections_are_limited);
	tcase_add_test(tcase, stop_lets_running_requests_end);
	tcase_add_test(tcase, waiting_is_not_idling);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
