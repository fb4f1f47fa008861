/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_failure.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verifier/evidence/kept_log.h"
#include "verifier/rebuild/build_log.h"
#include "verifier/verify_sandbox.h"

static unsigned limit_fact(enum build_limit broken)
{
	switch (broken) {
	case BUILD_TIME:
		return BUILD_TIMED_OUT;
	case BUILD_MEMORY:
		return BUILD_OUT_OF_MEMORY;
	case BUILD_DISK:
	case BUILD_FREE_SPACE:
		return BUILD_OUT_OF_SPACE;
	default:
		return 0;
	}
}

static unsigned facts_of(const struct process_result *result, const struct sandbox *sandbox)
{
	const struct build_limits_held *held = sandbox_limits(sandbox);
	unsigned facts = sandbox_wanted(sandbox)->count ? BUILD_REACHED_OUT : 0;

	if (held->broken != BUILD_LIMIT_NONE)
		return facts | limit_fact(held->broken);
	if (result->exit_code < 0)
		return facts | BUILD_SIGNALLED;
	/* As shells say that a signal ended a program of theirs. */
	return result->exit_code > 128 && result->exit_code <= 128 + 64 ? facts | BUILD_CHILD_KILLED
									: facts;
}

static void how_it_ended(
	const struct process_result *result, const struct sandbox *sandbox, char how[64])
{
	const struct build_limits_held *held = sandbox_limits(sandbox);

	if (held->broken != BUILD_LIMIT_NONE && result->exit_code >= 0)
		snprintf(how, 64, "ended with exit code %d at its limit of %s", result->exit_code,
			build_limit_word(held->broken));
	else if (held->broken != BUILD_LIMIT_NONE)
		snprintf(how, 64, "was ended at its limit of %s", build_limit_word(held->broken));
	else if (result->exit_code < 0)
		snprintf(how, 64, "was ended by signal %d", result->signal);
	else
		snprintf(how, 64, "ended with exit code %d", result->exit_code);
}

static enum status record_failure(struct verification *verification,
	const struct process_result *result, const struct sandbox *sandbox,
	const struct log_end *end, const char *log, struct error *err)
{
	const struct log_line *last = log_end_line(end, end->count);
	struct build_failure failure = {.log = xstrdup(log)};
	struct buffer why = {0};
	enum status status;
	char how[64];

	how_it_ended(result, sandbox, how);
	failure_classify(facts_of(result, sandbox), how, end, &failure);
	sandbox_explain(sandbox, failure.class, last ? last->text : "", &why);
	status = evidence_build_failure(verification->evidence, verification->run, &failure, err);
	if (status == STATUS_OK)
		status = error_set(err, STATUS_BUILD, "the build %s%s%.300s%s; its log: %s",
			result->exit_code >= 0 ||
					sandbox_limits(sandbox)->broken == BUILD_LIMIT_NONE
				? how
				: "was ended",
			failure.line ? ": " : "", failure.line ? failure.evidence : "",
			buffer_text(&why), log);
	buffer_release(&why);
	build_failure_release(&failure);
	return status;
}

static bool has_failed(const struct process_result *result, const struct sandbox *sandbox)
{
	return result->exit_code != 0 || sandbox_limits(sandbox)->broken != BUILD_LIMIT_NONE;
}

/* What a rebuild with variations prints says nothing of what was published. */
static enum status record_log(
	struct verification *verification, const char *kept, struct error *err)
{
	struct digest digest;
	uint64_t size;
	enum status status;

	if (verification->is_alone)
		return STATUS_OK;
	status = hash_file(kept, &digest, &size, err);
	return status < 0
		? status
		: evidence_kept_log(verification->evidence, verification->run, &digest, size, err);
}

enum status verify_build_end(struct verification *verification, const char *log,
	const struct process_result *result, const struct sandbox *sandbox, struct error *err)
{
	struct log_end *end = xcalloc(1, sizeof(*end));
	char *kept = xasprintf("%s.zst", log);
	struct text_list secrets = {0};
	enum status status;

	log_secrets(&verification->release.build.environment, &secrets);
	status = build_log_keep(log, kept, &secrets, end, err);
	if (status == STATUS_OK)
		status = record_log(verification, kept, err);
	if (status == STATUS_OK && result && has_failed(result, sandbox))
		status = record_failure(verification, result, sandbox, end, kept, err);
	text_list_release(&secrets);
	log_end_release(end);
	free(end);
	free(kept);
	return status;
}
