/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/progress.h"
#include "base/tempfile.h"
#include "verifier/cmd/cmd_coverage.h"
#include "verifier/cmd/cmd_snapshot.h"
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
	"  --image FILE          take versions from this image's manifest, status or index\n"
	"  --image RUN           hold the .debs of a list that this verify run reproduced against\n"
	"                        what it was given, by SHA-256\n"
	"  --closure             with what the list's packages depend on\n"
	"  --debian-only         read debian/ alone, and leave upstream's tests unknown\n"
	"  --column NAME         the column of names, or key of YAML\n"
	"  --version-column NAME the column of versions\n"
	"  --worksheet NAME      the sheet of a workbook (its first)\n"
	"  --architecture ARCH   of the image (dpkg's own)\n"
	"  --suite NAME          the release that debci and the tracker are asked about (the\n"
	"                        pins'), or CODENAME=NAME where debci calls it otherwise\n\n"
	"Data from outside, each a path or a URL:\n"
	"  --debci FILE          debci's packages.json (repeatable)\n"
	"  --tracker FILE        the security tracker's JSON\n"
	"  --popcon FILE         popcon's by_inst\n"
	"  --rebuilder FILE      a rebuilderd's list, or reproducible.json\n"
	"  --device FILE         results of tests on devices (repeatable)\n"
	"  --device-map FILE     which case tests which packages\n"
	"  --newer FILE          a Sources index of a newer release or another distribution, from\n"
	"                        which autopkgtests could be taken\n"
	"  --buildlog FILE|DIR   a build log, or a directory of them (repeatable)\n\n"
	"Of this project, each a path:\n"
	"  --decisions FILE      what assessors decided (YAML)\n"
	"  --gate FILE           what the list must reach (YAML); exit 5 when it does not\n\n"
	"  --json                one JSON object on stdout\n"
	"  --csv FILE, --xlsx FILE, --html FILE  write a sheet as well\n"
	"  --work-list FILE      write what would give each package without tests some\n"
	"  --db FILE             the evidence database, which keeps the table and what was read;\n"
	"                        logs of its verify runs count as those of --buildlog do\n"
	"  --store DIR, --mirror [NAME=]URL, --apt DIR, --keyring FILE, --lock FILE,\n"
	"  --accept-expired-key, --offline  as of reproof snapshot\n"
	"  --quiet               no progress\n"
	"  --help                this text\n\n"
	"Exit codes: 0 the table is whole, 2 usage, 3 a source or a data file could not be had or\n"
	"read, 4 a package is not in the pins, 5 the gate is not met, 7 signature or trust "
	"failure.\n";

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
	OPTION_NEWER,
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
	{"newer", OPTION_NEWER, true},
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
	struct text_list images;
	const char *gate, *csv, *xlsx, *html, *work_list, *database;
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
		{OPTION_COLUMN, &arguments->list_options.column},
		{OPTION_VERSION_COLUMN, &arguments->list_options.version_column},
		{OPTION_WORKSHEET, &arguments->list_options.sheet},
		{OPTION_SUITE, &request->suite},
		{OPTION_TRACKER, &request->tracker},
		{OPTION_POPCON, &request->popcon},
		{OPTION_REBUILDER, &request->rebuilder},
		{OPTION_DEVICE_MAP, &request->device_map},
		{OPTION_NEWER, &request->newer},
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
		{OPTION_IMAGE, &arguments->images},
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

/* A file, of which there is one, or else a run, of which there is one too. */
static enum status image_read(
	struct coverage_arguments *arguments, const char *image, struct error *err)
{
	static const struct package_list_options image_options;
	struct coverage_request *request = &arguments->request;
	bool is_file = access(image, F_OK) == 0;

	if (is_file ? request->image != NULL : request->run != NULL)
		return error_set(err, STATUS_USAGE, "--image: %s and %s are two %s; give one",
			is_file ? request->image->path : request->run, image,
			is_file ? "files" : "runs (neither is a file)");
	if (!is_file) {
		request->run = image;
		return STATUS_OK;
	}
	if (package_list_read(image, &image_options, &arguments->image_list, err) < 0)
		return error_context(err, "--image");
	manifest_unite(&arguments->image_list.packages, request->architecture);
	package_list_take_versions(&arguments->list, &arguments->image_list);
	request->image = &arguments->image_list;
	return STATUS_OK;
}

static enum status lists_read(struct coverage_arguments *arguments, struct error *err)
{
	enum status status = package_list_read(arguments->snapshot.words.items[0],
		&arguments->list_options, &arguments->list, err);

	if (status == STATUS_OK)
		manifest_unite(&arguments->list.packages, arguments->request.architecture);
	arguments->request.list = &arguments->list;
	for (size_t i = 0; i < arguments->images.count && status >= 0; i++)
		status = image_read(arguments, arguments->images.items[i], err);
	return status < 0 ? err->status : STATUS_OK;
}

static enum status table_make(struct snapshot_session *session,
	struct coverage_arguments *arguments, struct evidence *evidence, struct coverage *coverage,
	struct error *err)
{
	struct coverage_request *request = &arguments->request;
	char *architecture = NULL;
	enum status status = session_read_pins(session, err);

	if (status == STATUS_OK)
		status = session_architecture(session, &architecture, err);
	request->architecture = architecture;
	if (status == STATUS_OK)
		status = lists_read(arguments, err);
	if (status == STATUS_OK) {
		const struct coverage_place place = {.store = session->store,
			.fetcher = session->fetcher,
			.pins = &session->pins,
			.places = &session->places,
			.evidence = evidence,
			.database = arguments->database};
		long processors = sysconf(_SC_NPROCESSORS_ONLN);

		request->workers = processors > 0 ? (unsigned)processors : 1;
		status = coverage_make(request, &place, coverage, err);
	}
	request->architecture = NULL;
	free(architecture);
	return status;
}

/* ---- what comes of it ---- */

/* The table is kept under its own digest: when a URL was had stands beside it, not in it. */
static enum status keep(
	struct evidence *evidence, const struct coverage *coverage, struct error *err)
{
	struct coverage_input_record *inputs =
		xcalloc(coverage->input_count + 1, sizeof(inputs[0]));
	struct buffer text = {0};
	size_t count = 0;
	enum status status;

	sheet_json(coverage, false, &text);
	for (size_t i = 0; i < coverage->input_count; i++)
		if (!coverage->inputs[i].trouble)
			inputs[count++] = (struct coverage_input_record){coverage->inputs[i].role,
				coverage->inputs[i].name, coverage->inputs[i].sha256,
				coverage->inputs[i].time};
	status = evidence_coverage_keep(evidence, buffer_text(&text), inputs, count, err);
	free(inputs);
	buffer_release(&text);
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
	struct buffer json = {0};
	enum status status;

	if (arguments->snapshot.is_json) {
		sheet_json(coverage, true, &json);
		fwrite(buffer_text(&json), 1, json.len, stdout);
		buffer_release(&json);
	} else {
		sheet_text(coverage, stdout);
	}
	status = write_text(arguments->csv, sheet_csv, coverage, err);
	if (status == STATUS_OK)
		status = write_text(arguments->html, sheet_html, coverage, err);
	if (status == STATUS_OK)
		status = write_text(arguments->work_list, work_list_write, coverage, err);
	if (status == STATUS_OK && arguments->xlsx)
		status = sheet_xlsx(coverage, arguments->xlsx, err);
	return status;
}

/* What the rows and inputs say besides: what could not be read is trouble, unknown ones incomplete.
 */
enum exit_code coverage_exit_code(const struct coverage *coverage)
{
	enum exit_code code = EXIT_REPRODUCED;

	for (size_t i = 0; i < coverage->count; i++) {
		enum row_state state = coverage->packages[i].state;

		if (state == ROW_NOT_PINNED)
			code = exit_worst(code, EXIT_INCOMPLETE);
		else if (state == ROW_UNAVAILABLE || state == ROW_READ_IN_PART)
			code = exit_worst(code, EXIT_TROUBLE);
	}
	for (size_t i = 0; i < coverage->input_count; i++)
		if (coverage->inputs[i].trouble)
			code = exit_worst(code, EXIT_TROUBLE);
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
			.is_decided = coverage->packages[i].is_decided,
			.is_by_name_only = coverage->packages[i].is_by_name_only};
	gate_judge(gate, subjects, coverage->count, coverage->is_log_unread, &failures);
	for (size_t i = 0; i < failures.count; i++)
		say(failures.items[i].text);
	code = failures.count ? EXIT_COVERAGE : EXIT_REPRODUCED;
	gate_failures_release(&failures);
	free(subjects);
	return code;
}

/* What was not read of an image may have held more packages; a note of the table says so. */
static bool lists_are_whole(const struct coverage_arguments *arguments)
{
	return arguments->list.is_whole &&
		(!arguments->image_list.path || arguments->image_list.is_whole);
}

static int run_coverage(struct coverage_arguments *arguments)
{
	struct snapshot_session session = {.options = &arguments->snapshot, .command = "coverage"};
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
		code = (int)exit_worst((enum exit_code)code, coverage_exit_code(&coverage));
		if (!lists_are_whole(arguments))
			code = (int)exit_worst((enum exit_code)code, EXIT_TROUBLE);
		if (arguments->list.contradicted > 0)
			code = (int)exit_worst((enum exit_code)code, EXIT_INCOMPLETE);
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
	text_list_release(&arguments.images);
	text_list_release(&arguments.request.debci);
	text_list_release(&arguments.request.devices);
	text_list_release(&arguments.request.logs);
	snapshot_options_release(&arguments.snapshot);
	free(database);
	return code;
}
