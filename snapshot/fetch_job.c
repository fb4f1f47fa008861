/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include "base/alloc.h"
#include "base/clock.h"

/* Than what is slow already: not worth to wait for, where another one may have the file. */
#define SLOWER_BY 20

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
	free(job->hosts);
	free(job->aside);
	job->hosts = job->aside = NULL;
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
	if (job->batch->fatal.status == STATUS_OK) {
		job->batch->fatal = job->error;
		if (job->item)
			error_context(&job->batch->fatal, "%.200s", job->name);
	}
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

long fetch_job_least_rate(const struct fetch_job *job, const struct fetch_options *options)
{
	bool has_others = !job->is_patient && job->urls->count - job->tried + job->aside_count > 1;
	long rate = (long)(options->slow_bytes / SLOWER_BY);

	return has_others && rate > 1 ? rate : 1;
}

/* Slow is better than nothing. */
static void asides_take_up(struct fetch_job *job)
{
	for (size_t i = 0; i < job->urls->count; i++) {
		if (job->aside[i] == NULL)
			continue;
		job->hosts[i] = job->aside[i];
		job->aside[i] = NULL;
		job->tried--;
	}
	job->aside_count = 0;
	job->is_patient = true;
}

void fetch_job_next_url(struct fetcher *fetcher, struct fetch_job *job)
{
	/* Of two like failures the first: places are in the order the user gave them. */
	if (failure_weight(job->error.status) > failure_weight(job->worst.status))
		job->worst = job->error;
	job->hosts[job->url] = NULL;
	job->tried++;
	job->attempts = 0;
	job->not_before = 0;
	/* Another server's validators mean nothing here. */
	job->is_mixed = job->length > 0;
	job->is_restarted = false;
	job->etag[0] = '\0';
	job->modified[0] = '\0';
	if (job->tried == job->urls->count && job->aside_count > 0)
		asides_take_up(job);
	if (job->tried < job->urls->count)
		fetch_job_choose(fetcher, job, clock_monotonic());
	else
		job_settle(fetcher, job);
}

void fetch_job_choose(const struct fetcher *fetcher, struct fetch_job *job, double now)
{
	enum fetch_health best = FETCH_HOST_DOWN;
	bool found = false;

	for (size_t i = 0; i < job->urls->count && (!found || best != FETCH_HOST_GOOD); i++) {
		enum fetch_health health;

		if (job->hosts[i] == NULL)
			continue;
		health = fetch_host_health(fetcher, job->hosts[i], now);
		if (found && health >= best)
			continue;
		found = true;
		best = health;
		job->url = i;
		job->host = job->hosts[i];
	}
}

static void job_complete(struct fetcher *fetcher, struct fetch_job *job)
{
	if (store_part_commit(job->store, &job->part, &job->found, &job->found_sha1, &job->error) !=
		STATUS_OK) {
		content_hash_release(&job->hash);
		fetch_job_fatal(fetcher, job);
		return;
	}
	content_hash_release(&job->hash);
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
		job->not_before += fetch_backoff(fetcher, job->attempts);
}

/* What came of it stays in the part: whoever goes on with it begins there. */
static void job_set_aside(struct fetcher *fetcher, struct fetch_job *job)
{
	job->aside[job->url] = job->hosts[job->url];
	job->aside_count++;
	fetch_job_next_url(fetcher, job);
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
	case FETCH_ASIDE:
		job_set_aside(fetcher, job);
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

	fetch_host_ended(fetcher, job, outcome);
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
		fetch_host_started(job->host);
		return;
	}
	fetch_attempt_release(job);
	job_act(fetcher, job, outcome);
}

void fetch_job_add(struct fetcher *fetcher, struct fetch_job *job)
{
	job->part.fd = -1;
	job->hosts = xcalloc(job->urls->count, sizeof(*job->hosts));
	job->aside = xcalloc(job->urls->count, sizeof(*job->aside));
	for (size_t i = 0; i < job->urls->count; i++)
		job->hosts[i] = fetch_host_of(fetcher, job->urls->items[i]);
	fetch_job_choose(fetcher, job, clock_monotonic());
	job->previous = fetcher->last;
	if (fetcher->last != NULL)
		fetcher->last->next = job;
	else
		fetcher->first = job;
	fetcher->last = job;
	job->batch->open++;
}
