/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/coverage_data.h"
#include "verifier/coverage/coverage_suite.h"

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* ---- debci ---- */

/*
 * The summary of a run, where its log can be had: at the same place as packages.json. One that is
 * not there any more is usual; a server that does not answer is not asked for the others.
 */
static bool read_run_log(struct outside *outside, const struct debci_answer *answer,
	struct debci_log *log, struct claim_list *claims)
{
	struct data_file file = {0};
	struct error err = {0};
	enum status status;

	*log = (struct debci_log){0};
	if (!answer->log || outside->has_no_logs)
		return false;
	status =
		data_open(outside->place->fetcher, outside->place->store, answer->log, &file, &err);
	if (status == STATUS_NETWORK && outside->place->fetcher) {
		outside->has_no_logs = true;
		text_list_add(&outside->coverage->notes,
			"--debci: the logs of its runs cannot be had, so that passes which may "
			"rest on skipped tests back nothing");
	}
	if (status == STATUS_OK)
		status = debci_log_read(&file, log, claims, &err);
	if (status < 0)
		claim_add(claims, NULL, answer->log, 0, "the log of the run was not read: %s",
			err.text);
	data_file_release(&file);
	return status == STATUS_OK;
}

/* Only a public run of exactly what ships, from Debian's archive alone, backs or breaks a class. */
static void put_debci(struct outside *outside, struct coverage_package *row)
{
	struct coverage_data *data = &row->data;
	struct debci_answer answer;
	struct debci_log log = {0};
	bool has_log = false;

	data->has_debci = true;
	debci_look_up(&outside->debci, row->source, row->version, outside->coverage->suite.ci_name,
		outside->request->architecture, &answer, &row->claims);
	if (answer.run) {
		data->debci_status = xstrdup(debci_result_word(answer.run->result));
		data->debci_version = copy(answer.run->version);
		data->debci_date = copy(answer.run->date);
		data->debci_log = copy(answer.log);
		data->debci_seconds = answer.run->seconds;
		data->is_debci_exact = answer.match == DEBCI_EXACT;
	} else {
		claim_add(&row->claims, NULL, outside->debci.files[0].name, 0,
			"Debian CI: no run of it in %s on %s in what was given",
			outside->coverage->suite.ci_name, outside->request->architecture);
	}
	if (answer.is_evidence)
		has_log = read_run_log(outside, &answer, &log, &row->claims);
	if (has_log) {
		data->has_debci_log = true;
		data->debci_passed = log.passed;
		data->debci_skipped = log.skipped;
	}
	if (answer.is_evidence && !outside->unread[DATA_DEBCI].count && !answer.is_disputed &&
		coverage_pass_backs(row->facts, has_log ? &log : NULL))
		row->results.debci = KNOWN_YES;
	else if (answer.match == DEBCI_EXACT && answer.run->result == DEBCI_FAIL)
		row->results.debci = KNOWN_NO;
	else if (answer.is_evidence)
		claim_add(&row->claims, NULL, answer.run->place, 0, "the pass backs nothing: %s",
			outside->unread[DATA_DEBCI].count
				? "another file of debci's could not be read"
				: has_log
				? "no test that counts is shown to have passed"
				: "every test that counts may have been skipped, and no log of the "
				  "run was read");
	debci_log_release(&log);
	debci_answer_release(&answer);
}

/* ---- build logs ---- */

/* Of several logs the worst counts; one of which nothing could be read says nothing. */
static const int log_badness[] = {
	[BUILDLOG_RAN_UNREAD] = 0,
	[BUILDLOG_RAN_ALL] = 1,
	[BUILDLOG_RAN_SOME] = 2,
	[BUILDLOG_RAN_NO_STEP] = 3,
	[BUILDLOG_RAN_NOTHING] = 4,
	[BUILDLOG_RAN_FAILED] = 5,
};

/* What a log can lower is lowered in any case; only what all logs say backs a class. */
static void put_log(struct outside *outside, struct coverage_package *row)
{
	const struct buildlog *worst = NULL;
	enum buildlog_ran worst_ran = BUILDLOG_RAN_UNREAD;
	bool *belongs = xcalloc(outside->log_count + 1, sizeof(belongs[0]));

	buildlogs_belong(outside->logs, outside->log_count, row->source, row->version,
		outside->request->architecture, row->debs, row->deb_count, belongs, &row->claims);
	for (size_t i = 0; i < outside->log_count; i++) {
		const struct buildlog *log = &outside->logs[i];
		enum buildlog_ran ran;

		if (!belongs[i])
			continue;
		ran = buildlog_judge(log, &row->claims);
		/* A build without debhelper's steps may have tested anywhere in its log. */
		if (ran == BUILDLOG_RAN_NO_STEP && !log->omitted_line)
			ran = BUILDLOG_RAN_UNREAD;
		if (worst && log_badness[ran] <= log_badness[worst_ran])
			continue;
		worst = log;
		worst_ran = ran;
	}
	free(belongs);
	if (!worst)
		return;
	row->data.log_ran = xstrdup(buildlog_ran_word(worst_ran));
	row->data.log_name = xstrdup(worst->name);
	row->data.log_sha256 = worst->sha256;
	if (worst_ran == BUILDLOG_RAN_SOME || worst_ran == BUILDLOG_RAN_ALL)
		row->results.log = outside->unread[DATA_BUILDLOG].count || row->data.is_log_unread
			? KNOWN_UNKNOWN
			: KNOWN_YES;
	else if (worst_ran != BUILDLOG_RAN_UNREAD)
		row->results.log = KNOWN_NO;
}

/* ---- the others ---- */

static void put_tracker(struct outside *outside, struct coverage_package *row)
{
	const struct tracker_source *source = tracker_find(&outside->tracker, row->source);
	struct tracker_count count;

	if (!source)
		return;
	count = tracker_judge(&outside->tracker, source, row->version, &row->claims);
	row->data.has_tracker = source->is_named;
	row->data.cves_open = count.open;
	row->data.cves_open_remote = count.open_remote;
	row->data.cves_past = count.past;
	row->data.cves_unsaid = count.unsaid;
	for (size_t i = 0; i < TRACKER_URGENCIES; i++)
		row->data.cves_open_by[i] = count.open_by[i];
}

/* The most installed of its binary packages, or the source as source/by_inst counts it. */
static void put_popcon(struct outside *outside, struct coverage_package *row)
{
	for (size_t b = 0; b < (row->binary_count ? row->binary_count : 1); b++) {
		const char *name = row->binary_count ? row->binaries[b].name : row->source;
		const struct popcon_row *found = popcon_find(&outside->popcon, name, &row->claims);

		if (found && (!row->data.has_popcon || found->installed > row->data.popcon))
			row->data.popcon = found->installed;
		row->data.has_popcon = row->data.has_popcon || found;
	}
}

/*
 * Of the source, and of each of its .debs that ships. Bad when one is; good only when all are, or
 * the source as a whole is said to be.
 */
static void put_rebuilder(struct outside *outside, struct coverage_package *row)
{
	static const char *const words[] = {
		[REBUILT_GOOD] = "yes", [REBUILT_UNKNOWN] = "unknown", [REBUILT_BAD] = "no"};
	const struct rebuilderd *rebuilder = &outside->rebuilder;
	const char *architecture = outside->request->architecture;
	struct rebuilt_answer source = rebuilderd_look_up(
		rebuilder, true, row->source, row->version, NULL, architecture, &row->claims);
	struct rebuilt_answer all = {0};
	size_t known = 0;

	for (size_t d = 0; d < row->deb_count; d++) {
		struct rebuilt_answer answer = rebuilderd_look_up(rebuilder, false,
			row->debs[d].name, row->debs[d].version, NULL, architecture, &row->claims);

		known += answer.is_known;
		if (answer.is_known && (!all.is_known || answer.rebuilt > all.rebuilt))
			all = answer;
	}
	if (all.is_known && all.rebuilt == REBUILT_GOOD && known < row->deb_count) {
		all.rebuilt = REBUILT_UNKNOWN;
		claim_add(&row->claims, &rebuilder->sha256, rebuilder->name, 0,
			"rebuilt by others: %zu of its %zu packages are said to be reproducible, "
			"and of the others nothing is said",
			known, row->deb_count);
	}
	if (source.is_known && (!all.is_known || source.rebuilt == REBUILT_BAD))
		all = source;
	if (all.is_known)
		row->data.reproducible = xstrdup(words[all.rebuilt]);
	else
		claim_add(&row->claims, &rebuilder->sha256, rebuilder->name, 0,
			"rebuilt by others: nothing is said of it in this version");
}

/* One file that could not be read may hold the failures. */
static void put_device(struct outside *outside, struct coverage_package *row)
{
	struct device_count count =
		device_look_up(&outside->devices, &outside->map, row->source, &row->claims);

	row->data.has_device = !outside->unread[DATA_DEVICE].count &&
		count.passed + count.failed + count.skipped > 0;
	row->data.device_passed = count.passed;
	row->data.device_failed = count.failed;
	row->data.device_skipped = count.skipped;
}

static void put_newer(struct outside *outside, struct coverage_package *row)
{
	const struct newer *newer = &outside->newer;
	const struct newer_source *found = newer_find(newer, row->source);

	if (!found) {
		claim_add(&row->claims, &newer->sha256, newer->file, 0,
			"no version of it declares autopkgtests there");
		return;
	}
	row->data.newer_version = xstrdup(found->version);
	row->data.newer_testsuite = xstrdup(found->testsuite);
	row->data.newer_file = xstrdup(newer->file);
	claim_add(&row->claims, &newer->sha256, newer->file, found->line,
		"%s %s declares autopkgtests there: %s", row->source, found->version,
		found->testsuite);
}

static const struct {
	enum data_role role;
	bool is_of_suite; /* it is asked for one suite, and a row may be of another */
	void (*put)(struct outside *outside, struct coverage_package *row);
} columns[] = {
	{DATA_DEBCI, true, put_debci},
	{DATA_BUILDLOG, false, put_log},
	{DATA_TRACKER, true, put_tracker},
	{DATA_POPCON, false, put_popcon},
	{DATA_REBUILDER, false, put_rebuilder},
	{DATA_DEVICE, false, put_device},
	{DATA_NEWER, false, put_newer},
};

static void claim_unread(
	const struct outside *outside, enum data_role role, struct coverage_package *row)
{
	for (size_t i = 0; i < outside->coverage->input_count; i++) {
		const struct coverage_input *input = &outside->coverage->inputs[i];

		if (input->trouble && strcmp(input->role, data_role_word(role)) == 0)
			claim_add(&row->claims, NULL, input->name, 0,
				"not read, so that what it says of this package is not known: %s",
				input->trouble);
	}
}

static void row_put(struct outside *outside, struct coverage_package *row)
{
	const char *codename = outside->coverage->suite.codename;
	bool is_of_suite = coverage_suite_is(outside->place->pins, row->suite, codename);

	for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
		enum data_role role = columns[c].role;

		claim_unread(outside, role, row);
		if (role == DATA_DEVICE)
			claim_unread(outside, DATA_DEVICE_MAP, row);
		if (!outside->is_read[role] ||
			(role == DATA_DEVICE && !outside->is_read[DATA_DEVICE_MAP]))
			continue;
		if (columns[c].is_of_suite && !is_of_suite) {
			claim_add(&row->claims, NULL, row->suite, 0,
				"--%s was asked about %s, and this is the package of %s",
				data_role_word(role), codename, row->suite);
			continue;
		}
		columns[c].put(outside, row);
	}
}

void coverage_results_put(struct outside *outside)
{
	for (size_t i = 0; i < outside->coverage->count; i++) {
		struct coverage_package *row = &outside->coverage->packages[i];

		/* What nobody else made is in nobody else's data. */
		if (row->state >= ROW_PINNED)
			row_put(outside, row);
	}
}
