/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/progress.h"

/* A host that failed is asked behind others for so long; one that was slow as well. */
#define HEALTH_SECONDS 60.0
#define SLOW_SECONDS   300.0
/* A shorter attempt says little about how fast the host is. */
#define SLOW_LEAST_SECONDS 2.0

/* What counts against a host; the breaker opens at 2 × options.attempts of it in a row. */
#define WEIGHT_ANSWER  1 /* it answered with trouble, or cut the answer off */
#define WEIGHT_CONNECT 2 /* it could not be reached: the same for every file there */

/* "https://HOST:PORT" is of HOST. */
static bool name_is_of(const char *name, const char *host)
{
	const char *at = strstr(name, "://");
	size_t len = strlen(host);

	at = at == NULL ? name : at + 3;
	return strncasecmp(at, host, len) == 0 && (at[len] == '\0' || at[len] == ':');
}

static struct fetch_host *host_new(const struct fetch_options *options, char *name)
{
	struct fetch_host *host = xcalloc(1, sizeof(*host));
	bool is_strict = options->strict_host != NULL && name_is_of(name, options->strict_host);
	unsigned connections = options->host_connections, rate = options->host_rate;

	if (is_strict && options->strict_connections != 0 &&
		(connections == 0 || connections > options->strict_connections))
		connections = options->strict_connections;
	if (is_strict && options->strict_rate != 0 && (rate == 0 || rate > options->strict_rate))
		rate = options->strict_rate;
	host->name = name;
	host->connections = connections == 0 ? UINT_MAX : connections;
	host->interval = rate == 0 ? 0 : 1.0 / rate;
	return host;
}

struct fetch_host *fetch_host_of(struct fetcher *fetcher, const char *url)
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
	host = host_new(&fetcher->options, shown);
	host->next = fetcher->hosts;
	fetcher->hosts = host;
	return host;
}

void fetch_hosts_free(struct fetch_host *hosts)
{
	while (hosts != NULL) {
		struct fetch_host *host = hosts;

		hosts = host->next;
		free(host->name);
		free(host);
	}
}

double fetch_backoff(const struct fetcher *fetcher, unsigned attempts)
{
	double seconds = attempts > 16 ? 65536 : (double)(1U << (attempts - 1));

	return seconds < fetcher->options.retry_seconds ? seconds : fetcher->options.retry_seconds;
}

static bool is_open(const struct fetcher *fetcher, const struct fetch_host *host)
{
	return host->failures >= 2 * fetcher->options.attempts;
}

bool fetch_host_is_down(const struct fetcher *fetcher, const struct fetch_host *host, double now)
{
	return (is_open(fetcher, host) &&
		       now < host->failed_at + fetcher->options.breaker_seconds) ||
		host->not_before > now + fetcher->options.retry_seconds;
}

enum fetch_health fetch_host_health(
	const struct fetcher *fetcher, const struct fetch_host *host, double now)
{
	if (fetch_host_is_down(fetcher, host, now))
		return FETCH_HOST_DOWN;
	if (host->not_before > now ||
		(host->failures > 0 && now < host->failed_at + HEALTH_SECONDS))
		return FETCH_HOST_FAILING;
	return host->slow_at > 0 && now < host->slow_at + SLOW_SECONDS ? FETCH_HOST_SLOW
								       : FETCH_HOST_GOOD;
}

double fetch_host_wait(const struct fetcher *fetcher, const struct fetch_host *host, double now)
{
	double at = host->not_before > host->next_start ? host->not_before : host->next_start;

	/* Half open: one request goes ahead, and the others wait for what comes of it. */
	if (host->active >= (is_open(fetcher, host) ? 1 : host->connections))
		return HUGE_VAL;
	return at > now ? at - now : 0;
}

void fetch_host_started(struct fetch_host *host)
{
	double now = clock_monotonic();

	host->active++;
	host->next_start = (host->next_start > now ? host->next_start : now) + host->interval;
}

/*
 * Files that fail together count once: only an attempt begun after the last failure says something
 * new about the host.
 */
static void note_failure(
	struct fetcher *fetcher, struct fetch_host *host, const struct fetch_job *job)
{
	bool was_open = is_open(fetcher, host), is_connect = job->attempt.is_host_at_fault;
	double now = clock_monotonic();

	if (job->attempt.started < host->failed_at)
		return;
	host->failures += is_connect ? WEIGHT_CONNECT : WEIGHT_ANSWER;
	host->failed_at = now;
	if (is_connect)
		host->not_before = now + fetch_backoff(fetcher, host->failures / WEIGHT_CONNECT);
	if (!is_open(fetcher, host))
		return;
	snprintf(host->reason, sizeof(host->reason), "%.60s %s", host->name,
		is_connect ? "does not answer" : "answers with nothing but trouble");
	if (!was_open)
		progress_note("fetch", "%s; it is left alone for %u s", host->reason,
			fetcher->options.breaker_seconds);
}

void fetch_host_ended(struct fetcher *fetcher, struct fetch_job *job, enum fetch_outcome outcome)
{
	struct fetch_host *host = job->host;
	const struct fetch_attempt *attempt = &job->attempt;
	double now = clock_monotonic(), seconds = now - attempt->started;
	uint64_t got = job->length > attempt->range ? job->length - attempt->range : 0;

	host->active--;
	/* One that was set aside has sent nothing at all, or is just slow. */
	if (attempt->is_host_at_fault ||
		(outcome == FETCH_RETRY && attempt->retry_after <= 0 && got < PROGRESS_BYTES) ||
		(outcome == FETCH_ASIDE && got == 0)) {
		note_failure(fetcher, host, job);
	} else if (outcome != FETCH_FATAL) {
		if (is_open(fetcher, host))
			progress_note("fetch", "%s answers again", host->name);
		host->failures = 0;
	}
	if (seconds >= SLOW_LEAST_SECONDS && !attempt->is_host_at_fault &&
		(outcome == FETCH_COMPLETE || outcome == FETCH_RETRY || outcome == FETCH_ASIDE))
		host->slow_at = (double)got < fetcher->options.slow_bytes * seconds ? now : 0;
	if (outcome == FETCH_RETRY && attempt->retry_after > 0 &&
		host->not_before < now + attempt->retry_after) {
		host->not_before = now + attempt->retry_after;
		snprintf(host->reason, sizeof(host->reason),
			"%.60s asks to wait %.0f s, more than the %u s allowed", host->name,
			attempt->retry_after, fetcher->options.retry_seconds);
	}
}
