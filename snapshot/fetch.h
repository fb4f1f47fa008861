/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FETCH_H
#define SNAPSHOT_FETCH_H

#include <curl/curl.h>
#include <pthread.h>

#include "snapshot/store.h"

/* Inside fetch*.c only: one file to be had, and one attempt at having it. */

/* What one attempt came to, and so what is to be done next. */
enum fetch_outcome {
	FETCH_RUNNING,
	FETCH_COMPLETE, /* all bytes are in the part, and the hash fits when one is expected */
	FETCH_RETRY,	/* the same URL, later */
	FETCH_RESTART,	/* the same URL, from its first byte */
	FETCH_NEXT_URL, /* this one does not have it */
	FETCH_WRONG,	/* this one has other bytes */
	FETCH_FATAL,	/* no URL can help: the disk is full */
};

/* A server as it answers at present; known by "http://HOST:PORT". */
struct fetch_host {
	char *name;
	double not_before; /* no request earlier than that; clock_monotonic() */
	unsigned failures; /* to connect, in a row */
	double failed_at;
	char reason[160]; /* for not_before or the failures */
	struct fetch_host *next;
};

struct fetch_batch;

/* One attempt. */
struct fetch_attempt {
	CURL *easy;
	struct curl_slist *headers;
	double started;
	uint64_t range;	    /* the first byte asked for */
	uint64_t discarded; /* of the body of an error */
	bool is_head_checked;
	enum fetch_outcome outcome;
	double retry_after;    /* seconds; negative when not said */
	bool is_host_at_fault; /* could not connect: the same for every file there */
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

	size_t url;
	struct fetch_host *host; /* of that URL */
	unsigned attempts;	 /* made at that URL */
	double not_before;

	struct store_part part;
	struct hash hash;  /* of the bytes in the part */
	uint64_t length;   /* of the part */
	uint64_t best;	   /* the most that it ever had */
	bool is_mixed;	   /* its bytes need not be of one file */
	bool is_restarted; /* for that reason, at this URL */
	char etag[200];	   /* of the file its bytes are from; "" when not known */
	char modified[64];

	bool is_active;
	struct fetch_attempt attempt;

	struct error error; /* of the last attempt; its status is the job's worst */
	struct error worst;
	struct digest found;
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

/* No use to ask it again in this run, or not until much later. */
bool fetch_host_is_down(const struct fetcher *fetcher, const struct fetch_host *host, double now);

/* All of these with the lock held. A job leaves the list when it is settled. */
void fetch_job_add(struct fetcher *fetcher, struct fetch_job *job);
void fetch_job_start(struct fetcher *fetcher, struct fetch_job *job);
void fetch_job_finish(struct fetcher *fetcher, struct fetch_job *job, CURLcode code);
/* Wrong bytes outweigh whatever else happened; otherwise the last place's reason is told. */
void fetch_job_next_url(struct fetcher *fetcher, struct fetch_job *job);
void fetch_job_fatal(struct fetcher *fetcher, struct fetch_job *job);

#endif
