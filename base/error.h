/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* What a function came to. Negative is an error, and then the struct error says more. */
enum status {
	STATUS_OK = 0,
	STATUS_END = 1,		 /* nothing more to read; not an error */
	STATUS_USAGE = -1,	 /* the command line or a configuration file makes no sense */
	STATUS_IO = -2,		 /* the system refused to read or write */
	STATUS_NETWORK = -3,	 /* could not be had from any place; a retry may help */
	STATUS_NOT_FOUND = -4,	 /* what was named is not there */
	STATUS_FORMAT = -5,	 /* the input is damaged or not of the form it claims */
	STATUS_LIMIT = -6,	 /* a bound of base/limits.h was reached */
	STATUS_UNSUPPORTED = -7, /* a form that is known but cannot be read here */
	STATUS_TRUST = -8,	 /* a signature, digest or lock does not hold */
	STATUS_CLOCK = -9,	 /* this machine's clock is earlier than its evidence */
	STATUS_CONFLICT = -10,	 /* two things of one name, or something is in use */
	STATUS_BUILD = -11,	 /* the rebuild failed */
	STATUS_SANDBOX = -12,	 /* the isolation asked for cannot be had */
	STATUS_DATABASE = -13,	 /* SQLite refused */
	STATUS_INCOMPLETE = -14, /* an artifact is missing, or there was nothing to compare */
};

#define ERROR_TEXT_SIZE 1024

/*
 * The caller's, by value; owns nothing, so it can be copied and dropped. The text is one sentence:
 * what happened, to what, and what to do. It may hold bytes of hostile names: whoever prints it
 * escapes it (base/escape.h).
 */
struct error {
	enum status status;
	char text[ERROR_TEXT_SIZE];
};

/* Sets the text and returns status, so that `return error_set(err, …)` is one line. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of errno behind. Status is STATUS_IO, or _NOT_FOUND for ENOENT.
 */
enum status error_set_errno(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text while unwinding; returns the error's own status. */
enum status error_context(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
