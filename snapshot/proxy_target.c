/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/proxy_target.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/number.h"

/* One component, decoded behind what is in `path`. */
static enum status add_component(
	const char *text, size_t len, struct buffer *path, struct error *err)
{
	size_t start = path->len;

	buffer_add_char(path, '/');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return error_set(err, STATUS_FORMAT, "a broken %% escape");
			c = (unsigned char)(high * 16 + low);
			if (c == '/')
				return error_set(err, STATUS_FORMAT, "an encoded slash");
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return error_set(err, STATUS_FORMAT, "a control character");
		buffer_add_char(path, (char)c);
	}
	if (strcmp(path->data + start, "/..") == 0)
		return error_set(err, STATUS_FORMAT, "a \"..\" component");
	if (path->len == start + 1 || strcmp(path->data + start, "/.") == 0)
		buffer_truncate(path, start);
	return STATUS_OK;
}

enum status proxy_path_normalise(const char *text, size_t len, char **path, struct error *err)
{
	struct buffer out = {0};
	enum status status = STATUS_OK;
	size_t at = 0;

	*path = NULL;
	if (len == 0 || text[0] != '/')
		return error_set(err, STATUS_FORMAT, "no slash at the path's start");
	while (status == STATUS_OK && at < len) {
		const char *slash;
		size_t component;

		at++;
		slash = memchr(text + at, '/', len - at);
		component = slash ? (size_t)(slash - (text + at)) : len - at;
		status = add_component(text + at, component, &out, err);
		at += component;
	}
	/* A directory keeps its slash: it is another thing than a file of that name. */
	if (out.len == 0 || text[len - 1] == '/')
		buffer_add_char(&out, '/');
	if (status == STATUS_OK)
		*path = buffer_detach(&out);
	buffer_release(&out);
	return status;
}

static bool is_host_character(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(".-_:[]", c));
}

/* `at` stands behind "http://"; gives the host and where the path begins. */
static enum status parse_host(
	const char *at, struct proxy_target *target, const char **path, struct error *err)
{
	size_t len = strcspn(at, "/?#");
	const char *user = NULL;

	*path = at + len;
	for (size_t i = 0; i < len; i++)
		if (at[i] == '@')
			user = at + i;
	if (user) {
		len -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	for (size_t i = 0; i < len; i++)
		if (!is_host_character(at[i]))
			return error_set(err, STATUS_FORMAT, "a host that is none");
	if (len == 0)
		return error_set(err, STATUS_FORMAT, "no host");
	free(target->host);
	target->host = xstrndup(at, len);
	for (char *c = target->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return STATUS_OK;
}

enum status proxy_target_parse(const char *text, struct proxy_target *target, struct error *err)
{
	const char *path = text;

	target->host = xstrdup("");
	target->path = NULL;
	if (text[0] != '/') {
		const char *scheme_end = strstr(text, "://");

		if (!scheme_end)
			return error_set(err, STATUS_FORMAT, "neither a path nor a URL");
		if (parse_host(scheme_end + 3, target, &path, err) != STATUS_OK)
			return err->status;
		if (strncasecmp(text, "http://", 7) != 0)
			return error_set(
				err, STATUS_UNSUPPORTED, "only http:// is answered from the pin");
		if (*path != '/')
			path = "/";
	}
	return proxy_path_normalise(path, strcspn(path, "?#"), &target->path, err);
}

void proxy_target_release(struct proxy_target *target)
{
	free(target->host);
	free(target->path);
	*target = (struct proxy_target){0};
}

const char *proxy_url_path(const char *url)
{
	const char *at = NULL;

	if (strncasecmp(url, "http://", 7) == 0)
		at = url + 7;
	else if (strncasecmp(url, "https://", 8) == 0)
		at = url + 8;
	return at ? at + strcspn(at, "/?#") : NULL;
}
