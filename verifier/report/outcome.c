/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "verifier/report/report.h"

static enum status count_artifact(
	void *context, const struct artifact_row *artifact, struct error *err)
{
	struct report_outcome *outcome = context;

	(void)err;
	outcome->counts[artifact->record.verdict]++;
	outcome->artifacts++;
	outcome->accepted += artifact->record.is_accepted;
	return STATUS_OK;
}

static enum status take_mark(void *context, const char *mark, struct error *err)
{
	struct report_outcome *outcome = context;

	(void)err;
	outcome->has_trouble = outcome->has_trouble || strcmp(mark, MARK_NOT_COMPARED) == 0;
	return STATUS_OK;
}

enum verdict report_verdict(const struct run_record *run)
{
	if (!run->finished)
		return VERDICT_NOT_ATTEMPTED;
	/* What failed on the way may have been about to find a difference. */
	if (run->failure_class &&
		(run->verdict == VERDICT_REPRODUCED || run->verdict == VERDICT_CONTENT_EQUAL))
		return VERDICT_NOT_ATTEMPTED;
	return run->verdict;
}

enum status report_outcome(struct evidence *evidence, const char *run,
	struct report_outcome *outcome, struct error *err)
{
	struct run_record record;

	*outcome = (struct report_outcome){0};
	if (evidence_read_run(evidence, run, &record, err) < 0)
		return err->status;
	outcome->failed = record.failure_class != NULL;
	if (record.failure_class)
		snprintf(outcome->failure_class, sizeof(outcome->failure_class), "%s",
			record.failure_class);
	outcome->verdict = report_verdict(&record);
	run_record_release(&record);
	if (evidence_each_mark(evidence, run, take_mark, outcome, err) < 0)
		return err->status;
	return evidence_each_artifact(evidence, run, false, count_artifact, outcome, err);
}
