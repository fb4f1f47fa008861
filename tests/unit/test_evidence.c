/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/evidence/kept_log.h"
#include "verifier/evidence/read.h"

static struct evidence *evidence;
static struct error err;
static char run[RUN_ID_SIZE];

static struct run_start start_of(const char *kind, const char *key)
{
	struct run_start start = {.kind = kind, .release = "v1", .target = "qemu"};

	hash_memory(key, strlen(key), &start.key);
	return start;
}

static void set_up(void)
{
	struct run_start start = start_of("verify", "one");
	bool continued;

	ck_assert_int_eq(evidence_open(NULL, &evidence, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, run, &continued, &err), STATUS_OK);
	ck_assert(!continued);
}

static void tear_down(void)
{
	evidence_free(evidence);
}

static struct artifact_record pair_of(const char *name, const char *published, const char *rebuilt)
{
	struct artifact_record record = {.name = name,
		.verdict = VERDICT_DIFFERENT,
		.required = true,
		.has_published = true,
		.has_rebuilt = true,
		.has_published_size = true,
		.published_size = strlen(published),
		.rebuilt_size = strlen(rebuilt)};

	hash_memory(published, strlen(published), &record.published);
	hash_memory(rebuilt, strlen(rebuilt), &record.rebuilt);
	return record;
}

START_TEST(unfinished_run_is_continued)
{
	struct run_start start = start_of("verify", "one"), other = start_of("verify", "two");
	char again[RUN_ID_SIZE];
	bool continued;

	ck_assert_int_eq(evidence_run_begin(evidence, &other, again, &continued, &err), STATUS_OK);
	ck_assert(!continued);
	ck_assert_str_ne(again, run);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, again, &continued, &err), STATUS_OK);
	ck_assert(continued);
	ck_assert_str_eq(again, run);
	ck_assert_int_eq(
		evidence_run_finish(evidence, run, VERDICT_REPRODUCED, NULL, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, again, &continued, &err), STATUS_OK);
	ck_assert(!continued);
	ck_assert_str_ne(again, run);
}
END_TEST

START_TEST(comparison_is_never_continued)
{
	struct run_start start = start_of("compare", "same");
	char one[RUN_ID_SIZE], two[RUN_ID_SIZE];
	bool continued;

	ck_assert_int_eq(evidence_run_begin(evidence, &start, one, &continued, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, two, &continued, &err), STATUS_OK);
	ck_assert(!continued);
	ck_assert_str_ne(one, two);
}
END_TEST

/* Law 1 stands in the schema: no code can record equality without equal digests. */
START_TEST(reproduced_needs_equal_digests)
{
	struct artifact_record record = pair_of("a", "x", "y");

	record.verdict = VERDICT_REPRODUCED;
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_DATABASE);
	record.rebuilt = record.published;
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_OK);
	record.has_rebuilt = false;
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_DATABASE);
}
END_TEST

struct seen {
	size_t differences;
	char text[4096];
};

static enum status note_difference(
	void *context, const struct difference *difference, struct error *error)
{
	struct seen *seen = context;
	size_t len = strlen(seen->text);

	(void)error;
	seen->differences++;
	snprintf(seen->text + len, sizeof(seen->text) - len, "%s#%llu %s %d %s", difference->path,
		(unsigned long long)difference->occurrence, change_word(difference->change),
		difference->inspected, difference->reason ? difference->reason : "-");
	for (size_t i = 0; i < difference->field_count; i++) {
		len = strlen(seen->text);
		snprintf(seen->text + len, sizeof(seen->text) - len, " %s=%s>%s",
			difference->fields[i].name,
			difference->fields[i].published ? difference->fields[i].published : "NULL",
			difference->fields[i].rebuilt ? difference->fields[i].rebuilt : "NULL");
	}
	for (size_t i = 0; i < difference->cause_count; i++) {
		len = strlen(seen->text);
		snprintf(seen->text + len, sizeof(seen->text) - len, " !%s",
			difference->causes[i].id);
	}
	len = strlen(seen->text);
	snprintf(seen->text + len, sizeof(seen->text) - len, "\n");
	return STATUS_OK;
}

static void write_set(const struct artifact_record *record, bool inspected)
{
	static const struct difference_field fields[] = {
		{"mode", "0644", "0755"}, {"xattr:user.x", NULL, "new"}};
	static const struct difference_cause causes[] = {
		{.id = "mode", .evidence = "0644 published, 0755 rebuilt"},
		{.id = "unexplained", .bytes = 7}};
	struct difference first = {.path = "a//z\xff",
		.change = CHANGE_CONTENT,
		.inspected = true,
		.fields = fields,
		.field_count = 2,
		.causes = causes,
		.cause_count = 2,
		.diff = "-a\n+b\n"};
	struct difference second = {.path = "a//b",
		.occurrence = 1,
		.change = CHANGE_ADDED,
		.inspected = false,
		.reason = "too deep"};
	struct comparison comparison = {.differences = 2,
		.unattributed_bytes = -1,
		.unexplained_bytes = 7,
		.inspected = inspected};
	struct set_writer *writer;
	struct difference_sink sink;

	writer = set_writer_new(evidence, record);
	sink = set_writer_sink(writer);
	ck_assert_int_eq(sink.take(sink.context, &first, &err), STATUS_OK);
	ck_assert_int_eq(sink.take(sink.context, &second, &err), STATUS_OK);
	ck_assert_int_eq(set_writer_commit(writer, &comparison, &err), STATUS_OK);
}

START_TEST(difference_set_is_found_once)
{
	struct artifact_record record = pair_of("a", "x", "y"), other = pair_of("b", "x", "y");
	enum set_state state;
	bool equal;

	ck_assert_int_eq(evidence_set_state(evidence, &record, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_UNKNOWN);
	write_set(&record, true);
	ck_assert_int_eq(evidence_set_state(evidence, &record, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_COMPLETE);
	ck_assert_int_eq(evidence_set_state(evidence, &other, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_UNKNOWN);
}
END_TEST

static enum status read_set(void *context, const struct artifact_row *row, struct error *error)
{
	ck_assert_ptr_nonnull(row->set_id);
	ck_assert_int_eq(row->unattributed, -1);
	ck_assert_int_eq(row->unexplained, 7);
	ck_assert(!row->inspected);
	ck_assert_uint_eq(row->differences, 2);
	return evidence_each_difference(
		evidence, row->set_id, UINT64_MAX, note_difference, context, error);
}

static enum status read_whole(void *context, const struct artifact_row *row, struct error *error)
{
	struct seen *seen = context;

	if (!row->set_id) {
		seen->differences++;
		return STATUS_OK;
	}
	return evidence_each_difference(
		evidence, row->set_id, UINT64_MAX, note_difference, context, error);
}

START_TEST(differences_come_sorted_with_all_their_parts)
{
	struct artifact_record record = pair_of("a", "x", "y");
	struct seen seen = {0};

	write_set(&record, false);
	record.has_set = true;
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_artifact(evidence, run, true, read_set, &seen, &err), STATUS_OK);
	ck_assert_str_eq(seen.text,
		"a//b#1 added 0 too deep\n"
		"a//z\xff#0 content 1 - mode=0644>0755 "
		"xattr:user.x=NULL>new !mode !unexplained\n");
}
END_TEST

/* T6: two files that differ may never be stored as "nothing found". */
START_TEST(empty_set_is_refused)
{
	struct artifact_record record = pair_of("a", "x", "y");
	struct comparison comparison = {.differences = 0};
	struct set_writer *writer;
	enum set_state state;
	bool equal;

	writer = set_writer_new(evidence, &record);
	ck_assert_int_eq(set_writer_commit(writer, &comparison, &err), STATUS_DATABASE);
	ck_assert_int_eq(evidence_set_state(evidence, &record, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_UNKNOWN);
}
END_TEST

static enum status count_change(
	void *context, const struct published_change *change, struct error *error)
{
	(void)error;
	ck_assert_str_ne(change->was, change->is_now);
	++*(int *)context;
	return STATUS_OK;
}

START_TEST(changed_published_file_is_noticed)
{
	struct published_record record = {
		.release = "v1", .target = "qemu", .name = "a", .url = "/p/a", .has_size = true};
	int changes = 0;

	hash_memory("x", 1, &record.digest);
	ck_assert_int_eq(evidence_published(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(evidence_published(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_published_change(evidence, run, count_change, &changes, &err), 0);
	ck_assert_int_eq(changes, 0);
	hash_memory("y", 1, &record.digest);
	ck_assert_int_eq(evidence_published(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_published_change(evidence, run, count_change, &changes, &err), 0);
	ck_assert_int_eq(changes, 1);
}
END_TEST

static enum status note_output(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *error)
{
	struct digest want;

	(void)error;
	hash_memory("out", 3, &want);
	ck_assert_str_eq(name, "a");
	ck_assert(digest_equal(digest, &want));
	ck_assert_uint_eq(size, 3);
	++*(int *)context;
	return STATUS_OK;
}

START_TEST(outputs_are_reused_only_with_the_same_inputs)
{
	struct digest inputs, others, output;
	int outputs = 0;
	bool built;

	hash_memory("in", 2, &inputs);
	hash_memory("other", 5, &others);
	hash_memory("out", 3, &output);
	ck_assert_int_eq(evidence_is_built(evidence, run, &inputs, &built, &err), STATUS_OK);
	ck_assert(!built);
	ck_assert_int_eq(evidence_output(evidence, run, "a", &output, 3, &err), STATUS_OK);
	ck_assert_int_eq(evidence_built(evidence, run, &inputs, &err), STATUS_OK);
	ck_assert_int_eq(evidence_is_built(evidence, run, &inputs, &built, &err), STATUS_OK);
	ck_assert(built);
	ck_assert_int_eq(evidence_is_built(evidence, run, &others, &built, &err), STATUS_OK);
	ck_assert(!built);
	ck_assert_int_eq(
		evidence_each_output(evidence, run, note_output, &outputs, &err), STATUS_OK);
	ck_assert_int_eq(outputs, 1);
	ck_assert_int_eq(evidence_forget_build(evidence, run, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_output(evidence, run, note_output, &outputs, &err), STATUS_OK);
	ck_assert_int_eq(outputs, 1);
}
END_TEST

/* A run that failed has shown nothing, whatever its caller says. */
static enum status list_deb(void *context, const char *of_run, const char *name,
	const struct digest *digest, struct error *error)
{
	char hex[SHA256_HEX_SIZE];

	(void)error;
	ck_assert_str_eq(of_run, run);
	digest_hex(digest, hex);
	buffer_add_format(context, "%s %.8s\n", name, hex);
	return STATUS_OK;
}

static void assert_built_debs(const char *expected)
{
	struct buffer names = {0};

	ck_assert_int_eq(evidence_each_built_deb(evidence, list_deb, &names, &err), STATUS_OK);
	ck_assert_str_eq(buffer_text(&names), expected);
	buffer_release(&names);
}

START_TEST(what_a_build_made_counts_when_its_run_ended_well)
{
	struct digest digest;

	hash_memory("abc", 3, &digest);
	ck_assert_int_eq(evidence_output(evidence, run, "z.deb", &digest, 3, &err), STATUS_OK);
	ck_assert_int_eq(evidence_output(evidence, run, "a/a.deb", &digest, 3, &err), STATUS_OK);
	ck_assert_int_eq(evidence_output(evidence, run, "a.deb.txt", &digest, 3, &err), STATUS_OK);
	assert_built_debs("");
	ck_assert_int_eq(
		evidence_run_finish(evidence, run, VERDICT_DIFFERENT, NULL, &err), STATUS_OK);
	assert_built_debs("a/a.deb ba7816bf\nz.deb ba7816bf\n");
}
END_TEST

START_TEST(kept_log_is_of_the_newest_attempt)
{
	struct digest first, second, read;

	hash_memory("abc", 3, &first);
	hash_memory("abd", 3, &second);
	ck_assert_int_eq(evidence_read_kept_log(evidence, run, &read, &err), STATUS_END);
	ck_assert_int_eq(evidence_kept_log(evidence, run, &first, 3, &err), STATUS_OK);
	ck_assert_int_eq(evidence_kept_log(evidence, run, &second, 3, &err), STATUS_OK);
	ck_assert_int_eq(evidence_read_kept_log(evidence, run, &read, &err), STATUS_OK);
	ck_assert(digest_equal(&read, &second));
	ck_assert_int_eq(evidence_forget_build(evidence, run, &err), STATUS_OK);
	ck_assert_int_eq(evidence_read_kept_log(evidence, run, &read, &err), STATUS_END);
}
END_TEST

START_TEST(failed_run_is_never_reproduced)
{
	struct run_failure failure = {.class = "trust", .step = "compare", .text = "changed"};
	struct run_record record;

	ck_assert_int_eq(
		evidence_run_finish(evidence, run, VERDICT_REPRODUCED, &failure, &err), STATUS_OK);
	ck_assert_int_eq(evidence_read_run(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq((int)record.verdict, VERDICT_NOT_ATTEMPTED);
	ck_assert_str_eq(record.failure_class, "trust");
	run_record_release(&record);
}
END_TEST

/* What a worker that died left unopened is compared again, and gives way to what is found then. */
START_TEST(incomplete_set_is_made_again)
{
	struct artifact_record record = pair_of("a", "x", "y");
	struct seen seen = {0};
	enum set_state state;
	bool equal;

	write_set(&record, false);
	ck_assert_int_eq(evidence_set_state(evidence, &record, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_INCOMPLETE);
	write_set(&record, true);
	ck_assert_int_eq(evidence_set_state(evidence, &record, &state, &equal, &err), STATUS_OK);
	ck_assert(state == SET_COMPLETE);
	/* A third writer, of another process that was slower, changes nothing. */
	write_set(&record, true);
	record.has_set = true;
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_artifact(evidence, run, true, read_whole, &seen, &err), STATUS_OK);
	ck_assert_uint_eq(seen.differences, 2);
}
END_TEST

START_TEST(results_of_a_killed_part_are_forgotten)
{
	struct artifact_record record = pair_of("a", "x", "y");
	struct seen seen = {0};

	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(evidence_forget_results(evidence, run, &err), STATUS_OK);
	ck_assert_int_eq(
		evidence_each_artifact(evidence, run, true, read_whole, &seen, &err), STATUS_OK);
	ck_assert_uint_eq(seen.differences, 0);
}
END_TEST

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static enum status take_state(void *context, const struct pin_record *pin, struct error *ignored)
{
	char text[SUITE_STATE_SIZE];

	(void)ignored;
	suite_state_format(&pin->state, text);
	buffer_add_format(context, "%s %s\n", pin->suite, text);
	return STATUS_OK;
}

static enum status take_digest(void *context, const struct digest *digest, struct error *ignored)
{
	char hex[SHA256_HEX_SIZE];

	(void)ignored;
	digest_hex(digest, hex);
	buffer_add_format(context, "%c", hex[0]);
	return STATUS_OK;
}

/* The files of a pin's suite come back as the kind they are, and each of them is kept. */
START_TEST(states_of_pins_keep_their_kind)
{
	struct pin_record record = {.archive = "debian", .suite = "a", .pin = "p", .signer = "k"};
	struct buffer text = {0};

	ck_assert(suite_state_parse(HEX_A, &record.state));
	ck_assert_int_eq(evidence_run_pin(evidence, run, &record, &err), STATUS_OK);
	record.suite = "b";
	ck_assert(suite_state_parse("Release:" HEX_B ",Release.gpg:" HEX_C, &record.state));
	ck_assert_int_eq(evidence_run_pin(evidence, run, &record, &err), STATUS_OK);
	ck_assert_int_eq(evidence_each_pin(evidence, run, take_state, &text, &err), STATUS_OK);
	ck_assert_str_eq(
		buffer_text(&text), "a " HEX_A "\nb Release:" HEX_B ",Release.gpg:" HEX_C "\n");
	buffer_clear(&text);
	ck_assert_msg(evidence_each_reference(evidence, take_digest, &text, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_ptr_nonnull(strstr(buffer_text(&text), "abc"));
	buffer_release(&text);
}
END_TEST

START_TEST(other_schema_is_refused)
{
	struct evidence *opened = NULL;
	char *directory, *path;
	sqlite3 *db;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	path = path_join(directory, "x.db");
	ck_assert_int_eq(evidence_open(path, &opened, &err), STATUS_OK);
	evidence_free(opened);
	ck_assert_int_eq(evidence_open_read(path, &opened, &err), STATUS_OK);
	evidence_free(opened);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ck_assert_int_eq(evidence_open(path, &opened, &err), STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "99"));
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(path);
	free(directory);
}
END_TEST

START_TEST(verdict_words_round_trip)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		enum verdict verdict;

		ck_assert(verdict_parse(verdict_word((enum verdict)i), &verdict));
		ck_assert_int_eq((int)verdict, i);
		ck_assert_int_eq((int)verdict_worst(verdict, VERDICT_REPRODUCED), i);
	}
	ck_assert(!verdict_parse("green", &(enum verdict){0}));
}
END_TEST

START_TEST(failure_words_round_trip)
{
	for (int status = STATUS_USAGE; status >= STATUS_INCOMPLETE; status--)
		ck_assert_int_eq(failure_status(failure_class((enum status)status)), status);
	ck_assert_ptr_null(failure_class(STATUS_OK));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("evidence");
	TCase *tcase = tcase_create("evidence");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, unfinished_run_is_continued);
	tcase_add_test(tcase, comparison_is_never_continued);
	tcase_add_test(tcase, reproduced_needs_equal_digests);
	tcase_add_test(tcase, difference_set_is_found_once);
	tcase_add_test(tcase, differences_come_sorted_with_all_their_parts);
	tcase_add_test(tcase, empty_set_is_refused);
	tcase_add_test(tcase, changed_published_file_is_noticed);
	tcase_add_test(tcase, outputs_are_reused_only_with_the_same_inputs);
	tcase_add_test(tcase, what_a_build_made_counts_when_its_run_ended_well);
	tcase_add_test(tcase, kept_log_is_of_the_newest_attempt);
	tcase_add_test(tcase, failed_run_is_never_reproduced);
	tcase_add_test(tcase, incomplete_set_is_made_again);
	tcase_add_test(tcase, results_of_a_killed_part_are_forgotten);
	tcase_add_test(tcase, states_of_pins_keep_their_kind);
	tcase_add_test(tcase, other_schema_is_refused);
	tcase_add_test(tcase, verdict_words_round_trip);
	tcase_add_test(tcase, failure_words_round_trip);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
