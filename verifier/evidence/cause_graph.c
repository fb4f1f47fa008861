/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/cause_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void cause_set_add(struct cause_set *set, size_t node)
{
	if (node < CAUSE_NODES_MOST)
		set->bits[node / 64] |= (uint64_t)1 << (node % 64);
}

bool cause_set_has(const struct cause_set *set, size_t node)
{
	return node < CAUSE_NODES_MOST && (set->bits[node / 64] >> (node % 64) & 1) != 0;
}

void cause_set_join(struct cause_set *set, const struct cause_set *other)
{
	for (size_t i = 0; i < CAUSE_NODES_MOST / 64; i++)
		set->bits[i] |= other->bits[i];
}

bool cause_set_is_empty(const struct cause_set *set)
{
	for (size_t i = 0; i < CAUSE_NODES_MOST / 64; i++) {
		if (set->bits[i] != 0)
			return false;
	}
	return true;
}

size_t cause_graph_node(struct cause_graph *graph, const char *id)
{
	size_t i;

	for (i = 0; i < graph->count; i++) {
		if (strcmp(graph->nodes[i].id, id) == 0)
			return i;
	}
	if (i == CAUSE_NODES_MOST)
		return i;
	if (graph->nodes == NULL)
		graph->nodes = xcalloc(CAUSE_NODES_MOST, sizeof(graph->nodes[0]));
	graph->nodes[i] = (struct cause_node){.id = xstrdup(id)};
	graph->count++;
	return i;
}

const struct cause_node *cause_graph_find(const struct cause_graph *graph, const char *id)
{
	for (size_t i = 0; i < graph->count; i++) {
		if (strcmp(graph->nodes[i].id, id) == 0)
			return &graph->nodes[i];
	}
	return NULL;
}

/* Carries roots down to whatever follows, one step after another until nothing changes. */
static void spread_roots(struct cause_graph *graph)
{
	bool changed = true;

	for (size_t i = 0; i < graph->count; i++) {
		struct cause_node *node = &graph->nodes[i];

		node->roots = (struct cause_set){0};
		node->depth = node->is_root ? 0 : CAUSE_NODES_MOST;
		if (node->is_root)
			cause_set_add(&node->roots, i);
	}
	while (changed) {
		changed = false;
		for (size_t i = 0; i < graph->count; i++) {
			struct cause_node *node = &graph->nodes[i];
			struct cause_set before = node->roots;

			for (size_t p = 0; p < graph->count && !node->is_root; p++) {
				if (!cause_set_has(&node->parents, p))
					continue;
				cause_set_join(&node->roots, &graph->nodes[p].roots);
				if (graph->nodes[p].depth + 1 < node->depth) {
					node->depth = graph->nodes[p].depth + 1;
					changed = true;
				}
			}
			changed = changed || memcmp(&before, &node->roots, sizeof(before)) != 0;
		}
	}
}

/* What follows only from itself, by turns, comes from nothing that is known. */
static void find_roots(struct cause_graph *graph)
{
	bool is_loop = false;

	for (size_t i = 0; i < graph->count; i++) {
		graph->nodes[i].parents.bits[i / 64] &= ~((uint64_t)1 << (i % 64));
		if (cause_set_is_empty(&graph->nodes[i].parents))
			graph->nodes[i].is_root = true;
	}
	spread_roots(graph);
	for (size_t i = 0; i < graph->count; i++) {
		if (cause_set_is_empty(&graph->nodes[i].roots))
			graph->nodes[i].is_root = is_loop = true;
	}
	if (is_loop)
		spread_roots(graph);
}

static void count_reached(struct cause_graph *graph)
{
	for (size_t r = 0; r < graph->count; r++) {
		struct cause_node *root = &graph->nodes[r];
		size_t words = 0;

		for (size_t i = 0; i < graph->count; i++) {
			if (graph->nodes[i].in_words > words)
				words = graph->nodes[i].in_words;
		}
		root->reached = 0;
		for (size_t word = 0; word < words; word++) {
			uint64_t bits = 0;

			for (size_t i = 0; i < graph->count; i++) {
				const struct cause_node *node = &graph->nodes[i];

				if (word < node->in_words &&
					(i == r || cause_set_has(&node->roots, r)))
					bits |= node->in[word];
			}
			root->reached += (uint64_t)__builtin_popcountll(bits);
		}
	}
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_rank(const void *a, const void *b)
{
	const struct cause_node *one = a, *other = b;
	int result = other->is_root - one->is_root;

	if (result == 0 && !one->is_root)
		result = (one->depth > other->depth) - (one->depth < other->depth);
	if (result == 0)
		result = compare_numbers(one->reached, other->reached);
	if (result == 0)
		result = compare_numbers(one->bytes, other->bytes);
	if (result == 0)
		result = compare_numbers(one->members, other->members);
	return result != 0 ? result : strcmp(one->id, other->id);
}

/* The sets of nodes go by numbers: they are carried over into the new order. */
static void sort_nodes(struct cause_graph *graph)
{
	struct cause_graph old = {.count = graph->count};

	if (graph->count < 2)
		return;
	old.nodes = xmalloc(graph->count * sizeof(old.nodes[0]));
	memcpy(old.nodes, graph->nodes, graph->count * sizeof(old.nodes[0]));
	qsort(graph->nodes, graph->count, sizeof(graph->nodes[0]), by_rank);
	for (size_t i = 0; i < graph->count; i++) {
		struct cause_node *node = &graph->nodes[i];
		struct cause_set parents = node->parents, roots = node->roots;

		node->parents = node->roots = (struct cause_set){0};
		for (size_t k = 0; k < graph->count; k++) {
			size_t before = cause_graph_node(&old, graph->nodes[k].id);

			if (cause_set_has(&parents, before))
				cause_set_add(&node->parents, k);
			if (cause_set_has(&roots, before))
				cause_set_add(&node->roots, k);
		}
	}
	free(old.nodes);
}

void cause_graph_settle(struct cause_graph *graph)
{
	find_roots(graph);
	count_reached(graph);
	sort_nodes(graph);
}

void cause_graph_release(struct cause_graph *graph)
{
	for (size_t i = 0; i < graph->count; i++) {
		free(graph->nodes[i].id);
		free(graph->nodes[i].first_set);
		free(graph->nodes[i].first_path);
		free(graph->nodes[i].in);
	}
	free(graph->nodes);
	*graph = (struct cause_graph){0};
}
