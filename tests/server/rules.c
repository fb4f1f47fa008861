/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/server/rules.h"

#include <fnmatch.h>
#include <string.h>

static const struct {
	const char *name;
	bool takes_argument;
} actions[RULE_ACTIONS] = {
	[RULE_STATUS] = {"status", true},
	[RULE_RETRY_AFTER] = {"retry-after", true},
	[RULE_CUT] = {"cut", true},
	[RULE_STALL] = {"stall", true},
	[RULE_DROP] = {"drop", false},
	[RULE_FILE] = {"file", true},
	[RULE_FLIP] = {"flip", true},
	[RULE_APPEND] = {"append", true},
	[RULE_TRUNCATE] = {"truncate", true},
	[RULE_REDIRECT] = {"redirect", true},
	[RULE_NORANGE] = {"norange", false},
	[RULE_NOIFRANGE] = {"noifrange", false},
	[RULE_SHIFT] = {"shift", true},
	[RULE_ETAG] = {"etag", true},
	[RULE_BARE] = {"bare", false},
	[RULE_CHUNKED] = {"chunked", false},
	[RULE_UNFRAMED] = {"unframed", false},
	[RULE_SLOW] = {"slow", true},
	[RULE_PAUSE] = {"pause", true},
};

static void refuse(const char *file, size_t line, const char *what)
{
	fprintf(stderr, "archive_server: %s:%zu: %s\n", file, line, what);
	exit(2);
}

static bool next_word(char **at, char word[RULE_TEXT_SIZE])
{
	size_t len;

	*at += strspn(*at, " \t\r\n");
	len = strcspn(*at, " \t\r\n");
	if (len == 0 || **at == '#' || len >= RULE_TEXT_SIZE)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len;
	return true;
}

static void parse_action(
	struct rule *rule, const char *name, char **at, const char *file, size_t line)
{
	for (size_t i = 0; i < RULE_ACTIONS; i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		rule->has[i] = true;
		if (!actions[i].takes_argument)
			return;
		if (!next_word(at, rule->text[i]))
			refuse(file, line, "an action lacks its argument");
		rule->number[i] = strtol(rule->text[i], NULL, 10);
		return;
	}
	refuse(file, line, "there is no such action");
}

static void rules_read(struct rules *rules, const char *file)
{
	FILE *stream = fopen(file, "re");
	char *text = NULL, word[RULE_TEXT_SIZE];
	size_t size = 0;

	free(rules->items);
	rules->items = NULL;
	rules->count = 0;
	if (stream == NULL)
		return;
	for (size_t line = 1; getline(&text, &size, stream) >= 0; line++) {
		char *at = text;
		struct rule *rule;

		if (!next_word(&at, word))
			continue;
		rules->items = realloc(rules->items, (rules->count + 1) * sizeof(*rules->items));
		if (rules->items == NULL)
			refuse(file, line, "no memory");
		rule = &rules->items[rules->count++];
		memset(rule, 0, sizeof(*rule));
		snprintf(rule->glob, sizeof(rule->glob), "%s", word);
		if (!next_word(&at, word))
			refuse(file, line, "a rule lacks its count");
		rule->count = strtol(word, NULL, 10);
		while (next_word(&at, word))
			parse_action(rule, word, &at, file, line);
	}
	free(text);
	fclose(stream);
}

void rules_match(struct rules *rules, const char *file, const char *path, struct rule *rule)
{
	struct stat st = {0};

	memset(rule, 0, sizeof(*rule));
	if (file == NULL)
		return;
	if (stat(file, &st) != 0)
		memset(&st, 0, sizeof(st));
	if (st.st_ino != rules->read_from.st_ino || st.st_size != rules->read_from.st_size ||
		st.st_mtim.tv_sec != rules->read_from.st_mtim.tv_sec ||
		st.st_mtim.tv_nsec != rules->read_from.st_mtim.tv_nsec) {
		rules_read(rules, file);
		rules->read_from = st;
	}
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->items[i].count == 0 || fnmatch(rules->items[i].glob, path, 0) != 0)
			continue;
		if (rules->items[i].count > 0)
			rules->items[i].count--;
		*rule = rules->items[i];
		return;
	}
}
