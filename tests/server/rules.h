/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_RULES_H
#define TESTS_SERVER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define RULE_TEXT_SIZE 1024

/* What the archive server is told to do otherwise; the list and its meaning: archive_server.c. */
enum rule_action {
	RULE_STATUS,
	RULE_RETRY_AFTER,
	RULE_CUT,
	RULE_STALL,
	RULE_DROP,
	RULE_FILE,
	RULE_FLIP,
	RULE_APPEND,
	RULE_TRUNCATE,
	RULE_REDIRECT,
	RULE_NORANGE,
	RULE_NOIFRANGE,
	RULE_SHIFT,
	RULE_ETAG,
	RULE_BARE,
	RULE_CHUNKED,
	RULE_UNFRAMED,
	RULE_SLOW,
	RULE_PAUSE,
	RULE_ACTIONS,
};

struct rule {
	char glob[RULE_TEXT_SIZE];
	long count; /* left; negative: without end */
	bool has[RULE_ACTIONS];
	long number[RULE_ACTIONS];
	char text[RULE_ACTIONS][RULE_TEXT_SIZE];
};

/* A zeroed struct is an empty list. */
struct rules {
	struct rule *items;
	size_t count;
	struct stat read_from; /* the file as it was when they were read */
};

/*
 * Copies the rule that applies to this request into *rule and takes one off its count; an empty
 * rule when none does. Reads the file again when it has changed; a line it does not understand
 * ends the server with a message, so that no test passes by a misspelt rule.
 */
void rules_match(struct rules *rules, const char *file, const char *path, struct rule *rule);

#endif
