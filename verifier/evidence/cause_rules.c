/* SPDX-License-Identifier: Apache-2.0 */
/* From which differences others follow: only what was computed again (trust T9). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "verifier/evidence/cause_flow.h"

static const char image_uuid[] = "image-uuid";
static const char verity_root[] = "verity-root";

/* ---- where to look ---- */

/* What is its own parent comes from nowhere. */
static void drop_itself(struct instance *instance)
{
	instance->parents.bits[instance->node / 64] &= ~((uint64_t)1 << (instance->node % 64));
}

/* The other causes of what differs at a path of the instance's artifact, and inside it. */
static enum status add_causes_around(struct flow *flow, const char *set_id, const char *path,
	struct instance *instance, struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = sql_statement(sql, READ_CAUSES_AROUND, err);
	struct buffer range = {0};
	enum status status;

	if (statement == NULL)
		return err->status;
	sql_bind_text(statement, 1, set_id);
	bind_name(statement, 2, path);
	buffer_add_format(&range, "%s//", path);
	sql_bind_blob(statement, 3, range.data, range.len);
	range.data[range.len - 1]++;
	sql_bind_blob(statement, 4, range.data, range.len);
	while ((status = sql_step(sql, statement, err)) == STATUS_OK) {
		const struct cause_node *node =
			cause_graph_find(flow->graph, sql_column_text(statement, 0));

		if (node != NULL)
			cause_set_add(&instance->parents, (size_t)(node - flow->graph->nodes));
	}
	sqlite3_reset(statement);
	buffer_release(&range);
	drop_itself(instance);
	return status == STATUS_END ? STATUS_OK : status;
}

static enum status add_causes_here(struct flow *flow, struct instance *instance, struct error *err)
{
	return add_causes_around(flow, instance->set_id, instance->path, instance, err);
}

/* The same in the containers around a member, up to `levels` of them, until something differs. */
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
		status = add_causes_around(flow, instance->set_id, path, instance, err);
	}
	free(path);
	return status;
}

/* ---- fields ---- */

/* What the fields with the instance's cause are. */
struct own_fields {
	size_t count;
	bool has_own; /* one that is no sum over other members */
	bool has_signer;
	bool has_tree; /* the hash tree, computed again */
};

static enum status look_at_fields(struct flow *flow, const struct instance *instance,
	struct own_fields *own, struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = flow_statement(flow->evidence, READ_FIELDS, instance, err);
	enum status status;

	*own = (struct own_fields){0};
	if (statement == NULL)
		return err->status;
	while ((status = sql_step(sql, statement, err)) == STATUS_OK) {
		const char *name = sql_column_text(statement, 0);
		const struct field *field = field_find(name);

		own->has_tree = own->has_tree || strcmp(name, "verity-tree") == 0;
		if (strcmp(field->cause, instance->cause) != 0)
			continue;
		own->count++;
		own->has_own = own->has_own || field->weight != FIELD_FOLLOWS;
		own->has_signer = own->has_signer || path_has_suffix(name, "-signer") ||
			path_has_suffix(name, "-time");
	}
	sqlite3_finalize(statement);
	return status == STATUS_END ? STATUS_OK : status;
}

/* ---- values ---- */

static bool is_made_from(const struct value_pair *pair, const struct instance_value *value)
{
	const char *values[2] = {value->published, value->rebuilt};
	bool is_same = true, is_hash = true;

	for (int side = 0; side < 2; side++) {
		char hex[SHA256_HEX_SIZE];
		struct digest digest;

		hash_memory(pair->values[side], strlen(pair->values[side]), &digest);
		digest_hex(&digest, hex);
		is_same = is_same && strcmp(pair->values[side], values[side]) == 0;
		is_hash = is_hash && strcmp(hex, values[side]) == 0;
	}
	return is_same || is_hash;
}

/* The two UUIDs of the image, or the SHA-256 of each. */
static enum status follow_uuid(struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	const struct cause_node *node = cause_graph_find(flow->graph, image_uuid);

	(void)err;
	for (size_t i = 0; i < flow->pair_count && node != NULL; i++) {
		size_t root = (size_t)(node - flow->graph->nodes);

		if (flow->pairs[i].node == root && is_made_from(&flow->pairs[i], value))
			cause_set_add(&instance->parents, root);
	}
	return STATUS_OK;
}

/* The two SHA-256 of a member, or of an artifact. */
static enum status follow_digest(struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement = own_statement(flow->evidence, READ_DIGEST_OWNER, flow->run, err);
	enum status status;

	if (statement == NULL)
		return err->status;
	sql_bind_text(statement, 2, value->published);
	sql_bind_text(statement, 3, value->rebuilt);
	status = sql_step(sql, statement, err);
	if (status == STATUS_OK)
		status = add_causes_around(flow, sql_column_text(statement, 0),
			sql_column_text(statement, 1), instance, err);
	sqlite3_finalize(statement);
	return status == STATUS_END ? STATUS_OK : status;
}

/* The two root hashes of a tree that was computed again. */
static enum status follow_root(struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	const struct cause_node *node = cause_graph_find(flow->graph, verity_root);

	(void)err;
	for (size_t i = 0; i < flow->pair_count && node != NULL; i++) {
		size_t root = (size_t)(node - flow->graph->nodes);

		if (flow->pairs[i].node == root &&
			strcmp(flow->pairs[i].values[0], value->published) == 0 &&
			strcmp(flow->pairs[i].values[1], value->rebuilt) == 0)
			cause_set_add(&instance->parents, root);
	}
	return STATUS_OK;
}

typedef enum status (*follower)(struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err);

struct all_values {
	follower follow;
	struct cause_set parents;
	bool one_is_left;
};

static enum status follow_one(void *context, struct flow *flow, struct instance *instance,
	const struct instance_value *value, struct error *err)
{
	struct all_values *all = context;
	struct instance alone = *instance;

	alone.parents = (struct cause_set){0};
	if (all->follow(flow, &alone, value, err) < 0)
		return err->status;
	all->one_is_left = all->one_is_left || cause_set_is_empty(&alone.parents);
	cause_set_join(&all->parents, &alone.parents);
	return STATUS_OK;
}

/* A value that follows from nothing leaves the whole difference without parents. */
static enum status follow_values(
	struct flow *flow, struct instance *instance, follower follow, struct error *err)
{
	struct all_values all = {.follow = follow};
	enum status status = flow_each_value(flow, instance, follow_one, &all, err);

	if (status == STATUS_OK && !all.one_is_left)
		cause_set_join(&instance->parents, &all.parents);
	return status;
}

/* ---- rules ---- */

/* A digest in a block map is of a range of its image, which is an artifact of its own. */
static enum status follow_image(struct flow *flow, struct instance *instance, struct error *err)
{
	const char *tail = strstr(instance->path, ".bmap//Range ");
	struct sql *sql = &flow->evidence->sql;
	sqlite3_stmt *statement;
	enum status status;
	char *name;

	if (tail == NULL)
		return STATUS_OK;
	statement = own_statement(flow->evidence, READ_SET_OF, flow->run, err);
	if (statement == NULL)
		return err->status;
	name = xstrndup(instance->path, (size_t)(tail - instance->path));
	bind_name(statement, 2, name);
	status = sql_step(sql, statement, err);
	if (status == STATUS_OK)
		status =
			add_causes_around(flow, sql_column_text(statement, 0), name, instance, err);
	sqlite3_finalize(statement);
	free(name);
	return status == STATUS_END ? STATUS_OK : status;
}

static enum status from_uuid(struct flow *flow, struct instance *instance, struct error *err)
{
	return follow_values(flow, instance, follow_uuid, err);
}

static enum status from_root(struct flow *flow, struct instance *instance, struct error *err)
{
	return follow_values(flow, instance, follow_root, err);
}

static enum status from_digest(struct flow *flow, struct instance *instance, struct error *err)
{
	if (follow_values(flow, instance, follow_digest, err) < 0)
		return err->status;
	return cause_set_is_empty(&instance->parents) ? follow_image(flow, instance, err)
						      : STATUS_OK;
}

/* Where members lie, and what was counted over them: all of it, and nothing of its own. */
static enum status from_inside(struct flow *flow, struct instance *instance, struct error *err)
{
	struct own_fields own;

	if (look_at_fields(flow, instance, &own, err) < 0)
		return err->status;
	return own.count > 0 && !own.has_own ? add_causes_here(flow, instance, err) : STATUS_OK;
}

/* A container vouches for what it claims in a member: the digest of another member, say. */
static enum status from_computed(struct flow *flow, struct instance *instance, struct error *err)
{
	if (!instance->has_evidence)
		return from_inside(flow, instance, err);
	if (follow_values(flow, instance, follow_digest, err) < 0)
		return err->status;
	return add_causes_beside(flow, instance, 2, err);
}

/* The root of a tree that was computed again, from the data inside and the salt beside it. */
static enum status from_tree(struct flow *flow, struct instance *instance, struct error *err)
{
	struct own_fields own;

	if (look_at_fields(flow, instance, &own, err) < 0)
		return err->status;
	return own.has_tree ? add_causes_here(flow, instance, err) : STATUS_OK;
}

/* What else differs in what was signed, by the same signer and at no time of its own. */
static enum status from_signed(struct flow *flow, struct instance *instance, struct error *err)
{
	struct own_fields own;

	if (look_at_fields(flow, instance, &own, err) < 0)
		return err->status;
	if (own.has_signer)
		return STATUS_OK;
	/* A signature that is a member of its own signs what is beside it. */
	if (path_has_suffix(instance->path, "//sw-description.sig"))
		return add_causes_beside(flow, instance, 1, err);
	return add_causes_here(flow, instance, err);
}

/* The field is a copy of the section. */
static enum status from_section(struct flow *flow, struct instance *instance, struct error *err)
{
	char *path = xasprintf("%s//.cmdline", instance->path);
	enum status status = add_causes_around(flow, instance->set_id, path, instance, err);

	free(path);
	return status;
}

static const struct {
	const char *cause;
	enum status (*find)(struct flow *flow, struct instance *instance, struct error *err);
	bool shares_values;
} rules[] = {
	{"authenticode-signature", from_signed, false},
	{"cms-signature", from_signed, false},
	{"derived", from_computed, false},
	{"embedded-digest", from_digest, true},
	{"filesystem-uuid", from_uuid, true},
	{"kernel-cmdline", from_section, false},
	{"layout", from_inside, false},
	{"quoted-root-hash", from_root, true},
	{"uuid", from_uuid, true},
	{"verity-root", from_tree, true},
	{"verity-salt", from_uuid, true},
	{"verity-uuid", from_uuid, true},
};

enum status flow_is_source(
	struct flow *flow, const struct instance *instance, bool *is_source, struct error *err)
{
	struct own_fields own = {0};
	bool is_root = strcmp(instance->cause, verity_root) == 0;

	if (is_root && look_at_fields(flow, instance, &own, err) < 0)
		return err->status;
	*is_source = own.has_tree || strcmp(instance->cause, image_uuid) == 0;
	return STATUS_OK;
}

enum status flow_find_parents(
	struct flow *flow, struct instance *instance, bool *shares_values, struct error *err)
{
	*shares_values = false;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strcmp(rules[i].cause, instance->cause) != 0)
			continue;
		*shares_values = rules[i].shares_values;
		return rules[i].find(flow, instance, err);
	}
	return STATUS_OK;
}
