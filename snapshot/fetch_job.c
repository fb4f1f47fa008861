/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"

/* An attempt that brought so much has got on, and is no failure. */
#define PROGRESS_BYTES ((uint64_t)64 * 1024)

/* ---- servers ---- */

/* By scheme, host and port; whose user-info it is makes no difference. */
static struct fetch_host *host_of_url(struct fetcher *fetcher, const char *url)
{
	char *shown = escape_url_secrets(url);
	const char *authority = strstr(shown, "://");
	size_t len = authority == NULL
		? strlen(shown)
		: (size_t)(authority - shown) + 3 + strcspn(authority + 3, "/?#");
	struct fetch_host *host;

	shown[len] = '\0';
	for (host = fetcher->hosts; host != NULL; host = host->next) {
		if (strcmp(host->name, shown) == 0) {
			free(shown);
			return host;
		}
	}
	host = xcalloc(1, sizeof(*host));
	host->name = shown;
	host->next = fetcher->hosts;
	fetcher->hosts = host;
	return host;
}

/* 1, 2, 4, … seconds; no dice: two runs that meet the same trouble do the same. */
static double backoff(const struct fetcher *fetcher, unsigned attempts)
{
	double seconds = attempts > 16 ? 65536 : (double)(1U << (attempts - 1));

	return seconds < fetcher->options.retry_seconds ? seconds : fetcher->options.retry_seconds;
}

/*
 * Files that fail together count once: only an attempt begun after the last failure says something
 * new about the server.
 */
static void host_note(struct fetcher *fetcher, struct fetch_job *job, enum fetch_outcome outcome)
{
	struct fetch_host *host = job->host;
	double now = clock_monotonic();

	if (!job->attempt.is_host_at_fault)
		host->failures = 0;
	else if (job->attempt.started >= host->failed_at) {
		host->failures++;
		host->failed_at = now;
		host->not_before = now + backoff(fetcher, host->failures);
		snprintf(host->reason, sizeof(host->reason), "%.60s does not answer", host->name);
	}
	if (outcome == FETCH_RETRY && job->attempt.retry_after > 0 &&
		host->not_before < now + job->attempt.retry_after) {
		host->not_before = now + job->attempt.retry_after;
		snprintf(host->reason, sizeof(host->reason),
			"%.60s asks to wait %.0f s, more than the %u s allowed", host->name,
			job->attempt.retry_after, fetcher->options.retry_seconds);
	}
}

bool fetch_host_is_down(const struct fetcher *fetcher, const struct fetch_host *host, double now)
{
	return (host->failures >= fetcher->options.attempts &&
		       now < host->failed_at + fetcher->options.retry_seconds) ||
		host->not_before > now + fetcher->options.retry_seconds;
}

/* ---- jobs ---- */

static void job_settle(struct fetcher *fetcher, struct fetch_job *job)
{
	if (job->previous != NULL)
		job->previous->next = job->next;
	else
		fetcher->first = job->next;
	if (job->next != NULL)
		job->next->previous = job->previous;
	else
		fetcher->last = job->previous;
	job->previous = job->next = NULL;
	fetch_part_release(job);
	job->batch->open--;
	fetcher->is_settled = true;
}

static void job_done(struct fetcher *fetcher, struct fetch_job *job)
{
	if (job->item != NULL)
		job->item->done = true;
	job->worst.status = STATUS_OK;
	job_settle(fetcher, job);
}

void fetch_job_fatal(struct fetcher *fetcher, struct fetch_job *job)
{
	job->worst = job->error;
	if (job->batch->fatal.status == STATUS_OK)
		job->batch->fatal = job->error;
	job_settle(fetcher, job);
}

/* What says most about why a file cannot be had: a place without it says least. */
static int failure_weight(enum status status)
{
	switch (status) {
	case STATUS_OK:
		return 0;
	case STATUS_NOT_FOUND:
		return 1;
	case STATUS_TRUST:
		return 3;
	default:
		return 2;
	}
}

void fetch_job_next_url(struct fetcher *fetcher, struct fetch_job *job)
{
	/* Of two like failures the first: places are in the order the user gave them. */
	if (failure_weight(job->error.status) > failure_weight(job->worst.status))
		job->worst = job->error;
	job->url++;
	job->attempts = 0;
	job->not_before = 0;
	/* Another server's validators mean nothing here. */
	job->is_mixed = job->length > 0;
	job->is_restarted = false;
	job->etag[0] = '\0';
	job->modified[0] = '\0';
	if (job->url < job->urls->count)
		job->host = host_of_url(fetcher, job->urls->items[job->url]);
	else
		job_settle(fetcher, job);
}

static void job_complete(struct fetcher *fetcher, struct fetch_job *job)
{
	if (store_part_commit(job->store, &job->part, &job->found, &job->error) != STATUS_OK) {
		hash_release(&job->hash);
		fetch_job_fatal(fetcher, job);
		return;
	}
	hash_release(&job->hash);
	job_done(fetcher, job);
}

static void job_retry(struct fetcher *fetcher, struct fetch_job *job, bool at_once)
{
	/* What came on is no failed try, as long as each one brings the end nearer. */
	if (job->length >= job->best + PROGRESS_BYTES) {
		job->best = job->length;
		job->attempts = 1;
	}
	if (job->attempts >= fetcher->options.attempts) {
		error_context(&job->error, "%u tries", job->attempts);
		fetch_job_next_url(fetcher, job);
		return;
	}
	job->not_before = clock_monotonic();
	if (job->attempt.retry_after > 0)
		job->not_before += job->attempt.retry_after;
	else if (!at_once)
		job->not_before += backoff(fetcher, job->attempts);
}

static void job_act(struct fetcher *fetcher, struct fetch_job *job, enum fetch_outcome outcome)
{
	/* A restart that cannot empty its part is the end. */
	if ((outcome == FETCH_RESTART || outcome == FETCH_WRONG) && job->part.fd >= 0 &&
		fetch_part_restart(job) == FETCH_FATAL)
		outcome = FETCH_FATAL;
	switch (outcome) {
	case FETCH_COMPLETE:
		job_complete(fetcher, job);
		break;
	case FETCH_RETRY:
	case FETCH_RESTART:
		job_retry(fetcher, job, outcome == FETCH_RESTART);
		break;
	case FETCH_NEXT_URL:
	case FETCH_WRONG:
		fetch_job_next_url(fetcher, job);
		break;
	case FETCH_RUNNING:
	case FETCH_FATAL:
		fetch_job_fatal(fetcher, job);
		break;
	}
}

void fetch_job_finish(struct fetcher *fetcher, struct fetch_job *job, CURLcode code)
{
	enum fetch_outcome outcome = fetch_attempt_finish(job, code);

	host_note(fetcher, job, outcome);
	curl_multi_remove_handle(fetcher->multi, job->attempt.easy);
	fetch_attempt_release(job);
	job->is_active = false;
	fetcher->active--;
	job_act(fetcher, job, outcome);
}

void fetch_job_start(struct fetcher *fetcher, struct fetch_job *job)
{
	enum fetch_outcome outcome;

	if (job->expected != NULL && store_has(job->store, job->expected)) {
		job->batch->bytes += job->limit - job->length;
		job_done(fetcher, job);
		return;
	}
	job->attempts++;
	outcome = fetch_attempt_start(job, job->urls->items[job->url], &fetcher->options);
	if (outcome == FETCH_RUNNING &&
		curl_multi_add_handle(fetcher->multi, job->attempt.easy) != CURLM_OK) {
		error_set(&job->error, STATUS_IO, "libcurl cannot take up a transfer");
		outcome = FETCH_FATAL;
	}
	if (outcome == FETCH_RUNNING) {
		job->is_active = true;
		fetcher->active++;
		return;
	}
	fetch_attempt_release(job);
	job_act(fetcher, job, outcome);
}

void fetch_job_add(struct fetcher *fetcher, struct fetch_job *job)
{
	job->part.fd = -1;
	job->host = host_of_url(fetcher, job->urls->items[0]);
	job->previous = fetcher->last;
	if (fetcher->last != NULL)
		fetcher->last->next = job;
	else
		fetcher->first = job;
	fetcher->last = job;
	job->batch->open++;
}
