/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/progress.h"
#include "snapshot/lock.h"
#include "snapshot/pin_file.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"
#include "verifier/evidence/read.h"

/* Unused files that text output names, the largest first; JSON has all. */
#define UNUSED_SHOWN 10

/* ---- fsck ---- */

static void damage_print(const struct store_damage *damage)
{
	printf("%s: ", damage->is_foreign ? "no file of the store" : "damaged");
	command_put(damage->path);
	if (damage->name) {
		fputs(", which was ", stdout);
		command_put(damage->name);
	}
	putchar('\n');
}

static enum status fsck_print_json(
	const struct store_tally *good, const struct store_damages *damages, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-snapshot-fsck-1");
	json_unsigned(&json, "files", good->files);
	json_unsigned(&json, "bytes", good->bytes);
	json_array_begin(&json, "damaged");
	for (size_t i = 0; i < damages->count; i++) {
		const struct store_damage *damage = &damages->items[i];

		digest_hex(&damage->expected, hex);
		json_object_begin(&json, NULL);
		json_text(&json, "path", damage->path);
		json_text(&json, "sha256", damage->is_foreign ? NULL : hex);
		json_text(&json, "name", damage->name);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_unsigned(&json, "sha1_wrong", damages->sha1_wrong);
	json_unsigned(&json, "sha1_missing", damages->sha1_missing);
	json_object_end(&json);
	return json_finish(&json, err);
}

enum status snapshot_cmd_fsck(struct snapshot_session *session, struct error *err)
{
	struct store_damages damages;
	struct store_tally good;
	char size[32];
	enum status status = store_fsck(session->store, &good, &damages, err);

	if (status == STATUS_OK && session->options->is_json) {
		status = fsck_print_json(&good, &damages, err);
	} else if (status == STATUS_OK) {
		for (size_t i = 0; i < damages.count; i++)
			damage_print(&damages.items[i]);
		if (damages.sha1_wrong)
			printf("damaged: sha1, %ju line%s: put right\n",
				(uintmax_t)damages.sha1_wrong, damages.sha1_wrong == 1 ? "" : "s");
		if (damages.sha1_missing)
			printf("sha1: %ju file%s had no SHA-1: added\n",
				(uintmax_t)damages.sha1_missing,
				damages.sha1_missing == 1 ? "" : "s");
		progress_format_bytes(good.bytes, size);
		printf("%ju file%s, %s: good\n", (uintmax_t)good.files, good.files == 1 ? "" : "s",
			size);
	}
	if (status == STATUS_OK && good.files + damages.count == 0)
		status = error_set(err, STATUS_NOT_FOUND,
			"the store %s holds no file: nothing was checked",
			store_directory(session->store));
	else if (status == STATUS_OK && damages.count)
		status = error_set(err, STATUS_IO,
			"%zu of %s %s not what the name said, and moved to quarantine/. Get again "
			"what "
			"is missing with reproof snapshot fetch --pin; if nobody wrote to the "
			"store, look at the disk",
			damages.count, store_directory(session->store),
			damages.count == 1 ? "was" : "were");
	else if (status == STATUS_OK && damages.sha1_wrong)
		status = error_set(err, STATUS_IO,
			"%s/sha1 said what is not so, and was put right; if nobody wrote to it, "
			"look at the disk",
			store_directory(session->store));
	store_damages_release(&damages);
	return status;
}

/* ---- gc, size ---- */

/* The digests that evidence databases speak of. */
struct records {
	struct digest *items;
	size_t count, capacity;
	struct text_list paths; /* of the databases that were read */
};

static enum status record_take(void *context, const struct digest *digest, struct error *err)
{
	struct records *records = context;

	(void)err;
	ARRAY_GROW(records->items, records->count, records->capacity);
	records->items[records->count++] = *digest;
	return STATUS_OK;
}

static int record_compare(const void *a, const void *b)
{
	return digest_compare(a, b);
}

/* A pin that a run was made with stays: the run could not be looked into any more. */
static enum status drops_check_runs(struct evidence *evidence, const struct text_list *dropped,
	const char *path, struct error *err)
{
	for (size_t i = 0; i < dropped->count; i++) {
		char *archive = xstrndup(dropped->items[i], strcspn(dropped->items[i], "@"));
		char run[RUN_ID_SIZE];
		enum status status =
			evidence_pin_user(evidence, archive, dropped->items[i], run, err);

		free(archive);
		if (status < 0)
			return status;
		if (status == STATUS_OK)
			return error_set(err, STATUS_CONFLICT,
				"%s is not dropped: the run %s in %s was made with it",
				dropped->items[i], run, path);
	}
	return STATUS_OK;
}

static enum status records_read(struct records *records, const struct text_list *dropped,
	const char *path, struct error *err)
{
	struct evidence *evidence = NULL;
	enum status status = evidence_open_read(path, &evidence, err);

	if (status == STATUS_OK)
		status = evidence_each_reference(evidence, record_take, records, err);
	if (status == STATUS_OK)
		status = drops_check_runs(evidence, dropped, path, err);
	evidence_free(evidence);
	text_list_add(&records->paths, path);
	return status < 0 ? error_context(err, "%s", path) : STATUS_OK;
}

static enum status records_gather(
	struct snapshot_session *session, struct records *records, struct error *err)
{
	const struct snapshot_options *options = session->options;
	char *usual = command_default_database();
	enum status status = STATUS_OK;

	for (size_t i = 0; i < options->databases.count && status == STATUS_OK; i++)
		status = records_read(records, &options->dropped, options->databases.items[i], err);
	/* The usual one keeps its files also beside others. */
	if (status == STATUS_OK && !text_list_contains(&options->databases, usual) &&
		access(usual, F_OK) == 0)
		status = records_read(records, &options->dropped, usual, err);
	if (status == STATUS_OK && records->paths.count == 0)
		fprintf(stderr,
			"reproof snapshot: note: there is no evidence database, so no run keeps a "
			"file; name one with --db if it is elsewhere\n");
	if (records->count)
		qsort(records->items, records->count, sizeof(records->items[0]), record_compare);
	free(usual);
	return status;
}

static enum status drops_check_lock(struct snapshot_session *session, struct error *err)
{
	const struct text_list *dropped = &session->options->dropped;
	struct lock lock = {0};
	enum status status = STATUS_OK;

	if (session->options->lock_path)
		status = lock_read(session->options->lock_path, &lock, err);
	for (size_t i = 0; i < lock.count && status == STATUS_OK; i++) {
		char *name = xasprintf("%s@%s", lock.entries[i].archive, lock.entries[i].timestamp);

		if (text_list_contains(dropped, name))
			status = error_set(err, STATUS_CONFLICT,
				"%s is not dropped: the lock %s names it", name,
				session->options->lock_path);
		free(name);
	}
	lock_release(&lock);
	return status;
}

static void tally_print(const char *name, const struct store_tally *tally, const char *remark)
{
	char size[32];

	progress_format_bytes(tally->bytes, size);
	printf("%-40s %8ju %s %9s%s%s\n", name, (uintmax_t)tally->files,
		tally->files == 1 ? "file " : "files", size, *remark ? "  " : "", remark);
}

static void use_print(const struct store_use *use, const char *directory)
{
	for (size_t i = 0; i < use->pin_count; i++) {
		char *remark = xasprintf("of %ju that it names", (uintmax_t)use->pins[i].named);

		tally_print(use->pins[i].pin, &use->pins[i].stored, remark);
		free(remark);
	}
	tally_print("all pins", &use->by_pins, "");
	tally_print("evidence", &use->by_records, "");
	tally_print("unused", &use->by_nothing, "");
	tally_print("store", &use->all, directory);
	if (use->quarantine.files)
		tally_print("quarantine", &use->quarantine,
			"damaged; look at them and remove them by hand");
	if (use->unfinished.files)
		tally_print("unfinished", &use->unfinished, "transfers that may go on");
}

static void tally_json(struct json *json, const char *key, const struct store_tally *tally)
{
	json_object_begin(json, key);
	json_unsigned(json, "files", tally->files);
	json_unsigned(json, "bytes", tally->bytes);
	json_object_end(json);
}

static enum status use_print_json(const struct store_use *use, const char *format,
	const struct text_list *dropped, const bool *is_removed, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", format);
	if (is_removed)
		json_bool(&json, "removed", *is_removed);
	json_array_begin(&json, "pins");
	for (size_t i = 0; i < use->pin_count; i++) {
		json_object_begin(&json, NULL);
		json_text(&json, "name", use->pins[i].pin);
		json_unsigned(&json, "files", use->pins[i].stored.files);
		json_unsigned(&json, "bytes", use->pins[i].stored.bytes);
		json_unsigned(&json, "named", use->pins[i].named);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_array_begin(&json, "dropped");
	for (size_t i = 0; i < dropped->count; i++)
		json_text(&json, NULL, dropped->items[i]);
	json_array_end(&json);
	tally_json(&json, "all_pins", &use->by_pins);
	tally_json(&json, "evidence", &use->by_records);
	tally_json(&json, "unused", &use->by_nothing);
	tally_json(&json, "store", &use->all);
	tally_json(&json, "quarantine", &use->quarantine);
	tally_json(&json, "unfinished", &use->unfinished);
	json_array_begin(&json, "unused_files");
	for (size_t i = 0; i < use->unused_count; i++) {
		digest_hex(&use->unused[i].digest, hex);
		json_object_begin(&json, NULL);
		json_text(&json, "sha256", hex);
		json_unsigned(&json, "size", use->unused[i].size);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

static void gc_print(const struct store_use *use, const struct snapshot_options *options)
{
	const char *verb = options->is_agreed ? "removed" : "would remove";
	char hex[SHA256_HEX_SIZE], size[32];

	for (size_t i = 0; i < options->dropped.count; i++)
		printf("%s the pin %s\n", verb, options->dropped.items[i]);
	for (size_t i = 0; i < use->unused_count && i < UNUSED_SHOWN; i++) {
		digest_hex(&use->unused[i].digest, hex);
		progress_format_bytes(use->unused[i].size, size);
		printf("%s %s %s\n", verb, hex, size);
	}
	if (use->unused_count > UNUSED_SHOWN)
		printf("%s %zu more\n", verb, use->unused_count - UNUSED_SHOWN);
	progress_format_bytes(use->by_nothing.bytes, size);
	printf("%s %ju file%s, %s, that nothing refers to", verb, (uintmax_t)use->by_nothing.files,
		use->by_nothing.files == 1 ? "" : "s", size);
	progress_format_bytes(use->all.bytes - use->by_nothing.bytes, size);
	printf("; %ju, %s, stay\n", (uintmax_t)(use->all.files - use->by_nothing.files), size);
	if (!options->is_agreed && (use->by_nothing.files || options->dropped.count))
		puts("nothing was removed: say --yes to do it");
}

/* Both of them: gc with --yes removes, and then tells what it has removed. */
static enum status use_run(struct snapshot_session *session, bool is_gc, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct records records = {0};
	struct store_keep keep = {.dropped = &options->dropped};
	struct store_use use = {0};
	bool removes = is_gc && options->is_agreed;
	enum status status = removes ? store_hold_alone(session->store, err) : STATUS_OK;

	if (status == STATUS_OK)
		status = records_gather(session, &records, err);
	keep.records = records.items;
	keep.record_count = records.count;
	if (status == STATUS_OK)
		status = drops_check_lock(session, err);
	if (status == STATUS_OK)
		status = removes ? store_gc(session->store, &keep, &use, err)
				 : store_use_measure(session->store, &keep, &use, err);
	if (status == STATUS_OK && options->is_json)
		status = use_print_json(&use,
			is_gc ? "reproof-snapshot-gc-1" : "reproof-snapshot-size-1",
			&options->dropped, is_gc ? &options->is_agreed : NULL, err);
	else if (status == STATUS_OK && is_gc)
		gc_print(&use, options);
	else if (status == STATUS_OK)
		use_print(&use, store_directory(session->store));
	store_use_release(&use);
	text_list_release(&records.paths);
	free(records.items);
	return status;
}

enum status snapshot_cmd_gc(struct snapshot_session *session, struct error *err)
{
	return use_run(session, true, err);
}

enum status snapshot_cmd_size(struct snapshot_session *session, struct error *err)
{
	return use_run(session, false, err);
}
