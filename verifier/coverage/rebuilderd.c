/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rebuilderd.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/json_stream.h"

struct reading {
	struct rebuilderd *rebuilderd;
	const struct text_list *names;
	struct rebuilt_package entry;
	char *binary, *distro;
	size_t *counts; /* of entries, beside `names` */
};

static void entry_release(struct rebuilt_package *entry)
{
	free(entry->name);
	free(entry->version);
	free(entry->suite);
	free(entry->architecture);
	free(entry->word);
	free(entry->date);
	free(entry->place);
	*entry = (struct rebuilt_package){0};
}

static void entry_clear(struct reading *reading)
{
	entry_release(&reading->entry);
	free(reading->binary);
	free(reading->distro);
	reading->binary = reading->distro = NULL;
}

static enum status shape_refuse(
	const struct json_stream *stream, const char *what, struct error *err)
{
	struct buffer place = {0};

	json_stream_place(stream, json_stream_depth(stream), &place);
	error_set(err, STATUS_FORMAT,
		"%s: %s; this is neither rebuilderd's list of packages nor reproducible.json, and "
		"nothing of it is used",
		buffer_text(&place), what);
	buffer_release(&place);
	return err->status;
}

static enum status take_value(struct reading *reading, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	struct rebuilt_package *entry = &reading->entry;
	const struct {
		const char *key;
		char **text;
	} keys[] = {
		{"name", &reading->binary},
		{"package", &entry->name},
		{"version", &entry->version},
		{"suite", &entry->suite},
		{"architecture", &entry->architecture},
		{"status", &entry->word},
		{"distro", &reading->distro},
		{"built_at", &entry->date},
		{"build_date", &entry->date},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(json_stream_key(stream, 1), keys[i].key) != 0)
			continue;
		if (event->kind != JSON_EVENT_TEXT && event->kind != JSON_EVENT_NULL)
			return shape_refuse(stream, "this is no text", err);
		free(*keys[i].text);
		*keys[i].text = json_event_text(event);
		break;
	}
	return STATUS_OK;
}

/* Words of both, and what reproducible.json said in earlier years. */
static enum rebuilt judge(const char *word, bool is_source)
{
	static const struct {
		const char *word;
		bool is_source;
		enum rebuilt rebuilt;
	} words[] = {
		{"GOOD", false, REBUILT_GOOD},
		{"BAD", false, REBUILT_BAD},
		{"reproducible", true, REBUILT_GOOD},
		{"FTBR", true, REBUILT_BAD},
		{"unreproducible", true, REBUILT_BAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (words[i].is_source == is_source && strcmp(word, words[i].word) == 0)
			return words[i].rebuilt;
	}
	return REBUILT_UNKNOWN;
}

static enum status entry_finish(
	struct reading *reading, const struct json_stream *stream, struct error *err)
{
	struct rebuilderd *rebuilderd = reading->rebuilderd;
	struct rebuilt_package *entry = &reading->entry;
	struct buffer place = {0};
	size_t at;

	if ((reading->binary != NULL) == (entry->name != NULL))
		return shape_refuse(stream, "an entry without one name", err);
	entry->is_source = entry->name != NULL;
	if (!entry->is_source) {
		entry->name = reading->binary;
		reading->binary = NULL;
	}
	if ((reading->distro && strcmp(reading->distro, "debian") != 0) ||
		!text_list_find(reading->names, entry->name, &at)) {
		entry_clear(reading);
		return STATUS_OK;
	}
	if (++reading->counts[at] > REBUILDERD_ENTRIES_MAX)
		return error_set(err, STATUS_LIMIT, "more than %zu entries of %s",
			REBUILDERD_ENTRIES_MAX, entry->name);
	if (!entry->version || !entry->architecture || !entry->word)
		return shape_refuse(
			stream, "an entry without version, architecture or status", err);
	entry->rebuilt = judge(entry->word, entry->is_source);
	json_stream_place(stream, 1, &place);
	entry->place = buffer_detach(&place);
	ARRAY_GROW(rebuilderd->packages, rebuilderd->count, rebuilderd->capacity);
	rebuilderd->packages[rebuilderd->count++] = *entry;
	*entry = (struct rebuilt_package){0};
	entry_clear(reading);
	return STATUS_OK;
}

static enum status on_event(void *context, const struct json_stream *stream,
	const struct json_event *event, struct error *err)
{
	struct reading *reading = context;

	switch (json_stream_depth(stream)) {
	case 0:
		if (event->kind == JSON_EVENT_ARRAY || event->kind == JSON_EVENT_ARRAY_END)
			return STATUS_OK;
		return shape_refuse(stream, "the outermost value is no array", err);
	case 1:
		if (event->kind == JSON_EVENT_OBJECT)
			return STATUS_OK;
		if (event->kind == JSON_EVENT_OBJECT_END)
			return entry_finish(reading, stream, err);
		return shape_refuse(stream, "an entry that is no object", err);
	case 2:
		if (event->kind != JSON_EVENT_OBJECT_END && event->kind != JSON_EVENT_ARRAY_END)
			return take_value(reading, stream, event, err);
		return STATUS_OK;
	default:
		return STATUS_OK;
	}
}

enum status rebuilderd_read(struct rebuilderd *rebuilderd, const struct data_file *file,
	const struct text_list *names, struct error *err)
{
	struct reading reading = {.rebuilderd = rebuilderd, .names = names};
	const struct json_handler handler = {on_event, &reading, NULL};
	enum status status;

	*rebuilderd = (struct rebuilderd){.name = xstrdup(file->name), .sha256 = file->sha256};
	reading.counts = xcalloc(names->count + 1, sizeof(reading.counts[0]));
	status = json_stream_read(file, &handler, err);
	free(reading.counts);
	entry_clear(&reading);
	if (status < 0)
		rebuilderd_release(rebuilderd);
	return status;
}

void rebuilderd_release(struct rebuilderd *rebuilderd)
{
	for (size_t i = 0; i < rebuilderd->count; i++)
		entry_release(&rebuilderd->packages[i]);
	free(rebuilderd->packages);
	free(rebuilderd->name);
	*rebuilderd = (struct rebuilderd){0};
}

static bool fits(const struct rebuilt_package *package, bool is_source, const char *name,
	const char *version, const char *suite, const char *architecture)
{
	if (package->is_source != is_source || strcmp(package->name, name) != 0 ||
		strcmp(package->version, version) != 0 ||
		(suite && (!package->suite || strcmp(package->suite, suite) != 0)))
		return false;
	return strcmp(package->architecture, architecture) == 0 ||
		(!is_source && strcmp(package->architecture, "all") == 0);
}

struct rebuilt_answer rebuilderd_look_up(const struct rebuilderd *rebuilderd, bool is_source,
	const char *name, const char *version, const char *suite, const char *architecture,
	struct claim_list *claims)
{
	struct rebuilt_answer answer = {0};

	for (size_t i = 0; i < rebuilderd->count; i++) {
		const struct rebuilt_package *package = &rebuilderd->packages[i];

		if (!fits(package, is_source, name, version, suite, architecture))
			continue;
		claim_add(claims, &rebuilderd->sha256, package->place, 0,
			"rebuilt by others: %s %s on %s is %s%s%s", name, version,
			package->architecture, package->word, package->date ? ", " : "",
			package->date ? package->date : "");
		if (!answer.is_known || package->rebuilt > answer.rebuilt)
			answer.rebuilt = package->rebuilt;
		answer.is_known = true;
	}
	return answer;
}
