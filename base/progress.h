/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One step of long work on stderr: on a terminal one line rewritten in place with rate and time
 * left, elsewhere one plain line when the step ends. Nothing when quiet. TERM=dumb is no terminal.
 */
struct progress {
	const char *step; /* "fetch" */
	char what[200];	  /* "7 published artifacts, 1.4 GB" */
	uint64_t total;	  /* bytes or things; 0 when not known */
	uint64_t done;
	bool is_bytes;
	double started;
	double drawn;
	bool active;
};

/* For the whole process: --quiet. */
void progress_set_quiet(bool quiet);

void progress_begin(struct progress *progress, const char *step, bool is_bytes, uint64_t total,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
void progress_update(struct progress *progress, uint64_t done);
/* The step's last line: what came of it ("ok", "failed"), the time it took, and a remark. */
void progress_end(struct progress *progress, const char *outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A line beside the steps, about one of them: what a person has to know whatever the outcome. Also
 * printed when quiet; escaped.
 */
void progress_note(const char *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "1.4 GB", "312 B": decimal units. */
void progress_format_bytes(uint64_t bytes, char text[32]);

#endif
