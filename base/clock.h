/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/error.h"

#define CLOCK_TEXT_SIZE 32

/* Seconds since the epoch, now. This file alone reads the time of day. */
int64_t clock_now(void);
/* The same in milliseconds, to tell apart what happens in one second. */
int64_t clock_now_milliseconds(void);
/* And in nanoseconds, as files have their times. */
int64_t clock_now_nanoseconds(void);

/* Seconds on a clock that only goes forward, for durations. */
double clock_monotonic(void);

/* RFC 3339 in UTC: 2026-11-23T03:12:00Z. */
void clock_format(int64_t time, char text[CLOCK_TEXT_SIZE]);

/* As snapshot.debian.org writes it: 20261123T031200Z. */
void clock_format_snapshot(int64_t time, char text[CLOCK_TEXT_SIZE]);
enum status clock_parse_snapshot(const char *text, int64_t *time, struct error *err);

/* A day, 2026-07-11: its first second in UTC. */
enum status clock_parse_day(const char *text, int64_t *time, struct error *err);

/* The Date of a Release file: "Sat, 11 Jul 2026 10:16:37 UTC" (Debian policy, deb822 Date fields).
 */
enum status clock_parse_release_date(const char *text, int64_t *time, struct error *err);

/*
 * The forms of ISO 8601 that programs write: "2026-11-23T03:12:00Z", with a blank for the T,
 * without seconds, with a fraction of them (which is dropped), and with "Z", " UTC", "+00:00",
 * "+0000" or nothing for UTC. Any other offset is refused.
 */
enum status clock_parse_iso(const char *text, int64_t *time, struct error *err);

#endif
