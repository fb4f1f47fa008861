/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WORKER_WALLS_H
#define DBDIFF_WORKER_WALLS_H

#include "dbdiff/worker.h"

/* True when built with AddressSanitizer, which needs more than a worker is let. */
extern const bool worker_is_sanitized;

/*
 * Makes libraries open what they open on first use: the locale, converters of names, time zone,
 * OpenSSL's configuration. Behind the walls that would be the end.
 */
enum status worker_preload(struct error *err);

/*
 * What this process may do is cut down, for good: no descriptor but the job's and `result_fd`, no
 * new one, no privilege, bounded memory, time and files, and at last only the few system calls
 * that reading, computing and writing to its own descriptors take. Any other ends it with SIGSYS.
 */
enum status worker_confine(const struct worker_job *job, int result_fd, struct error *err);

/* The last step of worker_confine(). */
enum status worker_filter(const struct worker_job *job, int result_fd, struct error *err);

#endif
