/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/httpd.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static struct httpd *httpd;
static char content[64] = "content";

static bool content_read(void *context, uint64_t offset, void *data, size_t len, bool last)
{
	(void)context;
	(void)last;
	if (offset > sizeof(content) || len > sizeof(content) - offset)
		abort();
	memcpy(data, content + offset, len);
	return true;
}

/* One that POSTs has its form's fields, every other the content, or the part that it wants. */
static void handle(void *context, struct httpd_request *request)
{
	const struct httpd_content all = {.size = sizeof(content),
		.type = "text/plain",
		.etag = "tag",
		.modified = 1700000000,
		.read = content_read};
	const char *field = httpd_form_field(request, "pkgs");

	(void)context;
	fuzz_accepted = true;
	if (field)
		httpd_reply_text(request, 200, "text/plain", field, strlen(field));
	else
		httpd_reply_content(request, &all);
}

static void stop(void)
{
	httpd_stop(httpd);
}

static void start(void)
{
	const struct httpd_config config = {.listen_fd = -1,
		.form_bytes = 4096,
		.header_bytes = 4096,
		.idle_seconds = 5,
		.handle = handle};
	struct error err;

	if (httpd_start(&config, &httpd, &err) < 0)
		abort();
	atexit(stop);
}

/* The bytes of a connection's requests, as a client sends them; what is answered is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[4096];

	if (!httpd)
		start();
	fuzz_accepted = false;
	address.sin_port = htons(httpd_port(httpd));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	/* A server that has closed takes no more. */
	for (size_t at = 0; at < size;) {
		ssize_t sent = send(fd, data + at, size - at, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, answer, sizeof(answer)) > 0)
		;
	close(fd);
	return 0;
}
