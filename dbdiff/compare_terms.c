/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/compare_terms.h"

#include <inttypes.h>

bool compare_terms_show(const struct compare_terms *terms, const char *name, const char *path)
{
	size_t len = strlen(name);

	if (terms->shown == NULL || strcmp(path, terms->shown) == 0)
		return terms->shown != NULL;
	return strncmp(path, name, len) == 0 && strncmp(path + len, "//", 2) == 0 &&
		strcmp(path + len + 2, terms->shown) == 0;
}

enum status compare_terms_note(const struct compare_terms *terms, enum planned planned,
	int64_t finding, struct findings *findings, struct error *err)
{
	struct buffer note = {0};
	enum status status;

	if (planned != PLANNED_NO_DIFF && planned != PLANNED_FULL)
		return STATUS_OK;
	if (planned == PLANNED_NO_DIFF)
		buffer_add_format(&note,
			"%s: only the first %" PRIu64 " differing members of an artifact have one; "
			"compare --explain PATH shows this one's",
			REASON_NO_DIFF, terms->diff_members);
	else
		buffer_add_format(&note,
			"%s, and no cause looked for: only the first %d differing members of an "
			"artifact, and %d MiB of them, are looked at; compare --explain PATH does "
			"it for this one",
			REASON_NO_DIFF, PLAN_LEAVES_MOST, (int)(PLAN_BYTES_MOST >> 20));
	status = findings_add_note(findings, finding, buffer_text(&note), err);
	buffer_release(&note);
	return status;
}
