/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FETCH_H
#define SNAPSHOT_FETCH_H

#include <curl/curl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <strings.h>

#include "snapshot/fetch_form.h"
#include "snapshot/store.h"

/* Inside fetch*.c only: one file to be had, and one attempt at having it. */

/* An attempt that brought so much has got on, and is no failure: of the job, nor of the host. */
#define PROGRESS_BYTES ((uint64_t)64 * 1024)

/* What one attempt came to, and so what is to be done next. */
enum fetch_outcome {
	FETCH_RUNNING,
	FETCH_COMPLETE, /* all bytes are in the part, and the hash fits when one is expected */
	FETCH_RETRY,	/* the same URL, later */
	FETCH_RESTART,	/* the same URL, from its first byte */
	FETCH_ASIDE,	/* too slow while there are others: those first */
	FETCH_NEXT_URL, /* this one does not have it */
	FETCH_WRONG,	/* this one has other bytes */
	FETCH_FATAL,	/* no URL can help: the disk is full */
};

/* How a host has done lately; the worse, the later it is asked. */
enum fetch_health {
	FETCH_HOST_GOOD,
	FETCH_HOST_SLOW,
	FETCH_HOST_FAILING, /* or it asks to wait a moment */
	FETCH_HOST_DOWN,
};

/* A server as it answers at present; known by "http://HOST:PORT". */
struct fetch_host {
	char *name;
	unsigned connections; /* requests at once, at most */
	double interval;      /* seconds from one request to the next */
	unsigned active;      /* requests under way */
	double next_start; /* no request earlier than that, for the interval; clock_monotonic() */
	double not_before; /* nor earlier than that, for what the host says or its failures */
	unsigned failures; /* their weight, since it last did well */
	double failed_at;
	double slow_at;	  /* 0 when its last answer was not slow */
	char reason[160]; /* for not_before or the failures */
	struct fetch_host *next;
};

struct fetch_batch;

/* One attempt. */
struct fetch_attempt {
	CURL *easy;
	struct curl_slist *headers;
	curl_mime *mime;
	double started;
	uint64_t range;	    /* the first byte asked for */
	uint64_t discarded; /* of the body of an error */
	bool is_head_checked;
	enum fetch_outcome outcome;
	double retry_after;    /* seconds; negative when not said */
	bool is_host_at_fault; /* could not connect: the same for every file there */
	long least_rate;       /* bytes a second; slower for options.timeout_seconds ends it */
};

/* One file to be had. */
struct fetch_job {
	struct fetch_batch *batch;
	struct store *store;
	struct fetch_item *item; /* NULL when its digest is not known beforehand */
	const char *name;
	const struct text_list *urls;
	const struct digest *expected; /* NULL when not known */
	uint64_t limit;		       /* the size when `expected`, else the most that is taken */
	const struct fetch_form *form; /* what is posted; NULL: nothing is */
	long code;		       /* of the answer to a form: 200, or 404 with a body */

	struct fetch_host **hosts; /* of each URL; NULL once that was tried in vain, or set aside */
	struct fetch_host **aside; /* of those set aside */
	size_t aside_count;
	bool is_patient; /* the others had nothing either: those that were set aside, at any speed
			  */
	size_t url;
	size_t tried;
	struct fetch_host *host; /* of that URL */
	unsigned attempts;	 /* made at that URL */
	double not_before;

	struct store_part part;
	struct content_hash hash; /* of the bytes in the part */
	uint64_t length;	  /* of the part */
	uint64_t best;		  /* the most that it ever had */
	bool is_mixed;		  /* its bytes need not be of one file */
	bool is_restarted;	  /* for that reason, at this URL */
	char etag[200];		  /* of the file its bytes are from; "" when not known */
	char modified[64];

	bool is_active;
	struct fetch_attempt attempt;

	struct error error; /* of the last attempt; its status is the job's worst */
	struct error worst;
	struct digest found;
	struct sha1 found_sha1;
	char *served;
	struct fetch_job *previous, *next;
};

/* What one caller waits for. */
struct fetch_batch {
	size_t open;	    /* jobs that are not settled */
	uint64_t bytes;	    /* in parts and store, for the progress line */
	struct error fatal; /* status OK while there is none */
};

/*
 * Callers of several threads share one connection pool: each adds its jobs, and one of those that
 * wait, the leader, drives all of them until its own are settled; then another one leads. So there
 * is no thread of its own, and a program without threads stays one.
 */
struct fetcher {
	struct fetch_options options;
	CURLM *multi;
	struct fetch_host *hosts;
	pthread_mutex_t lock;	/* of everything here, but `multi`, which is the leader's */
	pthread_cond_t changed; /* a batch is settled, or the leader has gone */
	bool is_led;
	struct fetch_job *first, *last; /* that are not settled */
	unsigned active;
	bool is_settled; /* some job, in this turn */
};

/* Makes the part ready: takes over what a killed run left, or starts with an empty one. */
enum fetch_outcome fetch_part_open(struct fetch_job *job);
/* Drops all bytes; the next attempt begins with the first one. */
enum fetch_outcome fetch_part_restart(struct fetch_job *job);
void fetch_part_release(struct fetch_job *job);

/* Sets up job->attempt.easy for the job's present URL. */
enum fetch_outcome fetch_attempt_start(
	struct fetch_job *job, const char *url, const struct fetch_options *options);
/* Judges what came of it; job->error says why when it is not complete. */
enum fetch_outcome fetch_attempt_finish(struct fetch_job *job, CURLcode code);
void fetch_attempt_release(struct fetch_job *job);

/* All of these with the lock held. By scheme, host and port; user-info makes no difference. */
struct fetch_host *fetch_host_of(struct fetcher *fetcher, const char *url);
void fetch_hosts_free(struct fetch_host *hosts);
/*
 * No use to ask it now: it asks to wait longer than is allowed, or its circuit breaker is open.
 * That opens after failures in a row (fetch_host.c says which), and is half open when its time is
 * over: then one request is made, and decides.
 */
bool fetch_host_is_down(const struct fetcher *fetcher, const struct fetch_host *host, double now);
enum fetch_health fetch_host_health(
	const struct fetcher *fetcher, const struct fetch_host *host, double now);
/* Seconds until a request may be made; infinite while others must end first. */
double fetch_host_wait(const struct fetcher *fetcher, const struct fetch_host *host, double now);
void fetch_host_started(struct fetch_host *host);
/* What came of the request tells how the host is. */
void fetch_host_ended(struct fetcher *fetcher, struct fetch_job *job, enum fetch_outcome outcome);
/* 1, 2, 4, … seconds; no dice: two runs that meet the same trouble do the same. */
double fetch_backoff(const struct fetcher *fetcher, unsigned attempts);

/* All of these with the lock held. A job leaves the list when it is settled. */
void fetch_job_add(struct fetcher *fetcher, struct fetch_job *job);
/* Of the URLs not tried yet the first one whose host has done best lately. */
void fetch_job_choose(const struct fetcher *fetcher, struct fetch_job *job, double now);
void fetch_job_start(struct fetcher *fetcher, struct fetch_job *job);
void fetch_job_finish(struct fetcher *fetcher, struct fetch_job *job, CURLcode code);
/* Wrong bytes outweigh whatever else happened; otherwise the last place's reason is told. */
void fetch_job_next_url(struct fetcher *fetcher, struct fetch_job *job);
/* Bytes a second that its present URL has to give; more while there are others to go on with. */
long fetch_job_least_rate(const struct fetch_job *job, const struct fetch_options *options);
void fetch_job_fatal(struct fetcher *fetcher, struct fetch_job *job);

#endif
