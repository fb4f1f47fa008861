/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the causes of a run, and for each difference what it follows from. */
#include "verifier/evidence/cause_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

#define PAIRS_MOST 4096 /* what has others is no consequence of a value */

/* ---- values ---- */

static struct value_pair *add_pair(
	struct flow *flow, size_t node, const struct instance_value *value)
{
	struct value_pair *pair;

	for (size_t i = 0; i < flow->pair_count; i++) {
		pair = &flow->pairs[i];
		if (pair->node == node && strcmp(pair->values[0], value->published) == 0 &&
			strcmp(pair->values[1], value->rebuilt) == 0)
			return pair;
	}
	if (flow->pair_count == PAIRS_MOST)
		return NULL;
	ARRAY_GROW(flow->pairs, flow->pair_count, flow->pair_capacity);
	pair = &flow->pairs[flow->pair_count++];
	*pair = (struct value_pair){
		.node = node, .values = {xstrdup(value->published), xstrdup(value->rebuilt)}};
	return pair;
}

sqlite3_stmt *flow_statement(struct evidence *evidence, enum evidence_statement which,
	const struct instance *instance, struct error *err)
{
	sqlite3_stmt *statement = own_statement(evidence, which, NULL, err);

	if (statement == NULL)
		return NULL;
	sql_bind_text(statement, 1, instance->set_id);
	bind_name(statement, 2, instance->path);
	sql_bind_integer(statement, 3, instance->occurrence);
	sql_bind_text(statement, 4, instance->change);
	return statement;
}

enum status flow_each_value(struct flow *flow, struct instance *instance, value_visitor visit,
	void *context, struct error *err)
{
	static const enum evidence_statement which[] = {READ_FIELDS, READ_VALUES};
	struct evidence *evidence = flow->evidence;
	enum status status = STATUS_END;

	for (size_t i = 0; i < ARRAY_SIZE(which) && status == STATUS_END; i++) {
		sqlite3_stmt *statement = flow_statement(evidence, which[i], instance, err);

		if (statement == NULL)
			return err->status;
		while ((status = sql_step(&evidence->sql, statement, err)) == STATUS_OK) {
			const char *name = sql_column_text(statement, 0);
			struct instance_value value = {
				sql_column_text(statement, 1), sql_column_text(statement, 2)};
			const char *cause =
				which[i] == READ_FIELDS ? field_find(name)->cause : name;

			if (strcmp(cause, instance->cause) != 0 || *value.published == '\0' ||
				*value.rebuilt == '\0')
				continue;
			status = visit(context, flow, instance, &value, err);
			if (status != STATUS_OK)
				break;
		}
		sqlite3_finalize(statement);
	}
	return status == STATUS_END ? STATUS_OK : status;
}

/* What one of these two values follows from, the others do that are the same. */
static enum status share_parents(void *context, struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	struct value_pair *pair = add_pair(flow, instance->node, value);
	size_t *count = context;

	(void)err;
	(*count)++;
	if (pair == NULL)
		flow->graph->nodes[instance->node].is_root = true;
	else if (cause_set_is_empty(&instance->parents))
		pair->is_needed = true;
	else
		cause_set_join(&pair->parents, &instance->parents);
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
	node->unmeasured += sqlite3_column_int(row, 8) != 0;
	if (node->first_set == NULL) {
		node->first_set = xstrdup(instance->set_id);
		node->first_path = xstrdup(instance->path);
	}
}

static enum status collect_value(void *context, struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	(void)context, (void)err;
	add_pair(flow, instance->node, value);
	return STATUS_OK;
}

/* Values have to be known before anything can follow from them. */
static enum status count_and_collect(
	struct flow *flow, sqlite3_stmt *row, struct instance *instance, struct error *err)
{
	bool is_source;

	count_instance(flow, row, instance);
	if (flow_is_source(flow, instance, &is_source, err) < 0)
		return err->status;
	return is_source ? flow_each_value(flow, instance, collect_value, NULL, err) : STATUS_OK;
}

static enum status add_parents(
	struct flow *flow, sqlite3_stmt *row, struct instance *instance, struct error *err)
{
	struct cause_node *node = &flow->graph->nodes[instance->node];
	size_t values = 0;
	bool shares_values;

	(void)row;
	if (node->is_root)
		return STATUS_OK;
	if (flow_find_parents(flow, instance, &shares_values, err) < 0)
		return err->status;
	cause_set_join(&node->parents, &instance->parents);
	if (shares_values && flow_each_value(flow, instance, share_parents, &values, err) < 0)
		return err->status;
	if (values == 0 && cause_set_is_empty(&instance->parents))
		node->is_root = true;
	return STATUS_OK;
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
			.has_evidence = sqlite3_column_int(row, 7) != 0,
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
		struct value_pair *pair = &flow->pairs[i];
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
		status = each_instance(&flow, add_parents, err);
	take_pairs(&flow);
	buffer_release(&flow.artifact);
	if (status == STATUS_OK)
		cause_graph_settle(graph);
	return status;
}
