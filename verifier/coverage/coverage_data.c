/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/coverage_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char *const role_words[DATA_ROLES] = {
	[DATA_DEBCI] = "debci",
	[DATA_TRACKER] = "tracker",
	[DATA_POPCON] = "popcon",
	[DATA_REBUILDER] = "rebuilder",
	[DATA_DEVICE] = "device",
	[DATA_DEVICE_MAP] = "device-map",
	[DATA_BUILDLOG] = "buildlog",
	[DATA_NEWER] = "newer",
};

const char *data_role_word(enum data_role role)
{
	return role_words[role];
}

static void names_list(struct outside *outside)
{
	for (size_t i = 0; i < outside->coverage->count; i++) {
		const struct coverage_package *row = &outside->coverage->packages[i];

		text_list_add(&outside->sources, row->source);
		text_list_add(&outside->names, row->source);
		for (size_t b = 0; b < row->binary_count; b++)
			text_list_add(&outside->names, row->binaries[b].name);
		for (size_t d = 0; d < row->deb_count; d++)
			text_list_add(&outside->names, row->debs[d].name);
	}
	text_list_sort(&outside->sources);
	text_list_unique(&outside->sources);
	text_list_sort(&outside->names);
	text_list_unique(&outside->names);
}

enum status data_refuse(
	struct outside *outside, enum data_role role, const char *argument, struct error *err)
{
	char *name, *sentence;

	if (err->status == STATUS_USAGE || err->status == STATUS_TRUST ||
		err->status == STATUS_DATABASE)
		return error_context(err, "--%s", role_words[role]);
	name = data_name(argument);
	sentence = xasprintf(
		"--%s: %s: nothing of it is used, and what needs it is not known; give one that is "
		"whole, or leave it out",
		role_words[role], err->text);
	coverage_add_unread(outside->coverage, role_words[role], name, err->text);
	text_list_add(&outside->coverage->notes, sentence);
	text_list_add(&outside->unread[role], err->text);
	free(sentence);
	free(name);
	return STATUS_OK;
}

enum status data_read(struct outside *outside, enum data_role role, const char *argument,
	data_reader read, struct error *err)
{
	struct data_file file = {0};
	enum status status =
		data_open(outside->place->fetcher, outside->place->store, argument, &file, err);

	if (status < 0)
		return data_refuse(outside, role, argument, err);
	status = read(outside, &file, err);
	if (status == STATUS_OK) {
		coverage_add_input(outside->coverage, role_words[role], file.name, &file.sha256,
			data_is_url(argument) ? file.time : 0);
		outside->is_read[role] = true;
	}
	data_file_release(&file);
	return status < 0 ? data_refuse(outside, role, argument, err) : STATUS_OK;
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
		&outside->tracker, file, outside->coverage->suite.codename, &outside->sources, err);
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

static enum status read_newer(
	struct outside *outside, const struct data_file *file, struct error *err)
{
	return newer_read(&outside->newer, file, &outside->sources, err);
}

static enum status read_all(struct outside *outside, struct error *err)
{
	const struct coverage_request *request = outside->request;
	const struct {
		enum data_role role;
		const char *argument;
		data_reader read;
	} single[] = {
		{DATA_TRACKER, request->tracker, read_tracker},
		{DATA_POPCON, request->popcon, read_popcon},
		{DATA_REBUILDER, request->rebuilder, read_rebuilder},
		{DATA_DEVICE_MAP, request->device_map, read_device_map},
		{DATA_NEWER, request->newer, read_newer},
	};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < request->debci.count && status == STATUS_OK; i++)
		status = data_read(outside, DATA_DEBCI, request->debci.items[i], read_debci, err);
	for (size_t i = 0; i < request->devices.count && status == STATUS_OK; i++)
		status = data_read(
			outside, DATA_DEVICE, request->devices.items[i], read_device, err);
	for (size_t i = 0; i < ARRAY_SIZE(single) && status == STATUS_OK; i++)
		if (single[i].argument)
			status = data_read(
				outside, single[i].role, single[i].argument, single[i].read, err);
	for (size_t i = 0; i < request->logs.count && status == STATUS_OK; i++)
		status = coverage_logs_read(outside, request->logs.items[i], err);
	if (status == STATUS_OK)
		status = coverage_rebuilds_read(outside, err);
	return status;
}

static void note(struct outside *outside, enum data_role role, const char *what)
{
	char *sentence = xasprintf("--%s: %s", role_words[role], what);

	text_list_add(&outside->coverage->notes, sentence);
	free(sentence);
}

/* What was given, was read, and has nothing for this list: it may be the wrong file. */
static void loose_ends(struct outside *outside)
{
	for (size_t i = 0; i < outside->log_count; i++) {
		const struct buildlog *log = &outside->logs[i];
		char *what;

		if (log->is_of_run || text_list_find(&outside->sources, log->source, NULL))
			continue;
		what = xasprintf("%s is of %s, which is not in the list", log->name, log->source);
		note(outside, DATA_BUILDLOG, what);
		free(what);
	}
	if (outside->is_read[DATA_REBUILDER] && outside->rebuilder.count == 0)
		note(outside, DATA_REBUILDER, "it says nothing of any package of the list");
	if (outside->is_read[DATA_POPCON] && outside->popcon.row_count == 0)
		note(outside, DATA_POPCON, "it says nothing of any package of the list");
	if (outside->is_read[DATA_DEVICE] && outside->is_read[DATA_DEVICE_MAP])
		device_loose_ends(&outside->devices, &outside->map, &outside->coverage->notes);
}

enum status coverage_data_read(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	struct outside outside = {.request = request,
		.place = place,
		.coverage = coverage,
		.debci = {.suite = coverage->suite.ci_name, .architecture = request->architecture}};
	enum status status;

	names_list(&outside);
	status = read_all(&outside, err);
	if (status == STATUS_OK) {
		coverage_results_put(&outside);
		loose_ends(&outside);
	}
	coverage->is_log_unread =
		coverage->is_log_unread || outside.unread[DATA_BUILDLOG].count > 0;
	debci_release(&outside.debci);
	tracker_release(&outside.tracker);
	popcon_release(&outside.popcon);
	rebuilderd_release(&outside.rebuilder);
	device_results_release(&outside.devices);
	device_map_release(&outside.map);
	newer_release(&outside.newer);
	for (size_t i = 0; i < outside.log_count; i++)
		buildlog_release(&outside.logs[i]);
	free(outside.logs);
	for (size_t i = 0; i < DATA_ROLES; i++)
		text_list_release(&outside.unread[i]);
	text_list_release(&outside.sources);
	text_list_release(&outside.names);
	return status;
}
