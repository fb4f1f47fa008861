/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "snapshot/find.h"
#include "snapshot/find_cover.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/cmd_snapshot_find.h"
#include "verifier/cmd/command.h"

#define METASNAP_URL "https://metasnap.debian.net"
#define API_URL	     "https://snapshot.debian.org"

/* What --metasnap and --api come to: NULL for "none" and offline, else without the last slash. */
static enum status server_take(const struct snapshot_session *session, const char *option,
	const char *value, const char *usual, char **url, struct error *err)
{
	size_t len;

	*url = NULL;
	if (session->options->is_offline && value && strcmp(value, "none") != 0)
		return error_set(err, STATUS_USAGE,
			"--%s %s is to be asked, and --offline says that nobody is", option, value);
	if (session->options->is_offline || (value && strcmp(value, "none") == 0))
		return STATUS_OK;
	value = value ? value : usual;
	if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
		return error_set(err, STATUS_USAGE,
			"--%s: \"%s\" is neither an http or https address nor \"none\"", option,
			value);
	/* It is printed with the answer, and more is put behind it. */
	if (strpbrk(value, "@?#"))
		return error_set(err, STATUS_USAGE,
			"--%s takes an address without user, query or fragment", option);
	len = strlen(value);
	while (value[len - 1] == '/')
		len--;
	*url = xstrndup(value, len);
	return STATUS_OK;
}

static void notes_take(struct snapshot_session *session, const struct text_list *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		text_list_add(&session->notes, notes->items[i]);
}

static void note(struct snapshot_session *session, char *text)
{
	text_list_add(&session->notes, text);
	free(text);
}

/* What to do about what was found, where that is not the answer itself. */
static void advise(struct snapshot_session *session, const struct find_report *report,
	const char *architecture)
{
	const struct find_result *result = report->result;
	char time[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < result->overlaps.count; i++)
		note(session,
			xasprintf("%s is needed at several times: no one set of pins has them all, "
				  "and --pin refuses two of one suite",
				result->overlaps.items[i]));
	if (result->pin_count > result->at_least)
		note(session,
			xasprintf("the search was cut off; %zu timestamps may be enough: --effort "
				  "lets it search longer",
				result->at_least));
	for (size_t i = 0; i < result->bound_count && !report->metasnap; i++) {
		const struct found_bound *bound = &result->bounds[i];

		clock_format_snapshot(bound->not_before, time);
		note(session,
			xasprintf(
				"of the packages without a time, %zu can be in %s from %s on: "
				"reproof snapshot fetch --pin %s@%s:SUITE gets that state to look "
				"at",
				bound->package_count, bound->archive, time, bound->archive, time));
	}
	if (result->pins_read == 0 && !report->metasnap)
		note(session,
			xasprintf("no pin of the store has packages for %s, and metasnap was not "
				  "asked",
				architecture));
}

static enum status find_run(
	struct snapshot_session *session, struct find_request *request, struct error *err)
{
	struct find_result result = {0};
	struct find_report report = {.manifest = request->manifest,
		.result = &result,
		.metasnap = request->metasnap,
		.api = request->api};
	enum status status = snapshot_find(session->store, session->fetcher, request, &result, err);

	if (status == STATUS_OK) {
		advise(session, &report, request->architecture);
		status = session->options->is_json ? find_print_json(&report, err)
						   : find_print_text(&report, err);
	}
	if (status == STATUS_OK && result.explained_count < result.package_count)
		session->code = EXIT_DIFFERENT;
	find_result_release(&result);
	return status;
}

enum status snapshot_cmd_find(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct manifest manifest = {0};
	struct find_request request = {.manifest = &manifest,
		.archives = &options->archives,
		.effort = options->effort ? options->effort : COVER_EFFORT,
		.notes = &session->notes};
	char *architecture = NULL, *metasnap = NULL, *api = NULL;
	enum status status;

	if (options->words.count != 1)
		return error_set(err, STATUS_USAGE,
			"find takes one list of packages: ISAR's .manifest, dpkg's status file, or "
			"lines \"PACKAGE VERSION\"; - for standard input");
	status = session_architecture(session, &architecture, err);
	if (status == STATUS_OK)
		status = server_take(
			session, "metasnap", options->metasnap, METASNAP_URL, &metasnap, err);
	if (status == STATUS_OK)
		status = server_take(session, "api", options->api, API_URL, &api, err);
	if (status == STATUS_OK)
		status = manifest_read(options->words.items[0], &manifest, err);
	if (status == STATUS_OK) {
		manifest_unite(&manifest, architecture);
		notes_take(session, &manifest.notes);
		request.architecture = architecture;
		request.metasnap = metasnap;
		request.api = api;
		status = find_run(session, &request, err);
	}
	manifest_release(&manifest);
	free(architecture);
	free(metasnap);
	free(api);
	return status;
}
