/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/progress.h"

/* How often the progress line moves while bytes flow. */
#define POLL_SECONDS 0.2

const struct fetch_options fetch_options_default = {
	.connections = 8,
	.attempts = 5,
	.retry_seconds = 60,
	.timeout_seconds = 30,
	.breaker_seconds = 30,
	.slow_bytes = 20000,
	.strict_host = "snapshot.debian.org",
	.strict_connections = 2,
	.strict_rate = 4,
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum status fetcher_new(
	const struct fetch_options *options, struct fetcher **fetcher, struct error *err)
{
	struct fetcher *made;

	pthread_once(&curl_once, curl_begin);
	made = xcalloc(1, sizeof(*made));
	made->options = options != NULL ? *options : fetch_options_default;
	if (made->options.connections == 0)
		made->options.connections = 1;
	made->multi = curl_multi_init();
	if (made->multi == NULL) {
		free(made);
		return error_set(err, STATUS_IO, "libcurl cannot be set up");
	}
	curl_multi_setopt(
		made->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)made->options.connections);
	curl_multi_setopt(made->multi, CURLMOPT_MAXCONNECTS, (long)made->options.connections);
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	*fetcher = made;
	return STATUS_OK;
}

void fetcher_free(struct fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	curl_multi_cleanup(fetcher->multi);
	fetch_hosts_free(fetcher->hosts);
	pthread_cond_destroy(&fetcher->changed);
	pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
}

/* ---- driving them ---- */

/* The same file may be wanted by two callers at once: the second waits for the first. */
static bool is_being_fetched(const struct fetcher *fetcher, const struct fetch_job *job)
{
	for (const struct fetch_job *other = fetcher->first; other != job; other = other->next) {
		if (other->is_active && other->store == job->store && job->expected != NULL &&
			other->expected != NULL && digest_equal(other->expected, job->expected))
			return true;
	}
	return false;
}

/* Starts what can be started; returns the seconds until there may be more. */
static double start_ready(struct fetcher *fetcher)
{
	double now = clock_monotonic(), wait = POLL_SECONDS;
	struct fetch_job *next;

	for (struct fetch_job *job = fetcher->first; job != NULL; job = next) {
		double left;

		next = job->next;
		if (job->is_active)
			continue;
		if (job->batch->fatal.status != STATUS_OK) {
			job->error = job->batch->fatal;
			fetch_job_fatal(fetcher, job);
			continue;
		}
		if (fetcher->active >= fetcher->options.connections)
			break;
		/* Health may have changed since the place was chosen. */
		if (job->attempts == 0)
			fetch_job_choose(fetcher, job, now);
		if (fetch_host_is_down(fetcher, job->host, now)) {
			error_set(&job->error, STATUS_NETWORK, "%s", job->host->reason);
			fetch_job_next_url(fetcher, job);
			wait = 0;
			continue;
		}
		left = fetch_host_wait(fetcher, job->host, now);
		if (job->not_before - now > left)
			left = job->not_before - now;
		if (left > 0) {
			wait = left < wait ? left : wait;
			continue;
		}
		if (!is_being_fetched(fetcher, job))
			fetch_job_start(fetcher, job);
	}
	return wait;
}

/* After a fatal error nothing of the batch goes on. */
static void stop_fatal(struct fetcher *fetcher)
{
	struct fetch_job *next;

	for (struct fetch_job *job = fetcher->first; job != NULL; job = next) {
		next = job->next;
		if (!job->is_active || job->batch->fatal.status == STATUS_OK)
			continue;
		curl_multi_remove_handle(fetcher->multi, job->attempt.easy);
		fetch_attempt_release(job);
		job->is_active = false;
		fetcher->active--;
		job->host->active--;
		job->error = job->batch->fatal;
		fetch_job_fatal(fetcher, job);
	}
}

/* One turn, by the leader, who holds the lock and gives it up while there is nothing to do. */
static void fetcher_turn(struct fetcher *fetcher)
{
	struct fetch_job *job = NULL;
	double wait;
	int running = 0, left = 0;
	CURLMsg *message;

	fetcher->is_settled = false;
	wait = start_ready(fetcher);
	curl_multi_perform(fetcher->multi, &running);
	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
		fetch_job_finish(fetcher, job, code);
		wait = 0;
	}
	stop_fatal(fetcher);
	/* Whoever waits for what was settled is to hear of it first. */
	if (wait <= 0 || fetcher->is_settled)
		return;
	pthread_mutex_unlock(&fetcher->lock);
	curl_multi_poll(fetcher->multi, NULL, 0, (int)(wait * 1000) + 1, NULL);
	pthread_mutex_lock(&fetcher->lock);
}

/* Returns when every job of the batch is settled. */
static void fetcher_run(struct fetcher *fetcher, struct fetch_batch *batch, struct fetch_job *jobs,
	size_t count, struct progress *progress)
{
	pthread_mutex_lock(&fetcher->lock);
	for (size_t i = 0; i < count; i++)
		fetch_job_add(fetcher, &jobs[i]);
	curl_multi_wakeup(fetcher->multi);
	while (batch->open > 0) {
		if (fetcher->is_led) {
			pthread_cond_wait(&fetcher->changed, &fetcher->lock);
		} else {
			fetcher->is_led = true;
			fetcher_turn(fetcher);
			fetcher->is_led = false;
			pthread_cond_broadcast(&fetcher->changed);
		}
		if (progress != NULL)
			progress_update(progress, batch->bytes);
	}
	pthread_mutex_unlock(&fetcher->lock);
}

/* ---- what callers see ---- */

static char *url_without_user(const char *url)
{
	CURLU *parts = curl_url();
	char *text = NULL, *copy = NULL;

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_set(parts, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK)
		copy = xstrdup(text);
	curl_free(text);
	curl_url_cleanup(parts);
	return copy != NULL ? copy : escape_url_secrets(url);
}

/* A batch of one job, of one URL whose digest is not known. */
struct lone_job {
	struct fetch_batch batch;
	struct text_list urls;
	struct fetch_job job;
};

/* The job has no memory of its own when it fails. */
static enum status lone_job_run(
	struct fetcher *fetcher, struct lone_job *lone, const char *url, struct error *err)
{
	struct fetch_job *job = &lone->job;

	job->batch = &lone->batch;
	job->urls = &lone->urls;
	text_list_add(&lone->urls, url);
	fetcher_run(fetcher, &lone->batch, job, 1, NULL);
	text_list_release(&lone->urls);
	if (job->worst.status == STATUS_OK)
		return STATUS_OK;
	*err = job->worst;
	if (err->status == STATUS_NETWORK)
		error_set(err, STATUS_NETWORK, "%.900s; nothing was stored, try again later",
			job->worst.text);
	free(job->served);
	return err->status;
}

enum status fetcher_post(struct fetcher *fetcher, struct store *store, const char *url,
	const struct fetch_form *form, uint64_t size_limit, struct digest *digest, long *code,
	struct error *err)
{
	struct lone_job lone = {.job = {.store = store, .form = form, .limit = size_limit}};

	if (lone_job_run(fetcher, &lone, url, err) < 0)
		return err->status;
	*digest = lone.job.found;
	*code = lone.job.code;
	free(lone.job.served);
	return STATUS_OK;
}

enum status fetcher_get(struct fetcher *fetcher, struct store *store, const char *url,
	uint64_t size_limit, struct digest *digest, uint64_t *size, char **served,
	struct error *err)
{
	struct lone_job lone = {.job = {.store = store, .limit = size_limit}};

	if (lone_job_run(fetcher, &lone, url, err) < 0)
		return err->status;
	*digest = lone.job.found;
	if (size != NULL)
		*size = lone.job.length;
	if (served != NULL)
		*served = url_without_user(lone.job.served);
	free(lone.job.served);
	return STATUS_OK;
}

/* Of the jobs that failed, the first one of the worst kind speaks for all. */
static enum status batch_result(const struct fetch_batch *batch, const struct fetch_job *jobs,
	size_t count, struct error *err)
{
	const struct fetch_job *worst = NULL;
	size_t failed = 0;

	if (batch->fatal.status != STATUS_OK) {
		*err = batch->fatal;
		return err->status;
	}
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].worst.status == STATUS_OK)
			continue;
		failed++;
		if (worst == NULL ||
			(jobs[i].worst.status == STATUS_TRUST &&
				worst->worst.status != STATUS_TRUST))
			worst = &jobs[i];
	}
	if (worst == NULL)
		return STATUS_OK;
	error_set(err, worst->worst.status == STATUS_TRUST ? STATUS_TRUST : STATUS_NETWORK,
		"%.200s: %.600s%s. Tried %zu place%s; nothing of it was stored. "
		"%s, or name another place with --mirror",
		worst->name, worst->worst.text,
		worst->worst.status == STATUS_TRUST
			? " (the place is inconsistent or tampered with)"
			: "",
		worst->urls->count, worst->urls->count == 1 ? "" : "s",
		worst->worst.status == STATUS_TRUST ? "Retry later" : "Run it again to go on");
	if (failed > 1)
		error_context(err, "%zu files could not be fetched; the first", failed);
	return err->status;
}

static void progress_start(
	struct progress *progress, const char *step, const struct fetch_job *jobs, size_t count)
{
	uint64_t total = 0;
	char text[32];

	for (size_t i = 0; i < count; i++)
		total += jobs[i].limit;
	progress_format_bytes(total, text);
	progress_begin(
		progress, step, true, total, "%zu file%s, %s", count, count == 1 ? "" : "s", text);
}

enum status fetcher_get_all(struct fetcher *fetcher, struct store *store, const char *step,
	struct fetch_item *items, size_t count, struct error *err)
{
	struct fetch_job *jobs = xcalloc(count + 1, sizeof(*jobs));
	struct fetch_batch batch = {0};
	struct progress progress = {0};
	size_t wanted = 0;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count; i++) {
		items[i].done = store_has(store, &items[i].digest);
		if (items[i].done)
			continue;
		if (items[i].urls.count == 0) {
			status = error_set(err, STATUS_NETWORK,
				"%.200s: no place to fetch it from is known; "
				"name one with --mirror",
				items[i].name);
			goto out;
		}
		jobs[wanted++] = (struct fetch_job){.batch = &batch,
			.store = store,
			.item = &items[i],
			.name = items[i].name,
			.urls = &items[i].urls,
			.expected = &items[i].digest,
			.limit = items[i].size};
	}
	if (wanted == 0)
		goto out;
	if (step != NULL)
		progress_start(&progress, step, jobs, wanted);
	fetcher_run(fetcher, &batch, jobs, wanted, step != NULL ? &progress : NULL);
	status = batch_result(&batch, jobs, wanted, err);
	if (step != NULL)
		progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%s", "");
	for (size_t i = 0; i < wanted; i++)
		free(jobs[i].served);
out:
	free(jobs);
	return status;
}
