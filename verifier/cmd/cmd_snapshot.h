/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_CMD_SNAPSHOT_H
#define VERIFIER_CMD_CMD_SNAPSHOT_H

#include <stdbool.h>

#include "base/json.h"
#include "snapshot/snapshot.h"

/* The options of `reproof snapshot`; two of them are called --api, each of one subcommand. */
enum snapshot_option {
	SNAPSHOT_PIN = 1,
	SNAPSHOT_STORE,
	SNAPSHOT_MIRROR,
	SNAPSHOT_APT,
	SNAPSHOT_ARCHITECTURE,
	SNAPSHOT_KEYRING,
	SNAPSHOT_EXPIRED_KEY,
	SNAPSHOT_LOCK,
	SNAPSHOT_OFFLINE,
	SNAPSHOT_JSON,
	SNAPSHOT_QUIET,
	SNAPSHOT_PORT,
	SNAPSHOT_LOG,
	SNAPSHOT_SERVE_API,
	SNAPSHOT_DB,
	SNAPSHOT_DROP,
	SNAPSHOT_YES,
	SNAPSHOT_CONNECTIONS,
	SNAPSHOT_RATE,
	SNAPSHOT_OUTPUT,
	SNAPSHOT_PACKAGE,
	SNAPSHOT_ALL,
	SNAPSHOT_SOURCES,
	SNAPSHOT_GIT,
	SNAPSHOT_SHA256,
	SNAPSHOT_CHECK,
	SNAPSHOT_ROOTS,
	SNAPSHOT_RECOMMENDS,
	SNAPSHOT_MANIFEST,
	SNAPSHOT_NOW,
	SNAPSHOT_EXIT_CODE,
	SNAPSHOT_ARCHIVE,
	SNAPSHOT_METASNAP,
	SNAPSHOT_ASK_API,
	SNAPSHOT_EFFORT,
};

/* What the subcommands of `reproof snapshot` share, from their options. */
struct snapshot_options {
	char *store_path;
	const char *etc_apt;
	const char *lock_path; /* NULL: none */
	const char *log_path;  /* serve: NULL means stdout */
	const char *keyring;
	bool accept_expired_key;
	bool is_offline;
	bool is_json;
	bool is_api; /* serve: --api */
	unsigned short port;
	struct text_list mirrors;
	struct text_list pins;
	struct text_list architectures;
	struct text_list databases; /* gc, size: empty means the usual one, if it is there */
	struct text_list dropped;   /* gc: pins */
	bool is_agreed;		    /* gc: --yes */
	unsigned connections, rate; /* to a host; 0: as is usual */
	const char *output;	    /* export: -o; NULL: not said */
	struct text_list packages;  /* export: --package */
	struct text_list gits;	   /* export: DIRECTORY[=NAME]; import: one directory to put them */
	bool takes_all;		   /* export: --all */
	bool takes_sources;	   /* export: --sources */
	const char *sha256;	   /* import: what the bundle must have; NULL: not said */
	const char *check_path;	   /* solve: --check, a package list; NULL: none */
	const char *roots_path;	   /* solve: --roots, likewise */
	bool has_recommends;	   /* solve: --recommends */
	const char *manifest_path; /* drift: --manifest, a package list; NULL: none */
	struct text_list now;	   /* drift: pins that stand for now */
	bool has_exit_code;	   /* drift: --exit-code */
	struct text_list archives; /* find: --archive; empty means the usual ones */
	const char *metasnap, *api; /* find: base URLs, "none"; NULL means the usual ones */
	uint64_t effort;	    /* find: 0 means the usual one */
	struct text_list words;	    /* what is no option: packages, paths */
};

/* Takes one (cmd_snapshot.c has the table); false when its value makes no sense. */
bool snapshot_option_take(
	struct snapshot_options *options, enum snapshot_option option, const char *value);
void snapshot_options_release(struct snapshot_options *options);

/* What they work with, opened as the options say. */
struct snapshot_session {
	const char *command; /* whose notes they are; NULL: snapshot's */
	const struct snapshot_options *options;
	struct store *store;
	struct fetcher *fetcher; /* NULL when offline */
	struct place_list places;
	struct trust_options trust;
	struct text_list notes;
	struct pin_list pins;
	int code; /* the exit code when there is no error; 0 unless a subcommand says otherwise */
};

/* Opens store, places and, where it is wanted and not offline, a fetcher; closed also then. */
enum status session_open(struct snapshot_session *session, bool wants_fetcher, struct error *err);
void session_close(struct snapshot_session *session);

/* Reads all pins named by --pin; checks the lock, or writes it when there is none yet. */
enum status session_read_pins(struct snapshot_session *session, struct error *err);
/* The same of other pins. */
enum status session_take_pins(
	struct snapshot_session *session, const struct text_list *names, struct error *err);
/* Holds the session's pins against --lock, or writes it when it is not there yet. */
enum status session_hold_lock(struct snapshot_session *session, struct error *err);
/* Prints what the library wants said, to stderr, once. */
void session_print_notes(struct snapshot_session *session);
/* --architecture, or dpkg's own when the pins hold it; the caller frees. */
enum status session_architecture(
	struct snapshot_session *session, char **architecture, struct error *err);

/* The closure of the words at the pins, as the options say. */
enum status session_solve(
	struct snapshot_session *session, struct solution *solution, struct error *err);

enum status snapshot_cmd_capture(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_fetch(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_find(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_solve(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_list(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_trust(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_drift(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_fsck(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_gc(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_size(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_serve(struct snapshot_session *session, struct error *err);

enum status snapshot_cmd_export(struct snapshot_session *session, struct error *err);
enum status snapshot_cmd_import(struct snapshot_session *session, struct error *err);

/* A pin as an object of an array. */
void snapshot_pin_json(struct json *json, const struct pin *pin);
/* solve --check: whether a package list is closed under dependencies. */
enum status snapshot_solve_check(struct snapshot_session *session, struct error *err);

/* The pins, as text (a line a suite) or as JSON. */
enum status snapshot_print_pins(
	const struct pin_list *pins, bool is_json, const char *format, struct error *err);

#endif
