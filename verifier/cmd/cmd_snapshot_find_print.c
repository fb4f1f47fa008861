/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/json.h"
#include "verifier/cmd/cmd_snapshot_find.h"
#include "verifier/cmd/command.h"

/* Of the packages that only one timestamp explains so many are listed; JSON has all. */
#define LISTED_MAX ((size_t)20)

static const char *const reason_names[] = {
	[FIND_EXPLAINED] = "explained",
	[FIND_VERSION_NOT_GIVEN] = "version-not-given",
	[FIND_NAME_UNKNOWN] = "name-unknown",
	[FIND_VERSION_UNKNOWN] = "version-unknown",
	[FIND_OTHER_ARCHITECTURE] = "other-architecture",
	[FIND_OTHER_ARCHIVE] = "other-archive",
	[FIND_SUITE_UNKNOWN] = "suite-unknown",
};

/* What a version says of where it comes from: only how it is written, and so never a reason. */
static const struct {
	const char *part, *text;
} version_hints[] = {
	{"+cip", "by its version a build of CIP's own"},
	{"~bpo", "by its version a backport"},
};

static const char *version_hint(const char *version)
{
	for (size_t i = 0; version && i < ARRAY_SIZE(version_hints); i++) {
		if (strstr(version, version_hints[i].part))
			return version_hints[i].text;
	}
	return NULL;
}

/* The reason in words; the caller frees. */
static char *reason_text(const struct found_package *found, const char *version)
{
	const char *hint = version_hint(version);
	char time[CLOCK_TEXT_SIZE];
	struct buffer text = {0};

	clock_format_snapshot(found->first_seen, time);
	switch (found->reason) {
	case FIND_EXPLAINED:
		break;
	case FIND_VERSION_NOT_GIVEN:
		buffer_add_text(&text, "the list does not say which version");
		break;
	case FIND_NAME_UNKNOWN:
		buffer_add_text(&text, "no package of this name is known");
		break;
	case FIND_VERSION_UNKNOWN:
		buffer_add_format(&text, "this version is not known, the newest known is %s",
			found->version ? found->version : "none");
		break;
	case FIND_OTHER_ARCHITECTURE:
		buffer_add_format(&text, "this version is known for %s only", found->architecture);
		break;
	case FIND_OTHER_ARCHIVE:
		buffer_add_format(&text,
			"only in %s, since %s, whose suites were not looked at: --archive %s",
			found->archive, time, found->archive);
		break;
	case FIND_SUITE_UNKNOWN:
		buffer_add_format(&text,
			"in the pool of %s since %s, but in no suite that is known", found->archive,
			time);
		break;
	}
	if (hint)
		buffer_add_format(&text, "; %s", hint);
	return buffer_detach(&text);
}

/* "NAME VERSION ARCH", as far as the list says so; the caller frees. */
static char *package_text(const struct manifest_package *package)
{
	return xasprintf("%s%s%s%s%s", package->name, package->version ? " " : "",
		package->version ? package->version : "", package->architecture ? " " : "",
		package->architecture ? package->architecture : "");
}

static void put_line(char *text)
{
	command_put(text);
	putchar('\n');
	free(text);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_answer(const struct find_result *result)
{
	size_t count = result->package_count, left = count - result->explained_count;

	printf("%zu package%s: ", count, plural(count));
	if (result->explained_count == 0) {
		puts("no timestamp explains any");
		return;
	}
	if (left)
		printf("%zu", result->explained_count);
	else
		fputs("all", stdout);
	printf(" explained by %zu timestamp%s", result->pin_count, plural(result->pin_count));
	if (left)
		printf(", %zu not explained", left);
	if (result->at_least == result->pin_count)
		puts("; smallest: proven");
	else
		printf("; smallest: not proven, at least %zu\n", result->at_least);
}

/* Those that have no other timestamp. */
static void print_only(const struct find_report *report, const struct found_pin *pin)
{
	size_t listed = 0;

	for (size_t i = 0; i < pin->package_count; i++) {
		size_t package = pin->packages[i];

		if (report->result->packages[package].pin_count != 1)
			continue;
		if (listed++ == LISTED_MAX)
			break;
		fputs("  ", stdout);
		put_line(package_text(&report->manifest->items[package]));
	}
	if (pin->only_count > LISTED_MAX)
		printf("  and %zu more, which --json lists\n", pin->only_count - LISTED_MAX);
}

static void print_pin(const struct find_report *report, size_t number)
{
	const struct found_pin *pin = &report->result->pins[number];
	char time[CLOCK_TEXT_SIZE];

	command_put(pin->name);
	printf("  %zu package%s", pin->package_count, plural(pin->package_count));
	if (report->result->pin_count > 1)
		printf(", %zu only there", pin->only_count);
	clock_format_snapshot(pin->since, time);
	if (pin->since < pin->timestamp)
		printf("; the same since %s", time);
	puts(pin->is_stored ? "; in the store" : "");
	/* Of the first one that would be nearly everything. */
	if (number > 0)
		print_only(report, pin);
}

static void print_asked(const struct find_report *report)
{
	size_t pins = report->result->pins_read;

	printf("not explained (asked: %zu pin%s of the store", pins, plural(pins));
	if (report->metasnap) {
		fputs(", ", stdout);
		command_put(report->metasnap);
	}
	if (report->api) {
		fputs(", ", stdout);
		command_put(report->api);
	}
	puts("):");
}

enum status find_print_text(const struct find_report *report, struct error *err)
{
	const struct find_result *result = report->result;

	(void)err;
	print_answer(result);
	for (size_t i = 0; i < result->pin_count; i++)
		print_pin(report, i);
	if (result->explained_count < result->package_count)
		print_asked(report);
	for (size_t i = 0; i < result->package_count; i++) {
		const struct manifest_package *package = &report->manifest->items[i];
		char *text, *reason;

		if (result->packages[i].reason == FIND_EXPLAINED)
			continue;
		text = package_text(package);
		reason = reason_text(&result->packages[i], package->version);
		put_line(xasprintf("%s: %s", text, reason));
		free(text);
		free(reason);
	}
	return STATUS_OK;
}

static void time_json(struct json *json, const char *key, int64_t time)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_snapshot(time, text);
	json_text(json, key, text);
}

static void package_json(struct json *json, const struct manifest_package *package)
{
	json_text(json, "name", package->name);
	json_text(json, "version", package->version);
	json_text(json, "architecture", package->architecture);
}

static void pin_json(
	struct json *json, const struct find_report *report, const struct found_pin *pin)
{
	json_object_begin(json, NULL);
	json_text(json, "pin", pin->name);
	json_text(json, "archive", pin->archive);
	time_json(json, "timestamp", pin->timestamp);
	json_array_begin(json, "suites");
	for (size_t i = 0; i < pin->suites.count; i++)
		json_text(json, NULL, pin->suites.items[i]);
	json_array_end(json);
	time_json(json, "since", pin->since);
	json_bool(json, "stored", pin->is_stored);
	json_array_begin(json, "packages");
	for (size_t i = 0; i < pin->package_count; i++) {
		size_t package = pin->packages[i];

		json_object_begin(json, NULL);
		package_json(json, &report->manifest->items[package]);
		json_bool(json, "only_here", report->result->packages[package].pin_count == 1);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

static void unexplained_json(struct json *json, const struct manifest_package *package,
	const struct found_package *found)
{
	char *text = reason_text(found, package->version);

	json_object_begin(json, NULL);
	package_json(json, package);
	json_text(json, "reason", reason_names[found->reason]);
	json_text(json, "text", text);
	json_text(json, "archive", found->archive);
	if (found->archive)
		time_json(json, "first_seen", found->first_seen);
	else
		json_none(json, "first_seen");
	json_object_end(json);
	free(text);
}

static void asked_json(struct json *json, const struct find_report *report)
{
	json_object_begin(json, "asked");
	json_unsigned(json, "pins", report->result->pins_read);
	json_text(json, "metasnap", report->metasnap);
	json_text(json, "api", report->api);
	json_object_end(json);
}

enum status find_print_json(const struct find_report *report, struct error *err)
{
	const struct find_result *result = report->result;
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-snapshot-find-1");
	json_unsigned(&json, "packages", result->package_count);
	json_unsigned(&json, "explained", result->explained_count);
	json_bool(&json, "smallest_proven", result->at_least == result->pin_count);
	json_unsigned(&json, "at_least", result->at_least);
	json_array_begin(&json, "pins");
	for (size_t i = 0; i < result->pin_count; i++)
		pin_json(&json, report, &result->pins[i]);
	json_array_end(&json);
	json_array_begin(&json, "overlaps");
	for (size_t i = 0; i < result->overlaps.count; i++)
		json_text(&json, NULL, result->overlaps.items[i]);
	json_array_end(&json);
	json_array_begin(&json, "unexplained");
	for (size_t i = 0; i < result->package_count; i++) {
		if (result->packages[i].reason != FIND_EXPLAINED)
			unexplained_json(&json, &report->manifest->items[i], &result->packages[i]);
	}
	json_array_end(&json);
	asked_json(&json, report);
	json_object_end(&json);
	return json_finish(&json, err);
}
