/* SPDX-License-Identifier: Apache-2.0 */
/* From which differences others follow: reads the parents of a cause graph out of a run. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "dbdiff/fields.h"
#include "verifier/evidence/cause_graph.h"
#include "verifier/evidence/database.h"

#define PAIRS_MOST 4096 /* what has others is no consequence of a value */

/* What a difference of a cause follows from, if that is there. */
enum follows {
	FOLLOWS_INSIDE,	  /* what else differs in the container, and inside it */
	FOLLOWS_SIGNED,	  /* the same, while the signer did not change */
	FOLLOWS_UUID,	  /* an image UUID: the same two values, or their SHA-256 */
	FOLLOWS_DIGEST,	  /* what has these two SHA-256 */
	FOLLOWS_COMPUTED, /* that, or what else differs in the nearest container around it */
	FOLLOWS_CMDLINE,  /* the section that the field was read from */
};

static const struct {
	const char *cause;
	enum follows follows;
} rules[] = {
	{"authenticode-signature", FOLLOWS_SIGNED},
	{"cms-signature", FOLLOWS_SIGNED},
	{"derived", FOLLOWS_COMPUTED},
	{"embedded-digest", FOLLOWS_DIGEST},
	{"filesystem-uuid", FOLLOWS_UUID},
	{"kernel-cmdline", FOLLOWS_CMDLINE},
	{"layout", FOLLOWS_INSIDE},
	{"uuid", FOLLOWS_UUID},
	{"verity-root", FOLLOWS_INSIDE},
	{"verity-salt", FOLLOWS_UUID},
	{"verity-uuid", FOLLOWS_UUID},
};

static const char root_of_uuids[] = "image-uuid";

/* Two values, and what was found of them wherever they stand. */
struct pair {
	size_t node;
	char *values[2];
	struct cause_set parents;
	bool is_needed; /* by a difference that has no parents but those of its values */
};

struct flow {
	struct evidence *evidence;
	struct cause_graph *graph;
	const char *run;
	struct pair *pairs;
	size_t pair_count, pair_capacity;
	size_t artifact_count;
	struct buffer artifact; /* the one being read */
};

/* A difference with one of its causes, as READ_INSTANCES gives it. */
struct instance {
	const char *set_id, *path, *change, *cause;
	int64_t occurrence;
	size_t node;
	struct cause_set parents;
	bool is_changed_signer;
	size_t values; /* how many pairs were found */
};

/* ---- values ---- */

static struct pair *find_pair(
	struct flow *flow, size_t node, const char *published, const char *rebuilt)
{
	for (size_t i = 0; i < flow->pair_count; i++) {
		struct pair *pair = &flow->pairs[i];

		if (pair->node == node && strcmp(pair->values[0], published) == 0 &&
			strcmp(pair->values[1], rebuilt) == 0)
			return pair;
	}
	return NULL;
}

static struct pair *add_pair(
	struct flow *flow, size_t node, const char *published, const char *rebuilt)
{
	struct pair *pair = find_pair(flow, node, published, rebuilt);

	if (pair != NULL || flow->pair_count == PAIRS_MOST)
		return pair;
	ARRAY_GROW(flow->pairs, flow->pair_count, flow->pair_capacity);
	pair = &flow->pairs[flow->pair_count++];
	*pair = (struct pair){.node = node, .values = {xstrdup(published), xstrdup(rebuilt)}};
	return pair;
}

typedef enum status (*pair_visitor)(struct flow *flow, struct instance *instance,
	const char *published, const char *rebuilt, struct error *err);

static void bind_instance(sqlite3_stmt *statement, const struct instance *instance)
{
	sql_bind_text(statement, 1, instance->set_id);
	bind_name(statement, 2, instance->path);
	sql_bind_integer(statement, 3, instance->occurrence);
	sql_bind_text(statement, 4, instance->change);
}

static bool ends_with(const char *text, const char *tail)
{
	size_t len = strlen(text), tail_len = strlen(tail);

	return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

static bool is_signer(const char *field)
{
	return ends_with(field, "-signer") || ends_with(field, "-time");
}

/* The values of its fields and claims that have the instance's cause. */
static enum status each_pair(
	struct flow *flow, struct instance *instance, pair_visitor visit, struct error *err)
{
	static const enum evidence_statement which[] = {READ_FIELDS, READ_VALUES};
	struct evidence *evidence = flow->evidence;
	enum status status = STATUS_END;

	instance->values = 0;
	for (size_t i = 0; i < ARRAY_SIZE(which) && status == STATUS_END; i++) {
		sqlite3_stmt *statement = own_statement(evidence, which[i], NULL, err);

		if (statement == NULL)
			return err->status;
		bind_instance(statement, instance);
		while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
			const char *name = sql_column_text(statement, 0);
			const char *published = column_text_or_null(statement, 1);
			const char *rebuilt = column_text_or_null(statement, 2);
			const char *cause =
				which[i] == READ_FIELDS ? field_find(name)->cause : name;

			if (strcmp(cause, instance->cause) != 0)
				continue;
			if (which[i] == READ_FIELDS && is_signer(name))
				instance->is_changed_signer = true;
			if (published == NULL || rebuilt == NULL || *published == '\0' ||
				*rebuilt == '\0')
				continue;
			instance->values++;
			status = visit(flow, instance, published, rebuilt, err);
			if (status != STATUS_OK)
				break;
		}
		sqlite3_finalize(statement);
	}
	return status == STATUS_END ? STATUS_OK : status;
}

/* ---- what a difference follows from ---- */

/* What is its own parent comes from nowhere. */
static void drop_itself(struct instance *instance)
{
	instance->parents.bits[instance->node / 64] &= ~((uint64_t)1 << (instance->node % 64));
}

static enum status add_causes_around(struct flow *flow, const struct instance *instance,
	const char *path, struct cause_set *parents, struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, READ_CAUSES_AROUND, err);
	struct buffer range = {0};
	enum status status;

	if (statement == NULL)
		return err->status;
	sql_bind_text(statement, 1, instance->set_id);
	bind_name(statement, 2, path);
	buffer_add_format(&range, "%s//", path);
	sql_bind_blob(statement, 3, range.data, range.len);
	range.data[range.len - 1]++;
	sql_bind_blob(statement, 4, range.data, range.len);
	sql_bind_text(statement, 5, instance->cause);
	while ((status = sql_step(sql, statement, err)) == STATUS_OK) {
		const struct cause_node *node =
			cause_graph_find(flow->graph, sql_column_text(statement, 0));

		if (node != NULL)
			cause_set_add(parents, (size_t)(node - flow->graph->nodes));
	}
	sqlite3_reset(statement);
	buffer_release(&range);
	return status == STATUS_END ? STATUS_OK : status;
}

/* What else differs in the container around a member, `levels` of them at most, until some does. */
static enum status add_causes_beside(
	struct flow *flow, struct instance *instance, int levels, struct error *err)
{
	char *path = xstrdup(instance->path);
	char *end = path + strlen(path);
	enum status status = STATUS_OK;

	while (levels-- > 0 && status == STATUS_OK && cause_set_is_empty(&instance->parents)) {
		while (end > path && !(end[0] == '/' && end[1] == '/'))
			end--;
		if (end == path)
			break;
		*end = '\0';
		status = add_causes_around(flow, instance, path, &instance->parents, err);
		drop_itself(instance);
	}
	free(path);
	return status;
}

static enum status follow_uuid(struct flow *flow, struct instance *instance, const char *published,
	const char *rebuilt, struct error *err)
{
	const struct cause_node *node = cause_graph_find(flow->graph, root_of_uuids);
	size_t root;

	(void)err;
	if (node == NULL)
		return STATUS_OK;
	root = (size_t)(node - flow->graph->nodes);
	for (size_t i = 0; i < flow->pair_count; i++) {
		const struct pair *pair = &flow->pairs[i];
		const char *values[2] = {published, rebuilt};
		bool is_same = true, is_hash = true;

		if (pair->node != root)
			continue;
		for (int side = 0; side < 2; side++) {
			char hex[SHA256_HEX_SIZE];
			struct digest digest;

			hash_memory(pair->values[side], strlen(pair->values[side]), &digest);
			digest_hex(&digest, hex);
			is_same = is_same && strcmp(pair->values[side], values[side]) == 0;
			is_hash = is_hash && strcmp(hex, values[side]) == 0;
		}
		if (is_same || is_hash)
			cause_set_add(&instance->parents, root);
	}
	return STATUS_OK;
}

static enum status follow_digest(struct flow *flow, struct instance *instance,
	const char *published, const char *rebuilt, struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = own_statement(flow->evidence, READ_DIGEST_OWNER, flow->run, err);
	struct instance owner = *instance;
	enum status status;

	if (statement == NULL)
		return err->status;
	sql_bind_text(statement, 2, published);
	sql_bind_text(statement, 3, rebuilt);
	status = sql_step(sql, statement, err);
	if (status == STATUS_OK) {
		owner.set_id = sql_column_text(statement, 0);
		owner.cause = "";
		status = add_causes_around(
			flow, &owner, sql_column_text(statement, 1), &instance->parents, err);
	}
	sqlite3_finalize(statement);
	return status == STATUS_END ? STATUS_OK : status;
}

static enum status follow_computed(struct flow *flow, struct instance *instance, struct error *err)
{
	if (each_pair(flow, instance, follow_digest, err) < 0)
		return err->status;
	drop_itself(instance);
	if (cause_set_is_empty(&instance->parents) &&
		add_causes_around(flow, instance, instance->path, &instance->parents, err) < 0)
		return err->status;
	drop_itself(instance);
	return add_causes_beside(flow, instance, 2, err);
}

static enum status follow_cmdline(struct flow *flow, struct instance *instance, struct error *err)
{
	char *path = xasprintf("%s//.cmdline", instance->path);
	enum status status = add_causes_around(flow, instance, path, &instance->parents, err);

	free(path);
	return status;
}

/* What one of these two values follows from, the others do that are the same. */
/* A digest in a block map is of a range of its image, which is an artifact of its own. */
static enum status follow_image(struct flow *flow, struct instance *instance, struct error *err)
{
	const char *tail = strstr(instance->path, ".bmap//Range ");
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, READ_SET_OF, err);
	struct instance image = {.cause = ""};
	char *name, *set_id = NULL;
	enum status status;

	if (statement == NULL || tail == NULL)
		return statement == NULL ? err->status : STATUS_OK;
	name = xstrndup(instance->path, (size_t)(tail - instance->path));
	sql_bind_text(statement, 1, flow->run);
	bind_name(statement, 2, name);
	status = sql_step(sql, statement, err);
	if (status == STATUS_OK)
		image.set_id = set_id = xstrdup(sql_column_text(statement, 0));
	sqlite3_reset(statement);
	if (status == STATUS_OK)
		status = add_causes_around(flow, &image, name, &instance->parents, err);
	free(name);
	free(set_id);
	return status == STATUS_END ? STATUS_OK : status;
}

static enum status share_parents(struct flow *flow, struct instance *instance,
	const char *published, const char *rebuilt, struct error *err)
{
	struct pair *pair = add_pair(flow, instance->node, published, rebuilt);

	(void)err;
	if (pair == NULL)
		flow->graph->nodes[instance->node].is_root = true;
	else if (cause_set_is_empty(&instance->parents))
		pair->is_needed = true;
	else
		cause_set_join(&pair->parents, &instance->parents);
	return STATUS_OK;
}

static enum status skip_pair(struct flow *flow, struct instance *instance, const char *published,
	const char *rebuilt, struct error *err)
{
	(void)flow;
	(void)instance;
	(void)published;
	(void)rebuilt;
	(void)err;
	return STATUS_OK;
}

static enum status find_parents(
	struct flow *flow, struct instance *instance, enum follows follows, struct error *err)
{
	switch (follows) {
	case FOLLOWS_INSIDE:
		return add_causes_around(flow, instance, instance->path, &instance->parents, err);
	case FOLLOWS_SIGNED:
		if (each_pair(flow, instance, skip_pair, err) < 0)
			return err->status;
		if (instance->is_changed_signer)
			return STATUS_OK;
		if (add_causes_around(flow, instance, instance->path, &instance->parents, err) < 0)
			return err->status;
		drop_itself(instance);
		/* A signature that is a member of its own signs what is beside it. */
		return ends_with(instance->path, "//sw-description.sig")
			? add_causes_beside(flow, instance, 1, err)
			: STATUS_OK;
	case FOLLOWS_UUID:
		return each_pair(flow, instance, follow_uuid, err);
	case FOLLOWS_DIGEST:
		if (each_pair(flow, instance, follow_digest, err) < 0)
			return err->status;
		return cause_set_is_empty(&instance->parents) ? follow_image(flow, instance, err)
							      : STATUS_OK;
	case FOLLOWS_COMPUTED:
		return follow_computed(flow, instance, err);
	case FOLLOWS_CMDLINE:
		return follow_cmdline(flow, instance, err);
	}
	return STATUS_OK;
}

static enum status add_parents(struct flow *flow, struct instance *instance, struct error *err)
{
	struct cause_node *node = &flow->graph->nodes[instance->node];
	size_t rule = 0;

	while (rule < ARRAY_SIZE(rules) && strcmp(rules[rule].cause, instance->cause) != 0)
		rule++;
	if (rule == ARRAY_SIZE(rules))
		node->is_root = true;
	if (node->is_root)
		return STATUS_OK;
	if (find_parents(flow, instance, rules[rule].follows, err) < 0)
		return err->status;
	drop_itself(instance);
	cause_set_join(&node->parents, &instance->parents);
	if (each_pair(flow, instance, share_parents, err) < 0)
		return err->status;
	if (instance->values == 0 && cause_set_is_empty(&instance->parents))
		node->is_root = true;
	return STATUS_OK;
}

/* ---- all of a run ---- */

static void count_instance(struct flow *flow, sqlite3_stmt *row, const struct instance *instance)
{
	struct cause_node *node = &flow->graph->nodes[instance->node];
	const char *artifact = sql_column_text(row, 0);
	size_t number;

	if (flow->artifact_count == 0 || strcmp(buffer_text(&flow->artifact), artifact) != 0) {
		buffer_clear(&flow->artifact);
		buffer_add_text(&flow->artifact, artifact);
		flow->artifact_count++;
	}
	number = flow->artifact_count - 1;
	if (number / 64 >= node->in_words) {
		node->in = xrealloc(node->in, (number / 64 + 1) * sizeof(node->in[0]));
		memset(node->in + node->in_words, 0,
			(number / 64 + 1 - node->in_words) * sizeof(node->in[0]));
		node->in_words = number / 64 + 1;
	}
	if ((node->in[number / 64] >> (number % 64) & 1) == 0)
		node->artifacts++;
	node->in[number / 64] |= (uint64_t)1 << (number % 64);
	node->members++;
	node->bytes += (uint64_t)sqlite3_column_int64(row, 6);
	if (node->first_set == NULL) {
		node->first_set = xstrdup(instance->set_id);
		node->first_path = xstrdup(instance->path);
	}
}

/* The values of image UUIDs have to be known before anything can follow from them. */
static enum status count_and_collect(
	struct flow *flow, sqlite3_stmt *row, struct instance *instance, struct error *err)
{
	count_instance(flow, row, instance);
	return strcmp(instance->cause, root_of_uuids) == 0
		? each_pair(flow, instance, share_parents, err)
		: STATUS_OK;
}

static enum status add_parents_of(
	struct flow *flow, sqlite3_stmt *row, struct instance *instance, struct error *err)
{
	(void)row;
	return add_parents(flow, instance, err);
}

static enum status each_instance(struct flow *flow,
	enum status (*visit)(
		struct flow *flow, sqlite3_stmt *row, struct instance *instance, struct error *err),
	struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *row = own_statement(flow->evidence, READ_INSTANCES, flow->run, err);
	enum status status = row != NULL ? STATUS_OK : err->status;

	while (status == STATUS_OK && (status = sql_step(sql, row, err)) == STATUS_OK) {
		struct instance instance = {
			.set_id = sql_column_text(row, 1),
			.path = sql_column_text(row, 2),
			.occurrence = sqlite3_column_int64(row, 3),
			.change = sql_column_text(row, 4),
			.cause = sql_column_text(row, 5),
		};

		instance.node = cause_graph_node(flow->graph, instance.cause);
		if (instance.node == CAUSE_NODES_MOST)
			status = error_set(err, STATUS_DATABASE,
				"more than %d kinds of causes in one run", CAUSE_NODES_MOST);
		else
			status = visit(flow, row, &instance, err);
	}
	sqlite3_finalize(row);
	return status == STATUS_END ? STATUS_OK : status;
}

/* A value that nothing was found for is a cause of its own. */
static void take_pairs(struct flow *flow)
{
	for (size_t i = 0; i < flow->pair_count; i++) {
		struct pair *pair = &flow->pairs[i];
		struct cause_node *node = &flow->graph->nodes[pair->node];

		if (pair->is_needed && cause_set_is_empty(&pair->parents))
			node->is_root = true;
		for (int side = 0; side < 2; side++)
			free(pair->values[side]);
	}
	free(flow->pairs);
}

enum status cause_graph_read(
	struct evidence *evidence, const char *run, struct cause_graph *graph, struct error *err)
{
	struct flow flow = {.evidence = evidence, .graph = graph, .run = run};
	enum status status = each_instance(&flow, count_and_collect, err);

	if (status == STATUS_OK)
		status = each_instance(&flow, add_parents_of, err);
	take_pairs(&flow);
	buffer_release(&flow.artifact);
	if (status == STATUS_OK)
		cause_graph_settle(graph);
	return status;
}
