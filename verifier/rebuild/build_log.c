/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/build_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/tempfile.h"

#define CHUNK_SIZE  ((size_t)128 * 1024)
#define SECRET_SIZE ((size_t)4) /* bytes of the shortest */
#define LOG_LEVEL   6		/* of zstd: logs are read seldom */

static const char replacement[] = "…";

/* What one pass over a log works with. */
struct log_pass {
	const struct text_list *secrets;
	struct log_end *end;
	struct tempfile kept;
	ZSTD_CCtx *compressor;
	struct buffer pending; /* read, and not yet known to hold no secret */
	struct buffer clear;   /* without secrets, to be kept */
	struct buffer line;    /* the beginning of the line that is being read */
	size_t line_len;       /* of all of it */
	size_t longest;	       /* secret */
	char chunk[CHUNK_SIZE], packed[CHUNK_SIZE];
};

const struct log_line *log_end_line(const struct log_end *end, uint64_t number)
{
	if (number == 0 || number > end->count || number + LOG_LINES <= end->count)
		return NULL;
	return &end->lines[(number - 1) % LOG_LINES];
}

void log_end_release(struct log_end *end)
{
	for (size_t i = 0; i < LOG_LINES; i++)
		free(end->lines[i].text);
	*end = (struct log_end){0};
}

static bool is_secret(const char *name, size_t len)
{
	static const char *const parts[] = {
		"TOKEN", "SECRET", "PASSW", "PASSPHRASE", "KEY", "CREDENTIAL", "AUTH"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t part = strlen(parts[i]);

		for (size_t at = 0; at + part <= len; at++)
			if (strncasecmp(name + at, parts[i], part) == 0)
				return true;
	}
	return false;
}

void log_secrets(const struct text_list *environment, struct text_list *secrets)
{
	for (size_t i = 0; i < environment->count; i++) {
		const char *equals = strchr(environment->items[i], '=');

		if (equals && strlen(equals + 1) >= SECRET_SIZE &&
			is_secret(environment->items[i], (size_t)(equals - environment->items[i])))
			text_list_add(secrets, equals + 1);
	}
}

static void line_end(struct log_pass *pass)
{
	struct log_line *line = &pass->end->lines[pass->end->count++ % LOG_LINES];

	free(line->text);
	line->is_cut = pass->line_len > pass->line.len;
	/* A pattern is looked for in a text, which ends at a NUL. */
	for (size_t i = 0; i < pass->line.len; i++)
		if (!pass->line.data[i])
			pass->line.data[i] = '?';
	line->text = xstrdup(buffer_text(&pass->line));
	buffer_clear(&pass->line);
	pass->line_len = 0;
}

static void lines_take(struct log_pass *pass, const char *data, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t part = newline ? (size_t)(newline - data) : len;
		size_t room = LOG_LINE_MAX - pass->line.len;

		buffer_add(&pass->line, data, part < room ? part : room);
		pass->line_len += part;
		if (!newline)
			return;
		line_end(pass);
		data += part + 1;
		len -= part + 1;
	}
}

void log_end_read(const char *data, size_t len, struct log_end *end)
{
	struct log_pass *pass = xcalloc(1, sizeof(*pass));

	pass->end = end;
	lines_take(pass, data, len);
	if (pass->line_len > 0)
		line_end(pass);
	buffer_release(&pass->line);
	free(pass);
}

static enum status compress(
	struct log_pass *pass, const char *data, size_t len, bool is_last, struct error *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {pass->packed, sizeof(pass->packed), 0};

		left = ZSTD_compressStream2(
			pass->compressor, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return error_set(
				err, STATUS_IO, "cannot compress: %s", ZSTD_getErrorName(left));
		if (tempfile_write(&pass->kept, pass->packed, out.pos, err) < 0)
			return err->status;
	} while (is_last ? left > 0 : in.pos < in.size);
	return STATUS_OK;
}

/* The length of the secret that begins here, 0 for none; the longest of several. */
static size_t secret_at(const struct text_list *secrets, const char *data, size_t len)
{
	size_t longest = 0;

	for (size_t i = 0; i < secrets->count; i++) {
		size_t size = strlen(secrets->items[i]);

		if (size > longest && size <= len && memcmp(data, secrets->items[i], size) == 0)
			longest = size;
	}
	return longest;
}

size_t log_longest(const struct text_list *secrets)
{
	size_t longest = 0;

	for (size_t i = 0; i < secrets->count; i++) {
		size_t len = strlen(secrets->items[i]);

		longest = len > longest ? len : longest;
	}
	return longest;
}

void log_hide(const struct text_list *secrets, const char *data, size_t len, size_t most,
	struct buffer *clear)
{
	size_t first = len > most ? len - most : 0;

	for (size_t at = 0; at < len;) {
		size_t secret = secret_at(secrets, data + at, len - at);

		if (at >= first && secret)
			buffer_add_text(clear, replacement);
		else if (at >= first)
			buffer_add_char(clear, data[at]);
		at += secret ? secret : 1;
	}
}

/* Moves to `clear` what cannot be the beginning of a secret any more. */
static void secrets_clear(struct log_pass *pass, bool is_last)
{
	size_t at = 0, len = pass->pending.len;

	buffer_clear(&pass->clear);
	while (at < len && (is_last || len - at >= pass->longest)) {
		size_t secret = secret_at(pass->secrets, pass->pending.data + at, len - at);

		if (secret)
			buffer_add_text(&pass->clear, replacement);
		else
			buffer_add_char(&pass->clear, pass->pending.data[at]);
		at += secret ? secret : 1;
	}
	if (at)
		memmove(pass->pending.data, pass->pending.data + at, len - at);
	buffer_truncate(&pass->pending, len - at);
}

static enum status chunk_take(struct log_pass *pass, size_t len, bool is_last, struct error *err)
{
	const char *data = pass->chunk;

	if (pass->longest) {
		buffer_add(&pass->pending, pass->chunk, len);
		secrets_clear(pass, is_last);
		data = buffer_text(&pass->clear);
		len = pass->clear.len;
	}
	lines_take(pass, data, len);
	return compress(pass, data, len, is_last, err);
}

static enum status pass_run(struct log_pass *pass, const char *plain, struct error *err)
{
	int fd = open(plain, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	enum status status = STATUS_OK;
	ssize_t got = 1;

	if (fd < 0)
		return error_set_errno(err, "%s", plain);
	while (status == STATUS_OK && got != 0) {
		got = read(fd, pass->chunk, sizeof(pass->chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = error_set_errno(err, "%s", plain);
		else
			status = chunk_take(pass, (size_t)got, got == 0, err);
	}
	if (pass->line_len > 0)
		line_end(pass);
	close(fd);
	return status;
}

enum status build_log_keep(const char *plain, const char *kept, const struct text_list *secrets,
	struct log_end *end, struct error *err)
{
	struct log_pass *pass = xcalloc(1, sizeof(*pass));
	enum status status;

	pass->secrets = secrets;
	pass->end = end;
	pass->kept = (struct tempfile)TEMPFILE_INIT;
	pass->compressor = ZSTD_createCCtx();
	pass->longest = log_longest(secrets);
	status = tempfile_open(&pass->kept, kept, 0600, err);
	if (status == STATUS_OK &&
		(!pass->compressor ||
			ZSTD_isError(ZSTD_CCtx_setParameter(
				pass->compressor, ZSTD_c_compressionLevel, LOG_LEVEL)) ||
			ZSTD_isError(
				ZSTD_CCtx_setParameter(pass->compressor, ZSTD_c_checksumFlag, 1))))
		status = error_set(err, STATUS_IO, "zstd cannot be set up");
	if (status == STATUS_OK)
		status = pass_run(pass, plain, err);
	if (status == STATUS_OK)
		status = tempfile_commit(&pass->kept, err);
	if (status == STATUS_OK && unlink(plain) < 0)
		status = error_set_errno(err, "cannot remove %s", plain);
	if (status < 0)
		error_context(err, "keeping the build's log");
	ZSTD_freeCCtx(pass->compressor);
	tempfile_release(&pass->kept);
	buffer_release(&pass->pending);
	buffer_release(&pass->clear);
	buffer_release(&pass->line);
	free(pass);
	return status;
}
