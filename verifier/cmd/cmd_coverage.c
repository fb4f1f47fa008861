/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/progress.h"
#include "base/tempfile.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/coverage/gate.h"
#include "verifier/coverage/sheet.h"
#include "verifier/coverage/work_list.h"
#include "verifier/evidence/coverage_record.h"

static const char help[] =
	"usage: reproof coverage [OPTION…] --pin PIN LIST\n\n"
	"Says which tests stand behind each source package of a list, with the evidence for it.\n"
	"LIST is lines, a .manifest, dpkg's status, CSV, XLSX, YAML, an image or its index.\n\n"
	"  --pin PIN             the archives' state (repeatable)\n"
	"  --image RUN|FILE      take versions from this image's manifest, status or index, or\n"
	"                        hold .debs against what this verify run was given\n"
	"  --closure             with what the list's packages depend on\n"
	"  --debian-only         read debian/ alone, and leave upstream's tests unknown\n"
	"  --column NAME         the column of names, or key of YAML\n"
	"  --version-column NAME the column of versions\n"
	"  --worksheet NAME      the sheet of a workbook (its first)\n"
	"  --architecture ARCH   of the image (dpkg's own)\n"
	"  --suite NAME          what debci and the tracker call the suite (the pin's codename)\n\n"
	"Data from outside, each a path or a URL:\n"
	"  --debci FILE          debci's packages.json (repeatable)\n"
	"  --tracker FILE        the security tracker's JSON\n"
	"  --popcon FILE         popcon's by_inst\n"
	"  --rebuilder FILE      a rebuilderd's list, or reproducible.json\n"
	"  --buildlog PATH       a build log, or a directory of them (repeatable)\n"
	"  --device FILE         results of tests on devices (repeatable)\n"
	"  --device-map FILE     which case tests which packages\n"
	"  --decisions FILE      what assessors decided (YAML)\n"
	"  --gate FILE           what the list must reach (YAML); exit 5 when it does not\n\n"
	"  --json                one JSON object on stdout\n"
	"  --csv FILE, --xlsx FILE, --html FILE  write a sheet as well\n"
	"  --work-list FILE      write what would give each package without tests some\n"
	"  --db FILE             the evidence database, which keeps the table and what was read\n"
	"  --store DIR, --mirror [NAME=]URL, --apt DIR, --keyring FILE, --lock FILE,\n"
	"  --accept-expired-key, --offline  as of reproof snapshot\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"Exit codes: 0 the table is whole, 2 usage, 3 a source could not be had or read, 4 a "
	"package\n"
	"is not in the pins, 5 the gate is not met, 7 signature or trust failure.\n";

enum {
	OPTION_PIN = 1,
	OPTION_IMAGE,
	OPTION_CLOSURE,
	OPTION_DEBIAN_ONLY,
	OPTION_COLUMN,
	OPTION_VERSION_COLUMN,
	OPTION_WORKSHEET,
	OPTION_ARCHITECTURE,
	OPTION_SUITE,
	OPTION_DEBCI,
	OPTION_TRACKER,
	OPTION_POPCON,
	OPTION_REBUILDER,
	OPTION_BUILDLOG,
	OPTION_DEVICE,
	OPTION_DEVICE_MAP,
	OPTION_DECISIONS,
	OPTION_GATE,
	OPTION_JSON,
	OPTION_CSV,
	OPTION_XLSX,
	OPTION_HTML,
	OPTION_WORK_LIST,
	OPTION_DB,
	OPTION_STORE,
	OPTION_MIRROR,
	OPTION_APT,
	OPTION_KEYRING,
	OPTION_LOCK,
	OPTION_ACCEPT_EXPIRED_KEY,
	OPTION_OFFLINE,
	OPTION_QUIET,
};

static const struct command_option options[] = {
	{"pin", OPTION_PIN, true},
	{"image", OPTION_IMAGE, true},
	{"closure", OPTION_CLOSURE, false},
	{"debian-only", OPTION_DEBIAN_ONLY, false},
	{"column", OPTION_COLUMN, true},
	{"version-column", OPTION_VERSION_COLUMN, true},
	{"worksheet", OPTION_WORKSHEET, true},
	{"architecture", OPTION_ARCHITECTURE, true},
	{"suite", OPTION_SUITE, true},
	{"debci", OPTION_DEBCI, true},
	{"tracker", OPTION_TRACKER, true},
	{"popcon", OPTION_POPCON, true},
	{"rebuilder", OPTION_REBUILDER, true},
	{"buildlog", OPTION_BUILDLOG, true},
	{"device", OPTION_DEVICE, true},
	{"device-map", OPTION_DEVICE_MAP, true},
	{"decisions", OPTION_DECISIONS, true},
	{"gate", OPTION_GATE, true},
	{"json", OPTION_JSON, false},
	{"csv", OPTION_CSV, true},
	{"xlsx", OPTION_XLSX, true},
	{"html", OPTION_HTML, true},
	{"work-list", OPTION_WORK_LIST, true},
	{"db", OPTION_DB, true},
	{"store", OPTION_STORE, true},
	{"mirror", OPTION_MIRROR, true},
	{"apt", OPTION_APT, true},
	{"keyring", OPTION_KEYRING, true},
	{"lock", OPTION_LOCK, true},
	{"accept-expired-key", OPTION_ACCEPT_EXPIRED_KEY, false},
	{"offline", OPTION_OFFLINE, false},
	{"quiet", OPTION_QUIET, false},
	{NULL, 0, false},
};

struct coverage_arguments {
	struct snapshot_options snapshot;
	struct package_list_options list_options;
	struct coverage_request request;
	const char *image, *gate, *csv, *xlsx, *html, *work_list, *database;
	struct package_list list, image_list;
};

static void take_option(struct coverage_arguments *arguments, int option, const char *value)
{
	struct coverage_request *request = &arguments->request;
	struct snapshot_options *snapshot = &arguments->snapshot;
	const struct {
		int option;
		const char **to;
	} texts[] = {
		{OPTION_IMAGE, &arguments->image},
		{OPTION_COLUMN, &arguments->list_options.column},
		{OPTION_VERSION_COLUMN, &arguments->list_options.version_column},
		{OPTION_WORKSHEET, &arguments->list_options.sheet},
		{OPTION_SUITE, &request->ci_suite},
		{OPTION_TRACKER, &request->tracker},
		{OPTION_POPCON, &request->popcon},
		{OPTION_REBUILDER, &request->rebuilder},
		{OPTION_DEVICE_MAP, &request->device_map},
		{OPTION_DECISIONS, &request->decisions},
		{OPTION_GATE, &arguments->gate},
		{OPTION_CSV, &arguments->csv},
		{OPTION_XLSX, &arguments->xlsx},
		{OPTION_HTML, &arguments->html},
		{OPTION_WORK_LIST, &arguments->work_list},
		{OPTION_DB, &arguments->database},
		{OPTION_APT, &snapshot->etc_apt},
		{OPTION_KEYRING, &snapshot->keyring},
		{OPTION_LOCK, &snapshot->lock_path},
	};
	const struct {
		int option;
		struct text_list *to;
	} lists[] = {
		{OPTION_PIN, &snapshot->pins},
		{OPTION_ARCHITECTURE, &snapshot->architectures},
		{OPTION_MIRROR, &snapshot->mirrors},
		{OPTION_DEBCI, &request->debci},
		{OPTION_BUILDLOG, &request->logs},
		{OPTION_DEVICE, &request->devices},
	};
	const struct {
		int option;
		bool *to;
	} flags[] = {
		{OPTION_CLOSURE, &request->is_closed},
		{OPTION_DEBIAN_ONLY, &request->is_debian_only},
		{OPTION_JSON, &snapshot->is_json},
		{OPTION_ACCEPT_EXPIRED_KEY, &snapshot->accept_expired_key},
		{OPTION_OFFLINE, &snapshot->is_offline},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].option == option)
			*texts[i].to = value;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i].option == option)
			text_list_add(lists[i].to, value);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].option == option)
			*flags[i].to = true;
	if (option == OPTION_QUIET)
		progress_set_quiet(true);
	if (option == OPTION_STORE) {
		free(snapshot->store_path);
		snapshot->store_path = xstrdup(value);
	}
}

/* ---- the table ---- */

static enum status lists_read(struct coverage_arguments *arguments, struct error *err)
{
	static const struct package_list_options image_options;
	struct stat st;

	if (package_list_read(arguments->snapshot.words.items[0], &arguments->list_options,
		    &arguments->list, err) < 0)
		return err->status;
	arguments->request.list = &arguments->list;
	if (!arguments->image)
		return STATUS_OK;
	if (stat(arguments->image, &st) < 0) {
		arguments->request.run = arguments->image;
		return STATUS_OK;
	}
	if (package_list_read(arguments->image, &image_options, &arguments->image_list, err) < 0)
		return error_context(err, "--image");
	package_list_take_versions(&arguments->list, &arguments->image_list);
	arguments->request.image = &arguments->image_list;
	return STATUS_OK;
}

/* The codename of the pins, as Debian's services name a suite. */
static const char *pins_codename(const struct pin_list *pins)
{
	static const char *const ends[] = {"-security", "-updates", "-backports"};

	for (size_t p = 0; p < pins->count; p++)
		for (size_t s = 0; s < pins->items[p].suite_count; s++) {
			const char *name = pins->items[p].suites[s].codename;
			bool is_plain = name != NULL;

			for (size_t e = 0; e < ARRAY_SIZE(ends) && is_plain; e++)
				is_plain = strstr(name, ends[e]) == NULL;
			if (is_plain)
				return name;
		}
	return NULL;
}

static enum status table_make(struct snapshot_session *session,
	struct coverage_arguments *arguments, struct evidence *evidence, struct coverage *coverage,
	struct error *err)
{
	struct coverage_request *request = &arguments->request;
	char *architecture = NULL;
	enum status status = session_read_pins(session, err);

	if (status == STATUS_OK)
		status = lists_read(arguments, err);
	if (status == STATUS_OK)
		status = session_architecture(session, &architecture, err);
	if (status == STATUS_OK) {
		const struct coverage_place place = {.store = session->store,
			.fetcher = session->fetcher,
			.pins = &session->pins,
			.places = &session->places,
			.evidence = evidence};
		long processors = sysconf(_SC_NPROCESSORS_ONLN);

		request->architecture = architecture;
		request->workers = processors > 0 ? (unsigned)processors : 1;
		if (!request->ci_suite)
			request->ci_suite = pins_codename(&session->pins);
		status = coverage_make(request, &place, coverage, err);
	}
	free(architecture);
	return status;
}

/* ---- what comes of it ---- */

static enum status keep(
	struct evidence *evidence, const struct coverage *coverage, struct error *err)
{
	struct coverage_input_record *inputs =
		xcalloc(coverage->input_count + 1, sizeof(inputs[0]));
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	enum status status =
		stream ? sheet_json(coverage, stream, err) : error_set_errno(err, "no memory");

	if (stream)
		fclose(stream);
	for (size_t i = 0; i < coverage->input_count; i++)
		inputs[i] = (struct coverage_input_record){coverage->inputs[i].role,
			coverage->inputs[i].name, coverage->inputs[i].sha256,
			coverage->inputs[i].time};
	if (status == STATUS_OK)
		status = evidence_coverage_keep(evidence, text, inputs, coverage->input_count, err);
	free(inputs);
	free(text);
	return status;
}

static enum status write_text(const char *path,
	void (*write)(const struct coverage *coverage, struct buffer *out),
	const struct coverage *coverage, struct error *err)
{
	struct buffer out = {0};
	enum status status;

	if (!path)
		return STATUS_OK;
	write(coverage, &out);
	status = tempfile_write_all(path, buffer_text(&out), out.len, 0644, err);
	buffer_release(&out);
	return status;
}

static enum status write_all(const struct coverage_arguments *arguments,
	const struct coverage *coverage, struct error *err)
{
	enum status status = STATUS_OK;

	if (arguments->snapshot.is_json)
		status = sheet_json(coverage, stdout, err);
	else
		sheet_text(coverage, stdout);
	if (status == STATUS_OK)
		status = write_text(arguments->csv, sheet_csv, coverage, err);
	if (status == STATUS_OK)
		status = write_text(arguments->html, sheet_html, coverage, err);
	if (status == STATUS_OK)
		status = write_text(arguments->work_list, work_list_write, coverage, err);
	if (status == STATUS_OK && arguments->xlsx)
		status = sheet_xlsx(coverage, arguments->xlsx, err);
	return status;
}

/* What the rows say besides: sources that could not be read are trouble, unknown ones incomplete.
 */
static int table_code(const struct coverage *coverage)
{
	enum exit_code code = EXIT_REPRODUCED;

	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *row = &coverage->packages[i];

		if (row->is_not_pinned)
			code = exit_worst(code, EXIT_INCOMPLETE);
		else if (row->trouble || (row->facts && row->facts->trouble))
			code = exit_worst(code, EXIT_TROUBLE);
	}
	return code;
}

/* On stderr, whatever --quiet says. */
static void say(const char *text)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	fprintf(stderr, "reproof coverage: %s\n", buffer_text(&line));
	buffer_release(&line);
}

static int gate_code(const struct gate *gate, const struct coverage *coverage)
{
	struct gate_subject *subjects = xcalloc(coverage->count + 1, sizeof(subjects[0]));
	struct gate_failures failures;
	int code;

	for (size_t i = 0; i < coverage->count; i++)
		subjects[i] = (struct gate_subject){.source = coverage->packages[i].source,
			.class = coverage->packages[i].class,
			.confirmed = coverage->packages[i].confirmed,
			.is_decided = coverage->packages[i].is_decided};
	gate_judge(gate, subjects, coverage->count, &failures);
	for (size_t i = 0; i < failures.count; i++)
		say(failures.items[i].text);
	code = failures.count ? EXIT_COVERAGE : EXIT_REPRODUCED;
	gate_failures_release(&failures);
	free(subjects);
	return code;
}

/* What was not read of an image may have held more packages. */
static bool lists_are_whole(const struct coverage_arguments *arguments)
{
	const struct package_list *lists[] = {&arguments->list, &arguments->image_list};
	bool are_whole = true;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char *text;

		if (!lists[i]->path || lists[i]->is_whole)
			continue;
		text = xasprintf(
			"%s was not read whole: it may have more packages", lists[i]->path);
		say(text);
		free(text);
		are_whole = false;
	}
	return are_whole;
}

static int run_coverage(struct coverage_arguments *arguments)
{
	struct snapshot_session session = {.options = &arguments->snapshot};
	struct coverage coverage = {0};
	struct evidence *evidence = NULL;
	struct gate gate = {0};
	struct error err = {0};
	int code = EXIT_REPRODUCED;
	enum status status = arguments->gate ? gate_read(arguments->gate, &gate, &err) : STATUS_OK;

	if (status == STATUS_OK)
		status = session_open(&session, true, &err);
	if (status == STATUS_OK)
		status = evidence_open(arguments->database, &evidence, &err);
	if (status == STATUS_OK)
		status = table_make(&session, arguments, evidence, &coverage, &err);
	session_print_notes(&session);
	/* A table in which sources are missing is worth reading; its exit code says so. */
	if (coverage.is_made) {
		struct error trouble = err;

		if (arguments->gate)
			coverage_add_input(&coverage, "gate", gate.path, &gate.digest, 0);
		coverage_sort(&coverage);
		for (size_t i = 0; i < coverage.notes.count; i++)
			say(coverage.notes.items[i]);
		if (status < 0)
			code = command_fail("coverage", &trouble);
		code = (int)exit_worst((enum exit_code)code, (enum exit_code)table_code(&coverage));
		if (!lists_are_whole(arguments))
			code = (int)exit_worst((enum exit_code)code, EXIT_TROUBLE);
		status = keep(evidence, &coverage, &err);
		if (status == STATUS_OK)
			status = write_all(arguments, &coverage, &err);
		if (status == STATUS_OK && arguments->gate)
			code = (int)exit_worst(
				(enum exit_code)code, (enum exit_code)gate_code(&gate, &coverage));
	}
	if (status < 0)
		code = command_fail("coverage", &err);
	coverage_release(&coverage);
	gate_release(&gate);
	evidence_free(evidence);
	session_close(&session);
	return command_finish("coverage", code);
}

int cmd_coverage(int argc, char **argv)
{
	struct command_line line = {
		.command = "coverage", .options = options, .argc = argc, .argv = argv};
	struct coverage_arguments arguments = {
		.snapshot = {.store_path = command_default_store(), .etc_apt = "/etc/apt"}};
	char *database = command_default_database();
	int code, option;

	arguments.database = database;
	while ((option = command_option_next(&line)) > 0)
		take_option(&arguments, option, line.value);
	for (int i = 0; option != OPTION_STOP && i < line.word_count; i++)
		text_list_add(&arguments.snapshot.words, line.words[i]);
	if (option == OPTION_STOP)
		code = line.is_help ? command_help(help) : line.code;
	else if (line.word_count != 1)
		code = command_usage("coverage", "one list of packages is needed");
	else if (arguments.snapshot.pins.count == 0)
		code = command_usage("coverage",
			"--pin is needed; reproof snapshot list has those "
			"of the store");
	else if ((arguments.request.devices.count > 0) != (arguments.request.device_map != NULL))
		code = command_usage("coverage", "--device and --device-map go together");
	else
		code = run_coverage(&arguments);
	package_list_release(&arguments.list);
	package_list_release(&arguments.image_list);
	text_list_release(&arguments.request.debci);
	text_list_release(&arguments.request.devices);
	text_list_release(&arguments.request.logs);
	snapshot_options_release(&arguments.snapshot);
	free(database);
	return code;
}
