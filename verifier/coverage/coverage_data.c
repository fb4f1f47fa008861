/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/buildlog.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/coverage/data_file.h"
#include "verifier/coverage/debci.h"
#include "verifier/coverage/device.h"
#include "verifier/coverage/popcon.h"
#include "verifier/coverage/rebuilderd.h"
#include "verifier/coverage/tracker.h"

/* All that was read from outside, and for which names. */
struct outside {
	const struct coverage_request *request;
	const struct coverage_place *place;
	struct coverage *coverage;
	struct text_list sources, names; /* sorted; `names` with the binary packages */
	struct debci debci;
	struct tracker tracker;
	struct popcon popcon;
	struct rebuilderd rebuilder;
	struct device_results devices;
	struct device_map map;
	struct buildlog *logs;
	size_t log_count, log_capacity;
};

static void names_list(struct outside *outside)
{
	for (size_t i = 0; i < outside->coverage->count; i++) {
		const struct coverage_package *row = &outside->coverage->packages[i];

		text_list_add(&outside->sources, row->source);
		text_list_add(&outside->names, row->source);
		for (size_t b = 0; b < row->binaries.count; b++)
			text_list_addn(&outside->names, row->binaries.items[b],
				strcspn(row->binaries.items[b], " :"));
	}
	text_list_sort(&outside->sources);
	text_list_unique(&outside->sources);
	text_list_sort(&outside->names);
	text_list_unique(&outside->names);
}

/* Opens what an option named, reads it by `read`, and notes it as an input. */
static enum status data_read(struct outside *outside, const char *role, const char *argument,
	enum status (*read)(
		struct outside *outside, const struct data_file *file, struct error *err),
	struct error *err)
{
	struct data_file file = {0};
	enum status status =
		data_open(outside->place->fetcher, outside->place->store, argument, &file, err);

	if (status < 0)
		return error_context(err, "--%s", role);
	status = read(outside, &file, err);
	if (status == STATUS_OK)
		coverage_add_input(outside->coverage, role, file.name, &file.sha256,
			strstr(argument, "://") ? file.time : 0);
	data_file_release(&file);
	return status < 0 ? error_context(err, "--%s", role) : STATUS_OK;
}

static enum status read_debci(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return debci_read(&outside->debci, file, &outside->sources, err);
}

static enum status read_tracker(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return tracker_read(
		&outside->tracker, file, outside->request->ci_suite, &outside->sources, err);
}

static enum status read_popcon(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return popcon_read(&outside->popcon, file, &outside->names, err);
}

static enum status read_rebuilder(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return rebuilderd_read(&outside->rebuilder, file, &outside->names, err);
}

static enum status read_device(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return device_read(&outside->devices, file, err);
}

static enum status read_device_map(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return device_map_read(&outside->map, file, err);
}

/* ---- build logs ---- */

/* A log alone, or with the .buildinfo of the same name beside it. */
static enum status read_log(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	struct buildlog log = {0};

	if (buildlog_read(&log, file, err) < 0)
		return err->status;
	ARRAY_GROW(outside->logs, outside->log_count, outside->log_capacity);
	outside->logs[outside->log_count++] = log;
	return STATUS_OK;
}

static enum status read_buildinfo(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return buildlog_add_buildinfo(&outside->logs[outside->log_count - 1], file, err);
}

static enum status read_log_file(struct outside *outside, const char *path, struct error *err)
{
	static const char *const endings[] = {".build", ".log", ".gz", ".xz", ".zst"};
	enum status status = data_read(outside, "buildlog", path, read_log, err);
	size_t len = strlen(path);
	struct stat st;

	for (size_t i = ARRAY_SIZE(endings); i-- > 0;)
		if (len > strlen(endings[i]) &&
			strncmp(path + len - strlen(endings[i]), endings[i], strlen(endings[i])) ==
				0)
			len -= strlen(endings[i]);
	char *beside = xasprintf("%.*s.buildinfo", (int)len, path);

	if (status == STATUS_OK && stat(beside, &st) == 0)
		status = data_read(outside, "buildlog", beside, read_buildinfo, err);
	free(beside);
	return status;
}

static bool is_log_name(const char *name)
{
	return name[0] != '.' && !path_has_suffix(name, ".buildinfo");
}

static enum status read_log_directory(
	struct outside *outside, const char *directory, struct error *err)
{
	struct text_list names = {0};
	struct dirent *entry;
	DIR *stream = opendir(directory);
	enum status status = STATUS_OK;

	if (!stream)
		return error_set_errno(err, "--buildlog: %s", directory);
	while ((errno = 0, entry = readdir(stream)) != NULL)
		if (is_log_name(entry->d_name))
			text_list_add(&names, entry->d_name);
	if (errno != 0)
		status = error_set_errno(err, "--buildlog: %s", directory);
	closedir(stream);
	text_list_sort(&names);
	if (status == STATUS_OK && names.count == 0)
		status = error_set(
			err, STATUS_NOT_FOUND, "--buildlog: there is no log in %s", directory);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		char *path = path_join(directory, names.items[i]);

		status = read_log_file(outside, path, err);
		free(path);
	}
	text_list_release(&names);
	return status;
}

static enum status read_logs(struct outside *outside, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set_errno(err, "--buildlog: %s", path);
	return S_ISDIR(st.st_mode) ? read_log_directory(outside, path, err)
				   : read_log_file(outside, path, err);
}

/* ---- into the rows ---- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* Only a public run of exactly what ships, from Debian's archive alone, backs or breaks a class. */
static void put_debci(const struct outside *outside, struct coverage_package *row)
{
	struct coverage_data *data = &row->data;
	struct debci_answer answer;

	data->has_debci = true;
	debci_look_up(&outside->debci, row->source, row->version, outside->request->ci_suite,
		outside->request->architecture, &answer, &row->claims);
	if (answer.run) {
		data->debci_status = xstrdup(debci_result_word(answer.run->result));
		data->debci_version = copy(answer.run->version);
		data->debci_date = copy(answer.run->date);
		data->debci_log = copy(answer.log);
		data->debci_seconds = answer.run->seconds;
		data->is_debci_exact = answer.match == DEBCI_EXACT;
	}
	if (answer.is_evidence)
		row->results.debci = KNOWN_YES;
	else if (answer.match == DEBCI_EXACT && answer.run->result == DEBCI_FAIL)
		row->results.debci = KNOWN_NO;
	debci_answer_release(&answer);
}

/* Of several logs the worst counts; one of which nothing could be read says nothing. */
static const int log_badness[] = {
	[BUILDLOG_RAN_UNREAD] = 0,
	[BUILDLOG_RAN_ALL] = 1,
	[BUILDLOG_RAN_SOME] = 2,
	[BUILDLOG_RAN_NO_STEP] = 3,
	[BUILDLOG_RAN_NOTHING] = 4,
	[BUILDLOG_RAN_FAILED] = 5,
};

static void put_log(const struct outside *outside, struct coverage_package *row,
	const struct shipped_deb *debs, size_t count)
{
	const struct buildlog *worst = NULL;
	enum buildlog_ran worst_ran = BUILDLOG_RAN_UNREAD;

	for (size_t i = 0; i < outside->log_count; i++) {
		const struct buildlog *log = &outside->logs[i];
		enum buildlog_ran ran;

		if (!log->source || strcmp(log->source, row->source) != 0 ||
			!buildlog_belongs(log, row->source, row->version,
				outside->request->architecture, debs, count, &row->claims))
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
	if (!worst)
		return;
	row->data.log_ran = xstrdup(buildlog_ran_word(worst_ran));
	row->data.log_name = xstrdup(worst->name);
	if (worst_ran == BUILDLOG_RAN_SOME || worst_ran == BUILDLOG_RAN_ALL)
		row->results.log = KNOWN_YES;
	else if (worst_ran != BUILDLOG_RAN_UNREAD)
		row->results.log = KNOWN_NO;
}

static void put_tracker(const struct outside *outside, struct coverage_package *row)
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
}

/* The most installed of its binary packages, or the source as source/by_inst counts it. */
static void put_popcon(const struct outside *outside, struct coverage_package *row)
{
	for (size_t b = 0; b < (row->binaries.count ? row->binaries.count : 1); b++) {
		const char *name = row->binaries.count ? row->binaries.items[b] : row->source;
		char *text = xstrndup(name, strcspn(name, " :"));
		const struct popcon_row *found = popcon_find(&outside->popcon, text, &row->claims);

		if (found && (!row->data.has_popcon || found->installed > row->data.popcon))
			row->data.popcon = found->installed;
		row->data.has_popcon = row->data.has_popcon || found;
		free(text);
	}
}

/* Of the source, and of each binary package that the list has: the worst. */
static void put_rebuilder(const struct outside *outside, struct coverage_package *row)
{
	static const char *const words[] = {
		[REBUILT_GOOD] = "yes", [REBUILT_UNKNOWN] = "unknown", [REBUILT_BAD] = "no"};
	struct rebuilt_answer worst = rebuilderd_look_up(&outside->rebuilder, true, row->source,
		row->version, NULL, outside->request->architecture, &row->claims);

	for (size_t b = 0; b < row->binaries.count; b++) {
		char *text = xstrdup(row->binaries.items[b]), *rest = text;
		const char *name = strsep(&rest, " "), *version = rest ? strsep(&rest, " ") : NULL;
		struct rebuilt_answer answer = {0};

		if (version)
			answer = rebuilderd_look_up(&outside->rebuilder, false, name, version, NULL,
				outside->request->architecture, &row->claims);
		if (answer.is_known && (!worst.is_known || answer.rebuilt > worst.rebuilt))
			worst = answer;
		free(text);
	}
	row->data.reproducible = worst.is_known ? xstrdup(words[worst.rebuilt]) : NULL;
}

static void put_device(const struct outside *outside, struct coverage_package *row)
{
	struct device_count count =
		device_look_up(&outside->devices, &outside->map, row->source, &row->claims);

	row->data.has_device = count.passed + count.failed + count.skipped > 0;
	row->data.device_passed = count.passed;
	row->data.device_failed = count.failed;
	row->data.device_skipped = count.skipped;
}

static void put_all(const struct outside *outside)
{
	const struct coverage_request *request = outside->request;

	for (size_t i = 0; i < outside->coverage->count; i++) {
		struct coverage_package *row = &outside->coverage->packages[i];

		/* What nobody else made is in nobody else's data. */
		if (row->is_self_built || !row->version)
			continue;
		if (request->debci.count)
			put_debci(outside, row);
		if (outside->log_count)
			put_log(outside, row, row->debs, row->deb_count);
		if (request->tracker)
			put_tracker(outside, row);
		if (request->popcon)
			put_popcon(outside, row);
		if (request->rebuilder)
			put_rebuilder(outside, row);
		if (request->devices.count)
			put_device(outside, row);
	}
}

static enum status read_all(struct outside *outside, struct error *err)
{
	const struct coverage_request *request = outside->request;
	const struct {
		const char *role, *argument;
		enum status (*read)(
			struct outside *outside, const struct data_file *file, struct error *err);
	} single[] = {
		{"tracker", request->tracker, read_tracker},
		{"popcon", request->popcon, read_popcon},
		{"rebuilder", request->rebuilder, read_rebuilder},
		{"device-map", request->device_map, read_device_map},
	};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < request->debci.count && status == STATUS_OK; i++)
		status = data_read(outside, "debci", request->debci.items[i], read_debci, err);
	for (size_t i = 0; i < request->devices.count && status == STATUS_OK; i++)
		status = data_read(outside, "device", request->devices.items[i], read_device, err);
	for (size_t i = 0; i < ARRAY_SIZE(single) && status == STATUS_OK; i++)
		if (single[i].argument)
			status = data_read(
				outside, single[i].role, single[i].argument, single[i].read, err);
	for (size_t i = 0; i < request->logs.count && status == STATUS_OK; i++)
		status = read_logs(outside, request->logs.items[i], err);
	return status;
}

enum status coverage_data_read(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	struct outside outside = {.request = request, .place = place, .coverage = coverage};
	enum status status;

	names_list(&outside);
	status = read_all(&outside, err);
	if (status == STATUS_OK) {
		put_all(&outside);
		if (request->devices.count && request->device_map)
			device_loose_ends(&outside.devices, &outside.map, &coverage->notes);
	}
	debci_release(&outside.debci);
	tracker_release(&outside.tracker);
	popcon_release(&outside.popcon);
	rebuilderd_release(&outside.rebuilder);
	device_results_release(&outside.devices);
	device_map_release(&outside.map);
	for (size_t i = 0; i < outside.log_count; i++)
		buildlog_release(&outside.logs[i]);
	free(outside.logs);
	text_list_release(&outside.sources);
	text_list_release(&outside.names);
	return status;
}
