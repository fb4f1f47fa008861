/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/opening.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define GIT_PORT 9418 /* git-daemon(1); libcurl knows those of http and https */

struct opening opening_of_ports(unsigned short inside, unsigned short outside)
{
	struct opening opening = {0};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	address.sin_port = htons(inside);
	memcpy(&opening.inside, &address, sizeof(address));
	address.sin_port = htons(outside);
	memcpy(&opening.outside, &address, sizeof(address));
	return opening;
}

/* 127.0.0.0/8, ::1 in brackets, and the name that this host's /etc/hosts has for the first. */
static bool loopback_parse(const char *host, unsigned short port, struct sockaddr_storage *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (strcasecmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1 && ntohl(v4.sin_addr.s_addr) >> 24 == 127) {
		memcpy(address, &v4, sizeof(v4));
		return true;
	}
	if (strcmp(host, "[::1]") != 0)
		return false;
	v6.sin6_addr = in6addr_loopback;
	memcpy(address, &v6, sizeof(v6));
	return true;
}

bool opening_of_url(const char *url, struct opening *opening)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL, *scheme = NULL;
	bool is_loopback = false;

	*opening = (struct opening){0};
	if (parts &&
		curl_url_set(parts, CURLUPART_URL, url,
			CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
		is_loopback = loopback_parse(host,
			(unsigned short)(port ? strtoul(port, NULL, 10) : GIT_PORT),
			&opening->inside);
		opening->outside = opening->inside;
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(parts);
	return is_loopback;
}

socklen_t opening_address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in);
}

unsigned short opening_port(const struct sockaddr_storage *address)
{
	/* At the same place in both. */
	return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

bool opening_equal(const struct opening *a, const struct opening *b)
{
	return memcmp(&a->inside, &b->inside, sizeof(a->inside)) == 0;
}

enum status opening_listen(const struct sockaddr_storage *address, int *fd, struct error *err)
{
	int one = 1;
	int listener = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (listener < 0)
		return error_set_errno(err, "cannot make a socket");
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(listener, (const struct sockaddr *)address, opening_address_size(address)) <
			0 ||
		listen(listener, SOMAXCONN) < 0) {
		error_set_errno(err, "cannot listen on port %u of loopback", opening_port(address));
		close(listener);
		return err->status;
	}
	*fd = listener;
	return STATUS_OK;
}
