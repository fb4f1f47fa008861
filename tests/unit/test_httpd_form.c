/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/httpd.h"
#include "tests/unit/http_client.h"

/* A server that says what it read of a form: "A=value,B=-". */
struct stage {
	struct httpd *httpd;
	unsigned short port;
	int handled;
	int rejected_status;
};

#define LIMIT 1000

static struct stage stage;

static void handle(void *context, struct httpd_request *request)
{
	const char *a = httpd_form_field(request, "a"), *b = httpd_form_field(request, "b");
	char *text = xasprintf("a=%s,b=%s", a ? a : "-", b ? b : "-");

	(void)context;
	stage.handled++;
	httpd_reply_text(request, 200, "text/plain", text, strlen(text));
	free(text);
}

static void rejected(void *context, struct httpd_request *request, int status)
{
	(void)context;
	(void)request;
	stage.rejected_status = status;
}

static void set_up(void)
{
	struct httpd_config config = {.listen_fd = -1,
		.idle_seconds = 30,
		.form_bytes = LIMIT,
		.handle = handle,
		.rejected = rejected};
	struct error err;

	stage = (struct stage){0};
	ck_assert_int_eq(httpd_start(&config, &stage.httpd, &err), STATUS_OK);
	stage.port = httpd_port(stage.httpd);
}

static void tear_down(void)
{
	httpd_stop(stage.httpd);
}

static struct http_answer post(const char *type, const char *body)
{
	char *request = xasprintf("POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
		type, strlen(body), body);
	struct http_answer answer = http_ask(stage.port, request);

	free(request);
	return answer;
}

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART  "multipart/form-data; boundary=sep"
#define PART(name, value)                                                                          \
	"--sep\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" name             \
	"\"\r\n\r\n" value "\r\n"

static const struct {
	const char *type, *body, *expected;
} forms[] = {
	{URLENCODED, "a=1&b=2", "a=1,b=2"},
	{URLENCODED, "b=x%3Ay%3dz&a=q+r", "a=q r,b=x:y=z"},
	{URLENCODED, "a=1", "a=1,b=-"},
	{URLENCODED, "a=&b=2", "a=,b=2"},
	{URLENCODED, "a=1&a=2&b=3", "a=-,b=3"},
	{URLENCODED, "a=x%00y&b=3", "a=-,b=3"},
	{MULTIPART, PART("a", "1") PART("b", "2,3") "--sep--\r\n", "a=1,b=2,3"},
	{MULTIPART, PART("a", "") PART("b", "2") "--sep--\r\n", "a=,b=2"},
	{MULTIPART, PART("b", "two\r\nlines") "--sep--\r\n", "a=-,b=two\r\nlines"},
	{"text/plain", "a=1&b=2", "a=-,b=-"},
};

START_TEST(forms_are_read)
{
	struct http_answer answer = post(forms[_i].type, forms[_i].body);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(buffer_text(&answer.body), forms[_i].expected);
	http_answer_release(&answer);
	ck_assert_int_eq(stage.handled, 1);
}
END_TEST

/* In pieces of every size, over the end of a connection's window as well. */
START_TEST(a_form_may_come_in_pieces)
{
	const char *body = PART("a", "first") PART("b", "second") "--sep--\r\n";

	for (size_t cut = 1; cut < strlen(body); cut += 11) {
		int fd = http_connect(stage.port);
		char *head = xasprintf("POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: " MULTIPART
				       "\r\nContent-Length: %zu\r\n\r\n%.*s",
			strlen(body), (int)cut, body);
		struct http_answer answer;

		http_send(fd, head);
		http_send(fd, body + cut);
		answer = http_receive(fd);
		ck_assert_str_eq(buffer_text(&answer.body), "a=first,b=second");
		http_answer_release(&answer);
		/* The connection is still good for another one. */
		http_send(fd, "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
		answer = http_receive(fd);
		ck_assert_str_eq(buffer_text(&answer.body), "a=-,b=-");
		http_answer_release(&answer);
		free(head);
		close(fd);
	}
}
END_TEST

START_TEST(a_long_form_is_refused_unread)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;

	http_send(fd,
		"POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: " URLENCODED
		"\r\nContent-Length: 1001\r\n\r\n");
	answer = http_receive(fd);
	ck_assert_int_eq(answer.status, 413);
	http_answer_release(&answer);
	close(fd);
	httpd_stop(stage.httpd);
	stage.httpd = NULL;
	ck_assert_int_eq(stage.handled, 0);
	ck_assert_int_eq(stage.rejected_status, 413);
}
END_TEST

START_TEST(the_longest_form_is_read)
{
	char body[LIMIT + 1];
	struct http_answer answer;

	memset(body, 'x', LIMIT);
	body[LIMIT] = '\0';
	memcpy(body, "a=", 2);
	answer = post(URLENCODED, body);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.body.len, LIMIT + strlen(",b=-"));
	http_answer_release(&answer);
}
END_TEST

/* One that does not say how long it is. */
START_TEST(an_endless_form_is_cut)
{
	int fd = http_connect(stage.port);
	struct http_answer answer;
	char chunk[600];

	memset(chunk, 'x', sizeof(chunk) - 1);
	chunk[sizeof(chunk) - 1] = '\0';
	http_send(fd,
		"POST /x HTTP/1.1\r\nHost: h\r\nContent-Type: " URLENCODED
		"\r\nTransfer-Encoding: chunked\r\n\r\n257\r\n");
	http_send(fd, chunk);
	http_send(fd, "\r\n257\r\n");
	http_send(fd, chunk);
	answer = http_receive(fd);
	ck_assert_int_ne(answer.status, 200);
	http_answer_release(&answer);
	close(fd);
	httpd_stop(stage.httpd);
	stage.httpd = NULL;
	ck_assert_int_eq(stage.handled, 0);
	ck_assert_int_eq(stage.rejected_status, 413);
}
END_TEST

static const struct {
	const char *type, *body;
} bad_forms[] = {
	{MULTIPART, PART("a", "1") PART("b", "2")},
	{MULTIPART, "--sep\r\nContent-Disposition: form-data; na"},
};

START_TEST(a_form_without_its_end_is_refused)
{
	struct http_answer answer = post(bad_forms[_i].type, bad_forms[_i].body);

	ck_assert_int_eq(answer.status, 400);
	http_answer_release(&answer);
	ck_assert_int_eq(stage.handled, 0);
}
END_TEST

START_TEST(too_many_fields_are_refused)
{
	struct buffer body = {0};
	struct http_answer answer;

	for (int i = 0; i < 100; i++)
		buffer_add_format(&body, "f%d=1&", i);
	answer = post(URLENCODED, buffer_text(&body));
	ck_assert_int_ne(answer.status, 200);
	http_answer_release(&answer);
	buffer_release(&body);
	ck_assert_int_eq(stage.handled, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("httpd_form");
	TCase *tcase = tcase_create("httpd_form");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, forms_are_read, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(tcase, a_form_may_come_in_pieces);
	tcase_add_test(tcase, a_long_form_is_refused_unread);
	tcase_add_test(tcase, the_longest_form_is_read);
	tcase_add_test(tcase, an_endless_form_is_cut);
	tcase_add_loop_test(tcase, a_form_without_its_end_is_refused, 0,
		sizeof(bad_forms) / sizeof(bad_forms[0]));
	tcase_add_test(tcase, too_many_fields_are_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
