/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "verifier/evidence/cause_graph.h"
#include "verifier/evidence/read.h"

#define UUID_A "a7b73230-46a3-41ce-82c2-b1753d5e4293"
#define UUID_B "ef3953b7-1212-4522-943a-8aa66e5c7a92"
/* Their SHA-256, as CIP's verity salt is made. */
#define SALT_A "6a8b7aa06799d7ebf2c347517602512da46bbdb5e298353bb2f2888cf3576113"
#define SALT_B "2fe3dc23491152ce303ebe20749a46c524bf1736c6fef226469f36822f784a48"

static struct evidence *evidence;
static struct error err;
static char run[RUN_ID_SIZE];

/* A difference with one cause: in a field, in a value of the content, or in neither. */
struct given {
	const char *path;
	const char *cause;
	const char *field, *published, *rebuilt; /* field "" for a value of the content */
	const char *content[2];			 /* its two contents, hashed; or NULL */
	const char *also; /* another field; of a value of the content: another value */
};

static void set_up(void)
{
	struct run_start start = {.kind = "verify", .release = "v1", .target = "qemu"};
	bool continued;

	ck_assert_int_eq(evidence_open(NULL, &evidence, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, run, &continued, &err), STATUS_OK);
}

static void tear_down(void)
{
	evidence_free(evidence);
}

static void take(struct difference_sink *sink, const struct given *given)
{
	bool is_field = given->field != NULL && *given->field != '\0';
	const char *read_from = given->field != NULL && !is_field ? "seen" : NULL;
	struct difference_cause cause = {.id = given->cause, .bytes = 10, .evidence = read_from};
	struct difference_field fields[] = {
		{given->field, given->published, given->rebuilt}, {given->also, "1", "2"}};
	struct difference_value values[] = {{given->cause, given->published, given->rebuilt},
		{given->cause, "other", "another"}};
	size_t count = given->also != NULL ? 2 : 1;
	struct digest digests[2];

	for (int side = 0; side < 2 && given->content[0] != NULL; side++)
		hash_memory(given->content[side], strlen(given->content[side]), &digests[side]);
	ck_assert_int_eq(
		sink->take(sink->context,
			&(struct difference){
				.path = given->path,
				.change = CHANGE_CONTENT,
				.inspected = true,
				.fields = fields,
				.field_count = is_field ? count : 0,
				.causes = &cause,
				.cause_count = 1,
				.values = values,
				.value_count = given->field != NULL && !is_field ? count : 0,
				.published = given->content[0] ? &digests[0] : NULL,
				.rebuilt = given->content[0] ? &digests[1] : NULL,
			},
			&err),
		STATUS_OK);
}

static void add_artifact(const char *name, const struct given *given, size_t count)
{
	struct artifact_record record = {.name = name,
		.verdict = VERDICT_DIFFERENT,
		.has_published = true,
		.has_rebuilt = true,
		.has_set = true};
	struct comparison comparison = {.differences = count, .inspected = true};
	struct set_writer *writer;
	struct difference_sink sink;

	hash_memory("published", 9, &record.published);
	hash_memory("rebuilt", 7, &record.rebuilt);
	writer = set_writer_new(evidence, &record);
	sink = set_writer_sink(writer);
	for (size_t i = 0; i < count; i++)
		take(&sink, &given[i]);
	ck_assert_int_eq(set_writer_commit(writer, &comparison, &err), STATUS_OK);
	ck_assert_int_eq(evidence_artifact(evidence, run, &record, &err), STATUS_OK);
}

/* "a; b<a; c<a" : each cause, and the roots of those that are none. */
static void expect(const char *expected)
{
	struct cause_graph graph = {0};
	struct buffer text = {0};

	ck_assert_int_eq(cause_graph_read(evidence, run, &graph, &err), STATUS_OK);
	for (size_t i = 0; i < graph.count; i++) {
		buffer_add_format(&text, "%s%s%s", i > 0 ? "; " : "", graph.nodes[i].id,
			graph.nodes[i].is_root || graph.nodes[i].depth < CAUSE_NODES_MOST
				? ""
				: "<nothing");
		for (size_t root = 0; root < graph.count && !graph.nodes[i].is_root; root++) {
			if (cause_set_has(&graph.nodes[i].roots, root))
				buffer_add_format(&text, "<%s", graph.nodes[root].id);
		}
	}
	ck_assert_str_eq(buffer_text(&text), expected);
	buffer_release(&text);
	cause_graph_release(&graph);
}

static const struct given uuid_in_text = {
	"a//os-release", "image-uuid", "", UUID_A, UUID_B, {NULL, NULL}, NULL};

START_TEST(one_uuid_is_one_root)
{
	const struct given disk[] = {
		{"a", "layout", "layout", "1", "2", {NULL, NULL}, NULL},
		uuid_in_text,
	};
	const struct given verity[] = {
		{"b", "verity-root", "verity-root", "11", "22", {NULL, NULL}, "verity-tree"},
		{"b//data//os-release", "image-uuid", "", UUID_A, UUID_B, {NULL, NULL}, NULL},
		{"b//x", "verity-salt", "verity-salt", SALT_A, SALT_B, {NULL, NULL}, NULL},
		{"b//y", "verity-uuid", "verity-uuid", UUID_A, UUID_B, {NULL, NULL}, NULL},
	};
	const struct given env[] = {{"c//ROOT", "verity-root", "", "11", "22", {NULL, NULL}, NULL}};
	struct cause_graph graph = {0};

	add_artifact("a", disk, ARRAY_SIZE(disk));
	add_artifact("b", verity, ARRAY_SIZE(verity));
	add_artifact("c", env, ARRAY_SIZE(env));
	expect("image-uuid; verity-root<image-uuid; layout<image-uuid; verity-salt<image-uuid;"
	       " verity-uuid<image-uuid");
	ck_assert_int_eq(cause_graph_read(evidence, run, &graph, &err), STATUS_OK);
	ck_assert_uint_eq(graph.nodes[0].artifacts, 2);
	ck_assert_uint_eq(graph.nodes[0].reached, 3);
	ck_assert_uint_eq(graph.nodes[0].members, 2);
	ck_assert_uint_eq(graph.nodes[0].bytes, 20);
	ck_assert_str_eq(graph.nodes[0].first_path, "a//os-release");
	cause_graph_release(&graph);
}
END_TEST

/* Whatever does not follow by computation is a cause of its own. */
START_TEST(other_values_are_roots)
{
	static const struct {
		struct given given;
		const char *expected;
	} cases[] = {
		{{"a//s", "verity-salt", "verity-salt", SALT_B, SALT_A, {NULL, NULL}, NULL},
			"image-uuid; verity-salt"},
		{{"a//s", "verity-salt", "verity-salt", SALT_A, SALT_A "0", {NULL, NULL}, NULL},
			"image-uuid; verity-salt"},
		{{"a//s", "verity-uuid", "verity-uuid", UUID_A, UUID_A "0", {NULL, NULL}, NULL},
			"image-uuid; verity-uuid"},
		{{"a//s", "verity-root", "", "11", "22", {NULL, NULL}, NULL},
			"image-uuid; verity-root"},
		{{"a//s", "layout", NULL, NULL, NULL, {NULL, NULL}, NULL}, "image-uuid; layout"},
		{{"a//s", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
			"image-uuid; unexplained"},
	};
	struct given given[] = {uuid_in_text, cases[_i].given};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect(cases[_i].expected);
}
END_TEST

/* Nothing is said of causes that no difference has. */
START_TEST(no_image_is_no_root)
{
	const struct given given[] = {
		{"a", "verity-salt", "verity-salt", SALT_A, SALT_B, {NULL, NULL}, NULL}};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("verity-salt");
}
END_TEST

/* One that follows and one that does not: the cause stands for both. */
START_TEST(one_that_does_not_follow_is_enough)
{
	const struct given given[] = {
		{"a", "layout", "layout", "1", "2", {NULL, NULL}, NULL},
		uuid_in_text,
		{"a//z", "layout", "layout", "1", "2", {NULL, NULL}, NULL},
	};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("layout; image-uuid");
}
END_TEST

START_TEST(a_signature_follows_while_its_signer_is_the_same)
{
	const struct given same[] = {
		{"a", "authenticode-signature", NULL, NULL, NULL, {NULL, NULL}, NULL},
		{"a//.linux", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
	};
	const struct given beside[] = {
		{"b//sw-description//x", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
		{"b//sw-description.sig", "cms-signature", NULL, NULL, NULL, {NULL, NULL}, NULL},
	};
	const struct given other[] = {
		{"c", "authenticode-signature", "authenticode-signer", "ab", "cd", {NULL, NULL},
			NULL},
		{"c//.linux", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
	};

	add_artifact("a", same, ARRAY_SIZE(same));
	add_artifact("b", beside, ARRAY_SIZE(beside));
	expect("unexplained; authenticode-signature<unexplained; cms-signature<unexplained");
	add_artifact("c", other, ARRAY_SIZE(other));
	expect("unexplained; authenticode-signature; cms-signature<unexplained");
}
END_TEST

/* A signer that only one side names is another one. */
START_TEST(a_new_signer_is_a_root)
{
	const struct given given[] = {
		{"a", "authenticode-signature", "authenticode-signer", NULL, "cd", {NULL, NULL},
			NULL},
		{"a//.linux", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
	};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("authenticode-signature; unexplained");
}
END_TEST

/* Of what it signs nothing differs: what is beside it does not say why. */
START_TEST(a_signature_alone_is_a_root)
{
	const struct given given[] = {
		{"a//linux.efi", "authenticode-signature", NULL, NULL, NULL, {NULL, NULL}, NULL},
		{"a//x", "unexplained", NULL, NULL, NULL, {NULL, NULL}, NULL},
	};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("authenticode-signature; unexplained");
}
END_TEST

static void hex_of(const char *text, char hex[SHA256_HEX_SIZE])
{
	struct digest digest;

	hash_memory(text, strlen(text), &digest);
	digest_hex(&digest, hex);
}

START_TEST(a_digest_follows_from_what_it_is_of)
{
	char one[SHA256_HEX_SIZE], two[SHA256_HEX_SIZE];
	struct given given[] = {
		{"a//kernel", "kernel-build-stamp", NULL, NULL, NULL, {"one", "two"}, NULL},
		{"a//list", "embedded-digest", "", one, two, {NULL, NULL}, NULL},
	};

	hex_of("one", one);
	hex_of(_i == 0 ? "two" : "three", two);
	add_artifact("a", given, ARRAY_SIZE(given));
	expect(_i == 0 ? "kernel-build-stamp; embedded-digest<kernel-build-stamp"
		       : "embedded-digest; kernel-build-stamp");
}
END_TEST

/* Two that follow from each other only come from nothing. */
START_TEST(a_loop_is_roots)
{
	const struct given given[] = {
		{"a//x", "layout", "layout", "1", "2", {NULL, NULL}, NULL},
		{"a//x//y", "derived", "checksum", "1", "2", {NULL, NULL}, NULL},
		{"a//x//y//z", "layout", "layout", "1", "2", {NULL, NULL}, NULL},
		{"a//x//y//z//w", "derived", "", "1", "2", {NULL, NULL}, NULL},
	};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("derived; layout");
}
END_TEST

/* What one difference of a kind cannot be computed from keeps the kind a root. */
START_TEST(only_what_was_computed_follows)
{
	const struct {
		struct given given[2];
		const char *expected;
	} cases[] = {
		/* A root hash that no tree has, beside what follows from the image. */
		{{uuid_in_text, {"a", "verity-root", "", "11", "22", {NULL, NULL}, NULL}},
			"image-uuid; verity-root"},
		/* The tree was not computed. */
		{{uuid_in_text,
			 {"a", "verity-root", "verity-root", "11", "22", {NULL, NULL}, NULL}},
			"image-uuid; verity-root"},
		/* A partition does not move because a file in it differs. */
		{{uuid_in_text, {"a", "layout", "partition-extent", "1", "2", {NULL, NULL}, NULL}},
			"image-uuid; layout"},
		{{uuid_in_text,
			 {"a", "layout", "layout", "1", "2", {NULL, NULL}, "partition-extent"}},
			"image-uuid; layout"},
		/* Two UUIDs in one text, of which one is the image's. */
		{{uuid_in_text, {"a//t", "uuid", "", UUID_A, UUID_B, {NULL, NULL}, "other"}},
			"image-uuid; uuid"},
		/* A sum of a container in which nothing else differs, beside another one. */
		{{uuid_in_text, {"a//t", "derived", "checksum", "1", "2", {NULL, NULL}, NULL}},
			"derived; image-uuid"},
	};

	add_artifact("a", cases[_i].given, 2);
	expect(cases[_i].expected);
}
END_TEST

/* "as stored" is no value that tells two differences to be one. */
START_TEST(words_are_no_values)
{
	const struct given given[] = {
		{"a", "layout", "layout", "as stored", "8 bytes", {NULL, NULL}, NULL},
		uuid_in_text,
	};
	const struct given other[] = {
		{"b", "layout", "layout", "as stored", "8 bytes", {NULL, NULL}, NULL}};

	add_artifact("a", given, ARRAY_SIZE(given));
	expect("image-uuid; layout<image-uuid");
	add_artifact("b", other, ARRAY_SIZE(other));
	expect("layout; image-uuid");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cause_graph");
	TCase *tests = tcase_create("cause_graph");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, one_uuid_is_one_root);
	tcase_add_loop_test(tests, other_values_are_roots, 0, 6);
	tcase_add_test(tests, no_image_is_no_root);
	tcase_add_test(tests, one_that_does_not_follow_is_enough);
	tcase_add_test(tests, a_signature_follows_while_its_signer_is_the_same);
	tcase_add_test(tests, a_new_signer_is_a_root);
	tcase_add_test(tests, a_signature_alone_is_a_root);
	tcase_add_loop_test(tests, a_digest_follows_from_what_it_is_of, 0, 2);
	tcase_add_test(tests, a_loop_is_roots);
	tcase_add_loop_test(tests, only_what_was_computed_follows, 0, 6);
	tcase_add_test(tests, words_are_no_values);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
