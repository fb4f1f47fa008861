/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dbdiff/causes.h"
#include "verifier/report/printer.h"

struct first {
	struct report_printer *printer;
	const char *cause;
	bool is_done;
};

/* The two values, or what else it was read from, and where that was. */
static enum status print_first(
	void *context, const struct difference *difference, struct error *err)
{
	struct first *first = context;
	FILE *stream = first->printer->stream;
	const char *evidence = NULL;

	(void)err;
	for (size_t i = 0; i < difference->cause_count && !first->is_done; i++) {
		if (strcmp(difference->causes[i].id, first->cause) == 0) {
			evidence = difference->causes[i].evidence;
			first->is_done = true;
		}
	}
	if (!first->is_done)
		return STATUS_OK;
	fputs("      first in  ", stream);
	report_put_line(stream, difference->path);
	fputc('\n', stream);
	if (evidence != NULL) {
		fputs("      read from ", stream);
		report_put_line(stream, evidence);
		fputc('\n', stream);
	}
	return STATUS_OK;
}

/* What is under a root, a step after another: "verity-salt, verity-uuid → verity-root". */
static void print_flow(struct report_printer *printer, size_t root)
{
	const struct cause_graph *graph = &printer->graph;
	bool is_measured = true;
	unsigned depth = 0;
	uint64_t bytes = 0;

	for (size_t i = 0; i < graph->count; i++) {
		const struct cause_node *node = &graph->nodes[i];

		if (node->is_root || !cause_set_has(&node->roots, root))
			continue;
		if (depth == 0)
			fputs("      flows to  ", printer->stream);
		else
			fputs(node->depth > depth ? " → " : ", ", printer->stream);
		fputs(node->id, printer->stream);
		depth = node->depth;
		bytes += node->bytes;
		is_measured = is_measured && node->unmeasured == 0;
	}
	if (depth > 0 && is_measured)
		fprintf(printer->stream, "  (%llu byte%s)", (unsigned long long)bytes,
			bytes == 1 ? "" : "s");
	if (depth > 0)
		fputc('\n', printer->stream);
}

static enum status print_root(struct report_printer *printer, size_t root, struct error *err)
{
	const struct cause_node *node = &printer->graph.nodes[root];
	const struct cause *cause = cause_find(node->id);
	struct first first = {printer, node->id, false};

	fprintf(printer->stream, "  %-38s %10llu %9llu ", node->id,
		(unsigned long long)node->reached, (unsigned long long)node->members);
	if (node->unmeasured == 0)
		fprintf(printer->stream, "%12llu\n", (unsigned long long)node->bytes);
	else
		/* What was counted of some artifacts is less than all: 0 would be a claim. */
		fprintf(printer->stream, "%12s\n", "-");
	if (evidence_each_difference_at(printer->evidence, node->first_set, node->first_path,
		    print_first, &first, err) < 0)
		return err->status;
	print_flow(printer, root);
	if (cause != NULL)
		fprintf(printer->stream, "      mend      %s\n", cause->mend);
	return STATUS_OK;
}

enum status report_causes(struct report_printer *printer, struct error *err)
{
	const struct cause_graph *graph = &printer->graph;

	if (graph->count > 0)
		fprintf(printer->stream, "\n%-40s %10s %9s %12s\n", "CAUSES", "artifacts",
			"members", "bytes");
	for (size_t i = 0; i < graph->count; i++) {
		if (graph->nodes[i].is_root && print_root(printer, i, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}
