/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/progress.h"
#include "verifier/report/printer.h"

static enum status print_package(
	void *context, const struct package_change *change, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	if (printer->shown++ >= SHOWN_PACKAGES && !printer->options->all)
		return STATUS_OK;
	fputs("  ", printer->stream);
	report_put_line(printer->stream, change->name);
	fputs(": ", printer->stream);
	report_put_line(printer->stream, change->published ? change->published : "(not in it)");
	fputs(" published, ", printer->stream);
	report_put_line(printer->stream, change->rebuilt ? change->rebuilt : "(not in it)");
	fputs(" rebuilt\n", printer->stream);
	return STATUS_OK;
}

static enum status count_package(
	void *context, const struct package_change *change, struct error *err)
{
	(void)change;
	(void)err;
	((struct report_printer *)context)->shown++;
	return STATUS_OK;
}

enum status report_package_count(
	struct report_printer *printer, bool *looked_at, size_t *changes, struct error *err)
{
	char *artifact = NULL;
	uint64_t packages;
	enum status status = evidence_read_package_source(
		printer->evidence, printer->run->id, &artifact, &packages, err);

	*looked_at = artifact != NULL;
	free(artifact);
	printer->shown = 0;
	if (status == STATUS_OK)
		status = evidence_each_package_change(
			printer->evidence, printer->run->id, count_package, printer, err);
	*changes = printer->shown;
	return status;
}

static enum status print_package_changes(
	struct report_printer *printer, size_t changes, struct error *err)
{
	printer->shown = 0;
	if (evidence_each_package_change(
		    printer->evidence, printer->run->id, print_package, printer, err) < 0)
		return err->status;
	if (changes > SHOWN_PACKAGES && !printer->options->all)
		fprintf(printer->stream, "  … %zu more (--all shows them)\n",
			changes - SHOWN_PACKAGES);
	return STATUS_OK;
}

static enum status print_packages(struct report_printer *printer, struct error *err)
{
	FILE *stream = printer->stream;
	char *artifact = NULL;
	uint64_t packages;
	size_t changes;
	bool looked_at;

	if (report_package_count(printer, &looked_at, &changes, err) < 0)
		return err->status;
	if (!looked_at)
		return STATUS_OK;
	if (evidence_read_package_source(
		    printer->evidence, printer->run->id, &artifact, &packages, err) < 0)
		return err->status;
	fputs("PACKAGES  ", stream);
	if (changes == 0)
		fprintf(stream, "same %llu packages and versions on both sides",
			(unsigned long long)packages);
	else
		fprintf(stream, "pin drift: %zu package%s of %llu differ%s", changes,
			changes == 1 ? "" : "s", (unsigned long long)packages,
			changes == 1 ? "s" : "");
	fputs(" (", stream);
	report_put_line(stream, artifact);
	fputs(")\n", stream);
	free(artifact);
	return changes ? print_package_changes(printer, changes, err) : STATUS_OK;
}

static void print_bytes(const struct report_printer *printer)
{
	FILE *stream = printer->stream;

	if (printer->differing == 0)
		return;
	fputs("BYTES     ", stream);
	if (printer->unmeasured < printer->differing)
		fprintf(stream, "%llu unattributed, %llu unexplained",
			(unsigned long long)printer->unattributed,
			(unsigned long long)printer->unexplained);
	if (printer->unmeasured)
		fprintf(stream, "%snot measured outside members in %llu of %zu differing artifacts",
			printer->unmeasured < printer->differing ? "; " : "",
			(unsigned long long)printer->unmeasured, printer->differing);
	fputc('\n', stream);
}

static enum status print_pin(void *context, const struct pin_record *pin, struct error *err)
{
	struct report_printer *printer = context;
	const struct suite_state *state = &pin->state;
	char hex[SHA256_HEX_SIZE];

	(void)err;
	digest_hex(state->is_detached ? &state->release : &state->inrelease, hex);
	fprintf(printer->stream, "PIN       %s %s, %s %.12s…, signed by %s%s\n", pin->pin,
		pin->suite, state->is_detached ? "Release" : "InRelease", hex, pin->signer,
		pin->captured ? ", captured from a mirror" : "");
	return STATUS_OK;
}

static enum status print_published_change(
	void *context, const struct published_change *change, struct error *err)
{
	struct report_printer *printer = context;
	char time[CLOCK_TEXT_SIZE];

	(void)err;
	clock_format(change->last_seen, time);
	fputs("PUBLISHED changed: ", printer->stream);
	report_put_line(printer->stream, change->name);
	fprintf(printer->stream, " was %.12s… when last seen at %s, is %.12s… now\n", change->was,
		time, change->is_now);
	return STATUS_OK;
}

static enum status print_refusal(
	void *context, const char *text, int64_t number, uint64_t count, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	if (printer->shown++ >= SHOWN_PACKAGES && !printer->options->all)
		return STATUS_OK;
	fputs("  not served: ", printer->stream);
	report_put_line(printer->stream, text);
	fprintf(printer->stream, " (%lld, %llu time%s)\n", (long long)number,
		(unsigned long long)count, count == 1 ? "" : "s");
	return STATUS_OK;
}

static enum status print_host(
	void *context, const char *text, int64_t number, uint64_t count, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	(void)number;
	fputs(printer->shown++ ? ", " : "  hosts asked for: ", printer->stream);
	report_put_line(printer->stream, text[0] ? text : "(the proxy itself)");
	fprintf(printer->stream, " (%llu)", (unsigned long long)count);
	return STATUS_OK;
}

static enum status print_served(void *context, const char *name, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	fputs(printer->shown++ ? ", "
			       : "  served what it had to reproduce, and could have copied it: ",
		printer->stream);
	report_put_line(printer->stream, name);
	return STATUS_OK;
}

static enum status print_wanted(
	void *context, const char *kind, const char *target, uint64_t count, struct error *err)
{
	struct report_printer *printer = context;

	(void)err;
	if (strcmp(kind, "own-network") == 0)
		return STATUS_OK;
	fputs(printer->shown++ ? ", " : "  wanted besides, in vain: ", printer->stream);
	fputs(kind, printer->stream);
	if (target[0])
		fputc(' ', printer->stream);
	report_put_line(printer->stream, target);
	fprintf(printer->stream, " (%llu)", (unsigned long long)count);
	return STATUS_OK;
}

static enum status print_own_network(
	void *context, const char *kind, const char *target, uint64_t count, struct error *err)
{
	struct report_printer *printer = context;

	(void)target;
	(void)err;
	if (strcmp(kind, "own-network") == 0)
		fprintf(printer->stream,
			"  networks of its own making: %llu; nothing is reached in them, and what "
			"was tried there is not known\n",
			(unsigned long long)count);
	return STATUS_OK;
}

static enum status print_limit(void *context, const struct limit_record *limit, struct error *err)
{
	struct report_printer *printer = context;
	bool is_bytes = strcmp(limit->name, "time") != 0 && strcmp(limit->name, "processes") != 0;
	bool has_value = strcmp(limit->name, "prepare-network") != 0;
	char size[NUMBER_SIZE_TEXT];

	(void)err;
	number_format_size(limit->value, size);
	fprintf(printer->stream, "%s%s ", printer->shown++ ? ", " : "  limits: ", limit->name);
	if (is_bytes && has_value)
		fputs(size, printer->stream);
	else if (has_value)
		fprintf(printer->stream, "%llu%s", (unsigned long long)limit->value,
			strcmp(limit->name, "time") == 0 ? " s" : "");
	fprintf(printer->stream, "%s(%s%s)", has_value ? " " : "", limit->mechanism,
		limit->is_broken ? ", BROKEN" : "");
	return STATUS_OK;
}

/* What else the build tried, and what it could take. "Nothing else" only where that is sure (T4).
 */
static enum status print_containment(struct report_printer *printer, struct error *err)
{
	const struct run_record *run = printer->run;

	printer->shown = 0;
	if (evidence_each_wanted(printer->evidence, run->id, print_wanted, printer, err) < 0)
		return err->status;
	if (printer->shown)
		fputc('\n', printer->stream);
	if (evidence_each_wanted(printer->evidence, run->id, print_own_network, printer, err) < 0)
		return err->status;
	if (strcmp(run->isolation, "confined") == 0)
		fputs("  nothing else was reached\n", printer->stream);
	printer->shown = 0;
	if (evidence_each_limit(printer->evidence, run->id, print_limit, printer, err) < 0)
		return err->status;
	if (printer->shown)
		fputc('\n', printer->stream);
	return STATUS_OK;
}

static enum status print_isolation(struct report_printer *printer, struct error *err)
{
	const struct run_record *run = printer->run;
	uint64_t files, bytes;
	char size[32];

	if (!run->isolation)
		return STATUS_OK;
	if (evidence_count_materials(
		    printer->evidence, run->id, "archive-file", &files, &bytes, err) < 0)
		return err->status;
	progress_format_bytes(bytes, size);
	fprintf(printer->stream, "BUILD     %llu files, %s from the pins; isolation %s\n",
		(unsigned long long)files, size, run->isolation);
	printer->shown = 0;
	if (evidence_each_host(printer->evidence, run->id, print_host, printer, err) < 0)
		return err->status;
	if (printer->shown)
		fputc('\n', printer->stream);
	printer->shown = 0;
	if (evidence_each_served_artifact(printer->evidence, run->id, print_served, printer, err) <
		0)
		return err->status;
	if (printer->shown)
		fputc('\n', printer->stream);
	printer->shown = 0;
	if (evidence_each_refusal(printer->evidence, run->id, print_refusal, printer, err) < 0)
		return err->status;
	if (printer->shown > SHOWN_PACKAGES && !printer->options->all)
		fprintf(printer->stream, "  … %zu more requests not served (--all shows them)\n",
			printer->shown - SHOWN_PACKAGES);
	return print_containment(printer, err);
}

enum status report_origins(struct report_printer *printer, struct error *err)
{
	if (evidence_each_pin(printer->evidence, printer->run->id, print_pin, printer, err) < 0)
		return err->status;
	return print_isolation(printer, err);
}

enum status report_sections(struct report_printer *printer, struct error *err)
{
	const char *run = printer->run->id;

	if (report_causes(printer, err) < 0)
		return err->status;
	fputc('\n', printer->stream);
	if (evidence_each_published_change(
		    printer->evidence, run, print_published_change, printer, err) < 0 ||
		print_packages(printer, err) < 0 || report_toolchain(printer, err) < 0)
		return err->status;
	print_bytes(printer);
	return report_origins(printer, err);
}
