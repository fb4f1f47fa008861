/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/debversion.h"
#include "verifier/coverage/tracker.h"

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct tracker_source *)item)->name);
}

const struct tracker_source *tracker_find(const struct tracker *tracker, const char *source)
{
	if (tracker->source_count == 0)
		return NULL;
	return bsearch(source, tracker->sources, tracker->source_count, sizeof(tracker->sources[0]),
		compare_name);
}

bool tracker_is_open(const struct tracker_issue *issue, const char *version)
{
	switch (issue->state) {
	case TRACKER_OPEN:
	case TRACKER_UNDETERMINED:
		return true;
	case TRACKER_RESOLVED:
		return debversion_compare(version, issue->fixed_version) < 0;
	case TRACKER_NEVER:
		break;
	}
	return false;
}

static const char *const urgency_words[TRACKER_URGENCIES] = {
	[TRACKER_HIGH] = "high",
	[TRACKER_MEDIUM] = "medium",
	[TRACKER_LOW] = "low",
	[TRACKER_UNIMPORTANT] = "unimportant",
	[TRACKER_NOT_ASSIGNED] = "not yet assigned",
	[TRACKER_END_OF_LIFE] = "end-of-life",
	[TRACKER_OTHER] = "other",
};

const char *tracker_urgency_word(enum tracker_urgency urgency)
{
	return urgency_words[urgency];
}

/* Some have stars behind them: "low**". */
static enum tracker_urgency urgency_of(const char *text)
{
	size_t len = text ? strcspn(text, "*") : 0;

	for (unsigned i = 0; i < TRACKER_OTHER && text; i++)
		if (strlen(urgency_words[i]) == len && memcmp(urgency_words[i], text, len) == 0)
			return (enum tracker_urgency)i;
	return text ? TRACKER_OTHER : TRACKER_NOT_ASSIGNED;
}

static void claim_open(const struct tracker *tracker, const struct tracker_issue *issue,
	const char *version, struct claim_list *claims)
{
	static const char *const scopes[] = {"scope not said", "remote", "local"};
	struct buffer text = {0};

	buffer_add_format(&text, "%s: ", issue->id);
	if (issue->state == TRACKER_RESOLVED)
		buffer_add_format(
			&text, "open in %s, fixed in %s only", version, issue->fixed_version);
	else
		buffer_add_text(&text,
			issue->state == TRACKER_OPEN ? "open" : "undetermined, counted as open");
	buffer_add_format(&text, " in %s; %s, urgency %s", tracker->suite, scopes[issue->scope],
		issue->urgency ? issue->urgency : "not said");
	if (issue->nodsa)
		buffer_add_format(&text, "; no advisory: %s", issue->nodsa);
	if (issue->nodsa_reason && *issue->nodsa_reason)
		buffer_add_format(&text, " (%s)", issue->nodsa_reason);
	claim_add(claims, &tracker->sha256, issue->place, 0, "%s", buffer_text(&text));
	buffer_release(&text);
}

struct tracker_count tracker_judge(const struct tracker *tracker,
	const struct tracker_source *source, const char *version, struct claim_list *claims)
{
	struct tracker_count count = {.unsaid = source->unsaid};

	if (!source->is_named) {
		claim_add(claims, &tracker->sha256, tracker->name, 0,
			"the security tracker has no entry for %s", source->name);
		return count;
	}
	for (size_t i = 0; i < source->issue_count; i++) {
		const struct tracker_issue *issue = &source->issues[i];

		if (tracker_is_open(issue, version)) {
			claim_open(tracker, issue, version, claims);
			count.open++;
			count.open_by[urgency_of(issue->urgency)]++;
			count.open_remote += issue->scope == TRACKER_REMOTE;
		} else if (issue->state == TRACKER_NEVER) {
			count.never++;
		} else {
			count.past++;
		}
	}
	claim_add(claims, &tracker->sha256, tracker->name, 0,
		"the security tracker on %s in %s: %zu open, %zu past, %zu never affected, %zu of "
		"which it says nothing there",
		source->name, tracker->suite, count.open, count.past, count.never, count.unsaid);
	return count;
}
