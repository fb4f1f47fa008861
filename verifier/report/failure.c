/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "verifier/report/printer.h"

/* NULL when the build did not fail, or its class is of another version. */
static const struct failure_row *row_of(const struct report_printer *printer)
{
	return printer->failure.class ? failure_row_find(printer->failure.class) : NULL;
}

const char *report_failure_title(const struct report_printer *printer)
{
	const struct failure_row *row = row_of(printer);

	/* What the proxy could not serve is told in place of the build that failed by it. */
	return row && strcmp(printer->run->failure_class, "build") == 0
		? row->title
		: printer->run->failure_class;
}

static void print_why(FILE *stream, const struct build_failure *failure)
{
	const struct failure_row *row = failure_row_find(failure->class);
	bool is_known = failure->evidence != NULL;

	fputs("WHY       ", stream);
	report_put_line(stream,
		row && is_known	   ? row->title
			: is_known ? failure->class
				   : "not known");
	if (failure->line)
		fprintf(stream,
			", by line %llu of %llu of the log: ", (unsigned long long)failure->line,
			(unsigned long long)failure->lines);
	else if (is_known)
		fputs(": ", stream);
	if (is_known)
		report_put_line(stream, failure->evidence);
	if (failure->step) {
		fputs("\n  step    ", stream);
		report_put_line(stream, failure->step);
	}
	fprintf(stream, "\n  do      %s\n", row ? row->advice : "read the log");
}

void report_build_failure(const struct report_printer *printer)
{
	const struct build_failure *failure = &printer->failure;
	FILE *stream = printer->stream;

	if (!failure->class)
		return;
	fputc('\n', stream);
	print_why(stream, failure);
	if (!failure->tail || !failure->tail[0]) {
		fputs("LOG       empty\n", stream);
		return;
	}
	fputs("LOG (its end)\n", stream);
	report_put_block(stream, failure->tail, "  ");
}

static void write_bytes(struct json *json, const char *key, const char *text)
{
	if (text)
		json_bytes(json, key, text, strlen(text));
	else
		json_none(json, key);
}

enum status report_json_build_failure(
	struct json *json, struct evidence *evidence, const char *run, struct error *err)
{
	struct build_failure failure;
	enum status status = evidence_read_build_failure(evidence, run, &failure, err);

	if (status == STATUS_OK) {
		const struct failure_row *row = failure_row_find(failure.class);

		json_object_begin(json, "build_failure");
		json_text(json, "class", failure.class);
		json_text(json, "title", row ? row->title : NULL);
		if (failure.line)
			json_unsigned(json, "line", failure.line);
		else
			json_none(json, "line");
		write_bytes(json, "evidence", failure.evidence);
		write_bytes(json, "step", failure.step);
		json_text(json, "advice", row ? row->advice : NULL);
		write_bytes(json, "log", failure.log);
		json_unsigned(json, "lines", failure.lines);
		write_bytes(json, "tail", failure.tail);
		json_object_end(json);
	} else if (status == STATUS_END) {
		json_none(json, "build_failure");
	}
	build_failure_release(&failure);
	return status < 0 ? status : STATUS_OK;
}
