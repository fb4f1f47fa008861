/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <string.h>

#include "verifier/evidence/toolchain.h"
#include "verifier/report/printer.h"

/* What decides most of a package's bytes: named for each side, whatever differs. */
static const char *const named[] = {"binutils", "clang-[0-9]*", "debhelper", "dpkg-dev",
	"g++-[0-9]*", "gcc-[0-9]*", "golang-[0-9]*-go", "libc6-dev", "rustc"};

/* What is known when the sides were read. */
struct toolchain {
	struct report_printer *printer;
	bool is_published; /* the side whose line is being printed */
	size_t count[2];   /* packages of published and rebuilt */
	size_t changes, both;
	bool counts[2]; /* that side's record counts */
};

static const char *version_of(const struct toolchain_package *package, bool is_published)
{
	return is_published ? package->published : package->rebuilt;
}

static bool is_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		/* "gcc-[0-9]*" is no "gcc-12-base". */
		if (fnmatch(named[i], name, 0) == 0 && !strstr(name, "-base"))
			return true;
	return false;
}

static bool is_same(const struct toolchain_package *package)
{
	return package->published && package->rebuilt &&
		strcmp(package->published, package->rebuilt) == 0;
}

static enum status count_package(
	void *context, const struct toolchain_package *package, struct error *err)
{
	struct toolchain *toolchain = context;

	(void)err;
	toolchain->count[0] += package->published != NULL;
	toolchain->count[1] += package->rebuilt != NULL;
	toolchain->changes += !is_same(package);
	toolchain->both++;
	return STATUS_OK;
}

static enum status print_named(
	void *context, const struct toolchain_package *package, struct error *err)
{
	struct toolchain *toolchain = context;
	FILE *stream = toolchain->printer->stream;
	const char *version = version_of(package, toolchain->is_published);

	(void)err;
	if (!version || !is_named(package->name))
		return STATUS_OK;
	fputs(", ", stream);
	report_put_line(stream, package->name);
	fputc(' ', stream);
	report_put_line(stream, version);
	return STATUS_OK;
}

static enum status print_side(void *context, const struct toolchain_side *side, struct error *err)
{
	struct toolchain *toolchain = context;
	const struct report_printer *printer = toolchain->printer;
	FILE *stream = printer->stream;
	bool is_published = strcmp(side->side, "published") == 0;
	size_t index = is_published ? 0 : 1;

	fprintf(stream, "%s", is_published ? "TOOLCHAIN " : "          ");
	fprintf(stream, "%s by ", is_published ? "published" : "rebuilt  ");
	if (side->reason) {
		fputs("what is not known: ", stream);
		report_put_line(stream, side->name);
		fputs(": ", stream);
		report_put_line(stream, side->reason);
		fputc('\n', stream);
		return STATUS_OK;
	}
	toolchain->counts[index] = true;
	toolchain->is_published = is_published;
	fprintf(stream, "%zu packages", toolchain->count[index]);
	if (evidence_each_toolchain_package(
		    printer->evidence, printer->run->id, print_named, toolchain, err) < 0)
		return err->status;
	fputs(" (", stream);
	report_put_line(stream, side->name);
	fputs(")\n", stream);
	return STATUS_OK;
}

static void put_version(FILE *stream, const char *version)
{
	report_put_line(stream, version ? version : "(not installed)");
}

static enum status print_change(
	void *context, const struct toolchain_package *package, struct error *err)
{
	struct report_printer *printer = context;
	FILE *stream = printer->stream;

	(void)err;
	if (is_same(package) || (printer->shown++ >= SHOWN_PACKAGES && !printer->options->all))
		return STATUS_OK;
	fputs("            ", stream);
	report_put_line(stream, package->name);
	if (package->architecture[0]) {
		fputc(':', stream);
		report_put_line(stream, package->architecture);
	}
	fputs(": ", stream);
	put_version(stream, package->published);
	fputs(" published, ", stream);
	put_version(stream, package->rebuilt);
	fputs(" rebuilt\n", stream);
	return STATUS_OK;
}

/* What follows for a difference; nothing does where a side is not known. */
static enum status print_comparison(const struct toolchain *toolchain, struct error *err)
{
	struct report_printer *printer = toolchain->printer;
	FILE *stream = printer->stream;

	if (!toolchain->counts[0] || !toolchain->counts[1]) {
		fputs("          whether a difference comes from the toolchain cannot be told\n",
			stream);
		return STATUS_OK;
	}
	if (toolchain->changes == 0) {
		fputs("          the same on both sides: no difference comes from it\n", stream);
		return STATUS_OK;
	}
	fprintf(stream, "          %zu of %zu not the same: a difference may come from them\n",
		toolchain->changes, toolchain->both);
	printer->shown = 0;
	if (evidence_each_toolchain_package(
		    printer->evidence, printer->run->id, print_change, printer, err) < 0)
		return err->status;
	if (printer->shown > SHOWN_PACKAGES && !printer->options->all)
		fprintf(stream, "            … %zu more (--all shows them)\n",
			printer->shown - SHOWN_PACKAGES);
	return STATUS_OK;
}

static enum status count_side(void *context, const struct toolchain_side *side, struct error *err)
{
	(void)side;
	(void)err;
	(*(size_t *)context)++;
	return STATUS_OK;
}

enum status report_toolchain(struct report_printer *printer, struct error *err)
{
	struct toolchain toolchain = {.printer = printer};
	struct evidence *evidence = printer->evidence;
	const char *run = printer->run->id;
	size_t sides = 0;

	if (evidence_each_toolchain_side(evidence, run, count_side, &sides, err) < 0)
		return err->status;
	if (sides == 0)
		return STATUS_OK;
	if (evidence_each_toolchain_package(evidence, run, count_package, &toolchain, err) < 0 ||
		evidence_each_toolchain_side(evidence, run, print_side, &toolchain, err) < 0)
		return err->status;
	return print_comparison(&toolchain, err);
}
