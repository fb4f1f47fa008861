/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"

#define REDIRECTS 5L
/* A small body of an error is read to keep the connection; a larger one is not worth it. */
#define ERROR_BODY_LIMIT ((uint64_t)64 * 1024)

/* ---- the answer's head ---- */

static const char *header(struct fetch_job *job, const char *name)
{
	struct curl_header *found = NULL;

	if (curl_easy_header(job->attempt.easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
		return "";
	return found->value;
}

static enum fetch_outcome refuse(
	struct fetch_job *job, enum fetch_outcome outcome, enum status status, const char *why)
{
	char *url = escape_url_secrets(job->urls->items[job->url]);

	error_set(&job->error, status, "%.400s: %s", url, why);
	free(url);
	return outcome;
}

static void note_validators(struct fetch_job *job)
{
	const char *etag = header(job, "ETag");

	/* Only a strong one says that the bytes are the same. */
	if (strncmp(etag, "W/", 2) == 0 || strlen(etag) >= sizeof(job->etag))
		etag = "";
	snprintf(job->etag, sizeof(job->etag), "%s", etag);
	snprintf(job->modified, sizeof(job->modified), "%s", header(job, "Last-Modified"));
}

static enum fetch_outcome wrong_size(struct fetch_job *job, uint64_t size)
{
	char why[160];

	if (job->expected == NULL) {
		snprintf(why, sizeof(why), "is larger than the %ju bytes allowed",
			(uintmax_t)job->limit);
		return refuse(job, FETCH_NEXT_URL, STATUS_LIMIT, why);
	}
	snprintf(why, sizeof(why), "has %s%ju bytes, expected %ju: refused",
		size > job->limit ? "at least " : "", (uintmax_t)size, (uintmax_t)job->limit);
	return refuse(job, FETCH_WRONG, STATUS_TRUST, why);
}

/*
 * Is the end of the body visible? With HTTP/1.0 it may be just the end of the connection, and then
 * a cut cannot be told from a whole file.
 */
static bool is_framed(struct fetch_job *job, curl_off_t length)
{
	long version = 0;

	if (length >= 0 || strcasecmp(header(job, "Transfer-Encoding"), "chunked") == 0)
		return true;
	curl_easy_getinfo(job->attempt.easy, CURLINFO_HTTP_VERSION, &version);
	return version != CURL_HTTP_VERSION_1_0 && version != CURL_HTTP_VERSION_1_1;
}

static enum fetch_outcome check_whole(struct fetch_job *job, bool is_http)
{
	curl_off_t length = -1;
	enum fetch_outcome outcome = FETCH_RUNNING;

	/* The server took no notice of the range, or says by this that the file has changed. */
	if (job->length > 0)
		outcome = fetch_part_restart(job);
	if (outcome != FETCH_RUNNING)
		return outcome;
	curl_easy_getinfo(job->attempt.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (length >= 0 && job->expected != NULL && (uint64_t)length != job->limit)
		return wrong_size(job, (uint64_t)length);
	if (length >= 0 && (uint64_t)length > job->limit)
		return wrong_size(job, (uint64_t)length);
	if (is_http && job->expected == NULL && !is_framed(job, length))
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK,
			"the server does not say where the file ends, so a cut would not show");
	if (is_http)
		note_validators(job);
	return FETCH_RUNNING;
}

/* "bytes 100-199/200"; the total may be "*". */
static bool parse_content_range(const char *text, uint64_t *first, uint64_t *last, uint64_t *total)
{
	const char *numbers = strchr(text, ' ');
	char *end;

	if (strncasecmp(text, "bytes ", 6) != 0 || numbers == NULL || strlen(numbers) > 60 ||
		strspn(numbers, " 0123456789-/*") != strlen(numbers))
		return false;
	*first = strtoull(numbers, &end, 10);
	if (end == numbers || *end != '-')
		return false;
	numbers = end + 1;
	*last = strtoull(numbers, &end, 10);
	if (end == numbers || *end != '/')
		return false;
	numbers = end + 1;
	*total = UINT64_MAX;
	if (strcmp(numbers, "*") == 0)
		return true;
	*total = strtoull(numbers, &end, 10);
	return end != numbers && *end == '\0';
}

/* Does the rest belong to the file whose beginning is in the part? */
static enum fetch_outcome check_rest(struct fetch_job *job)
{
	const char *etag = header(job, "ETag"), *modified = header(job, "Last-Modified");
	uint64_t first = 0, last = 0, total = 0;

	if (job->attempt.range == 0)
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK,
			"the server sent a part, but the whole was asked for");
	if (!parse_content_range(header(job, "Content-Range"), &first, &last, &total) ||
		first != job->length || last < first)
		return refuse(job, FETCH_RESTART, STATUS_NETWORK,
			"the server sent another part than was asked for");
	if (job->expected != NULL && total != UINT64_MAX && total != job->limit)
		return wrong_size(job, total);
	if (job->etag[0] != '\0' && strcmp(job->etag, etag) != 0 &&
		(*etag != '\0' || job->expected == NULL))
		return refuse(job, FETCH_RESTART, STATUS_NETWORK,
			"the file changed while it was fetched (ETag)");
	if (job->modified[0] != '\0' && strcmp(job->modified, modified) != 0 &&
		(*modified != '\0' || (job->expected == NULL && job->etag[0] == '\0')))
		return refuse(job, FETCH_RESTART, STATUS_NETWORK,
			"the file changed while it was fetched (Last-Modified)");
	/* The end of this answer need not be the end of the file. */
	if (total != UINT64_MAX && last + 1 != total)
		return refuse(job, FETCH_RESTART, STATUS_NETWORK,
			"the server sent another part than was asked for");
	/* Nothing vouches for the two pieces but the hash of the whole. */
	if (job->etag[0] == '\0' && job->modified[0] == '\0')
		job->is_mixed = true;
	return FETCH_RUNNING;
}

static long response_code(struct fetch_job *job)
{
	long code = 0;

	curl_easy_getinfo(job->attempt.easy, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

/* Once an answer, before the first byte of its body. */
static enum fetch_outcome check_head(struct fetch_job *job)
{
	long code = response_code(job);

	if (code == 0 || code == 200 || (code == 404 && job->form != NULL))
		return check_whole(job, code != 0);
	if (code == 206)
		return check_rest(job);
	return FETCH_RUNNING;
}

/* Whose body is taken. */
static bool is_success(const struct fetch_job *job, long code)
{
	return code == 0 || code == 200 || code == 206 || (code == 404 && job->form != NULL);
}

/* Any other return than `len` makes curl stop. */
static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct fetch_job *job = context;
	struct fetch_attempt *attempt = &job->attempt;
	size_t len = size * count;

	if (!attempt->is_head_checked) {
		attempt->is_head_checked = true;
		attempt->outcome = check_head(job);
	}
	if (attempt->outcome != FETCH_RUNNING)
		return 0;
	if (!is_success(job, response_code(job))) {
		attempt->discarded += len;
		return attempt->discarded > ERROR_BODY_LIMIT ? 0 : len;
	}
	if (len > job->limit - job->length) {
		attempt->outcome = wrong_size(job, job->length + len);
		return 0;
	}
	if (store_part_write(job->store, &job->part, data, len, &job->error) != STATUS_OK) {
		attempt->outcome = FETCH_FATAL;
		return 0;
	}
	content_hash_update(&job->hash, data, len);
	job->length += len;
	job->batch->bytes += len;
	return len;
}

/* ---- one attempt ---- */

static void set_range(struct fetch_job *job)
{
	struct fetch_attempt *attempt = &job->attempt;
	const char *validator = job->etag[0] != '\0' ? job->etag : job->modified;
	char range[32];
	char *condition;

	snprintf(range, sizeof(range), "%ju-", (uintmax_t)job->length);
	curl_easy_setopt(attempt->easy, CURLOPT_RANGE, range);
	attempt->range = job->length;
	if (*validator == '\0')
		return;
	condition = xasprintf("If-Range: %s", validator);
	attempt->headers = curl_slist_append(NULL, condition);
	curl_easy_setopt(attempt->easy, CURLOPT_HTTPHEADER, attempt->headers);
	free(condition);
}

/* Sends the form, also to where a redirect leads. */
static void set_form(struct fetch_job *job)
{
	struct fetch_attempt *attempt = &job->attempt;

	attempt->mime = curl_mime_init(attempt->easy);
	for (size_t i = 0; i < job->form->count; i++) {
		const struct fetch_field *field = &job->form->fields[i];
		curl_mimepart *part = curl_mime_addpart(attempt->mime);

		curl_mime_name(part, field->name);
		curl_mime_filename(part, field->name);
		curl_mime_data(part, field->value, CURL_ZERO_TERMINATED);
	}
	curl_easy_setopt(attempt->easy, CURLOPT_MIMEPOST, attempt->mime);
	curl_easy_setopt(attempt->easy, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
}

static enum fetch_outcome prepare_part(struct fetch_job *job, const char *url)
{
	/* Without a validator, only a digest at the end can say whether two pieces fit. */
	bool can_resume = strncmp(url, "file:", 5) != 0 && job->form == NULL &&
		(job->expected != NULL || job->etag[0] || job->modified[0]);

	if (job->part.fd < 0) {
		enum fetch_outcome outcome = fetch_part_open(job);

		if (outcome != FETCH_RUNNING)
			return outcome;
	}
	if (job->length > 0 && (!can_resume || job->length >= job->limit))
		return fetch_part_restart(job);
	return FETCH_RUNNING;
}

enum fetch_outcome fetch_attempt_start(
	struct fetch_job *job, const char *url, const struct fetch_options *options)
{
	struct fetch_attempt *attempt = &job->attempt;
	enum fetch_outcome outcome = prepare_part(job, url);
	/* What only TLS vouches for may not be redirected to where nothing does. */
	bool keep_tls = job->expected == NULL && strncasecmp(url, "https:", 6) == 0;

	*attempt = (struct fetch_attempt){.retry_after = -1,
		.started = clock_monotonic(),
		.least_rate = fetch_job_least_rate(job, options)};
	if (outcome != FETCH_RUNNING)
		return outcome;
	attempt->easy = curl_easy_init();
	if (attempt->easy == NULL ||
		curl_easy_setopt(attempt->easy, CURLOPT_PROTOCOLS_STR, "http,https,file") !=
			CURLE_OK ||
		curl_easy_setopt(attempt->easy, CURLOPT_REDIR_PROTOCOLS_STR,
			keep_tls ? "https" : "http,https") != CURLE_OK) {
		error_set(&job->error, STATUS_IO, "libcurl cannot be set up");
		return FETCH_FATAL;
	}
	curl_easy_setopt(attempt->easy, CURLOPT_URL, url);
	curl_easy_setopt(attempt->easy, CURLOPT_USERAGENT, "reproof/" REPROOF_VERSION);
	curl_easy_setopt(attempt->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(attempt->easy, CURLOPT_MAXREDIRS, REDIRECTS);
	curl_easy_setopt(attempt->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(attempt->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(attempt->easy, CURLOPT_CONNECTTIMEOUT, (long)options->timeout_seconds);
	curl_easy_setopt(attempt->easy, CURLOPT_LOW_SPEED_LIMIT, attempt->least_rate);
	curl_easy_setopt(attempt->easy, CURLOPT_LOW_SPEED_TIME, (long)options->timeout_seconds);
	curl_easy_setopt(attempt->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(attempt->easy, CURLOPT_WRITEDATA, job);
	curl_easy_setopt(attempt->easy, CURLOPT_PRIVATE, job);
	if (job->form != NULL)
		set_form(job);
	if (job->length > 0)
		set_range(job);
	return FETCH_RUNNING;
}

void fetch_attempt_release(struct fetch_job *job)
{
	curl_easy_cleanup(job->attempt.easy);
	curl_slist_free_all(job->attempt.headers);
	curl_mime_free(job->attempt.mime);
	job->attempt.easy = NULL;
	job->attempt.mime = NULL;
	job->attempt.headers = NULL;
}

/* Seconds, or a date, which is measured by the server's own clock where it tells it. */
static double parse_retry_after(struct fetch_job *job)
{
	const char *text = header(job, "Retry-After");
	size_t digits = strspn(text, "0123456789");
	time_t when, now;

	if (*text == '\0')
		return -1;
	if (digits == strlen(text))
		return digits > 9 ? 1e9 : (double)strtoul(text, NULL, 10);
	when = curl_getdate(text, NULL);
	if (when < 0)
		return -1;
	now = curl_getdate(header(job, "Date"), NULL);
	if (now < 0)
		now = (time_t)clock_now();
	return when > now ? (double)(when - now) : 0;
}

static enum fetch_outcome judge_code(struct fetch_job *job, long code)
{
	char why[64];

	snprintf(why, sizeof(why), "the server answers %ld", code);
	switch (code) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		job->attempt.retry_after = parse_retry_after(job);
		return refuse(job, FETCH_RETRY, STATUS_NETWORK, why);
	case 404:
	case 410:
		return refuse(job, FETCH_NEXT_URL, STATUS_NOT_FOUND, why);
	case 416:
		/* The part is longer than the file there, so it is of another one. */
		if (job->attempt.range > 0)
			return refuse(job, FETCH_RESTART, STATUS_NETWORK, why);
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK, why);
	default:
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK, why);
	}
}

/* What a proxy refuses to reach it will refuse again; true when it said so. */
static bool is_refused_by_proxy(const struct fetch_job *job, char why[64])
{
	long answer = 0;

	curl_easy_getinfo(job->attempt.easy, CURLINFO_HTTP_CONNECTCODE, &answer);
	snprintf(why, 64, "the proxy refuses to connect (%ld)", answer);
	return answer >= 400 && answer < 500 && answer != 408 && answer != 429;
}

/* Why a file of a file: URL cannot be read; libcurl does not tell. 0: nothing says why. */
static int file_trouble(const char *url)
{
	CURLU *parsed = curl_url();
	char *path = NULL;
	int why = 0;

	if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_PATH, &path, CURLU_URLDECODE) == CURLUE_OK &&
		faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		why = errno;
	curl_free(path);
	curl_url_cleanup(parsed);
	return why;
}

/* Only what is not there is absent: for that, another file may be taken in its place. */
static enum fetch_outcome judge_file(struct fetch_job *job)
{
	int trouble = file_trouble(job->urls->items[job->url]);
	bool is_absent = trouble == ENOENT || trouble == ENOTDIR;
	char why[128];

	snprintf(why, sizeof(why), "cannot be read%s%s", trouble ? ": " : "",
		trouble ? strerror(trouble) : "");
	return refuse(job, FETCH_NEXT_URL, is_absent ? STATUS_NOT_FOUND : STATUS_NETWORK, why);
}

static enum fetch_outcome judge_trouble(struct fetch_job *job, CURLcode code)
{
	const char *why = curl_easy_strerror(code);
	curl_off_t until_request = 0;
	char refusal[64];

	if (is_refused_by_proxy(job, refusal))
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK, refusal);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		job->attempt.is_host_at_fault = true;
		return refuse(job, FETCH_RETRY, STATUS_NETWORK, why);
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(job->attempt.easy, CURLINFO_PRETRANSFER_TIME_T, &until_request);
		job->attempt.is_host_at_fault = until_request == 0;
		if (until_request == 0 || job->attempt.least_rate == 1)
			return refuse(job, FETCH_RETRY, STATUS_NETWORK, why);
		snprintf(refusal, sizeof(refusal), "it came with less than %ld bytes a second",
			job->attempt.least_rate);
		return refuse(job, FETCH_ASIDE, STATUS_NETWORK, refusal);
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
		return refuse(job, FETCH_RETRY, STATUS_NETWORK, why);
	case CURLE_FILE_COULDNT_READ_FILE:
		return judge_file(job);
	default:
		return refuse(job, FETCH_NEXT_URL, STATUS_NETWORK, why);
	}
}

static enum fetch_outcome check_bytes(struct fetch_job *job)
{
	char expected_hex[SHA256_HEX_SIZE], found_hex[SHA256_HEX_SIZE], why[256];

	if (job->expected != NULL && job->length != job->limit)
		return wrong_size(job, job->length);
	content_hash_finish(&job->hash, &job->found, &job->found_sha1);
	if (job->expected == NULL || digest_equal(&job->found, job->expected))
		return FETCH_COMPLETE;
	/* Of two pieces either may be wrong; but once all of them are from here, so is the fault.
	 */
	if ((job->is_mixed || job->attempt.range > 0) && !job->is_restarted) {
		job->is_restarted = true;
		job->best = 0;
		return refuse(job, FETCH_RESTART, STATUS_NETWORK,
			"the pieces that were fetched are not of one file");
	}
	digest_hex(job->expected, expected_hex);
	digest_hex(&job->found, found_hex);
	snprintf(why, sizeof(why), "has sha256 %s, expected %s: refused", found_hex, expected_hex);
	return refuse(job, FETCH_WRONG, STATUS_TRUST, why);
}

enum fetch_outcome fetch_attempt_finish(struct fetch_job *job, CURLcode code)
{
	struct fetch_attempt *attempt = &job->attempt;
	long response = response_code(job);
	char *url = NULL;

	if (attempt->outcome != FETCH_RUNNING)
		return attempt->outcome;
	/* A body that was given up changes nothing about the code above it. */
	if (!is_success(job, response) && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
		return judge_code(job, response);
	if (code != CURLE_OK)
		return judge_trouble(job, code);
	if (!attempt->is_head_checked) {
		attempt->is_head_checked = true;
		attempt->outcome = check_head(job);
		if (attempt->outcome != FETCH_RUNNING)
			return attempt->outcome;
	}
	curl_easy_getinfo(attempt->easy, CURLINFO_EFFECTIVE_URL, &url);
	free(job->served);
	job->served = xstrdup(url != NULL ? url : job->urls->items[job->url]);
	job->code = response;
	return check_bytes(job);
}
