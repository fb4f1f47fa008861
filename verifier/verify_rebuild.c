/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/rebuild/tool_root.h"
#include "verifier/rebuild/tree.h"
#include "verifier/verification.h"
#include "verifier/verify_kas.h"
#include "verifier/verify_materials.h"
#include "verifier/verify_outputs.h"
#include "verifier/verify_sandbox.h"

#define LOG_TAIL 400 /* bytes of the build's last output in an error */

/* The parts of one attempt to build. */
struct attempt {
	struct verification *verification;
	char *source, *output, *log;
	char *unused; /* the sandbox's output directory where the build has one of its own */
	struct text_list hidden;    /* what the build must not see */
	struct text_list published; /* absolute paths of the published files */
	struct tool_root tools;
	struct kas *kas; /* NULL: the backend is "command" */
	struct kas_prepared prepared;
	struct digest *forbidden; /* contents that a build must not be given: the published ones */
	size_t forbidden_count;
	struct digest source_digest;
	struct digest inputs;
	int64_t epoch;
	struct sandbox *sandbox;
	struct material_log *materials;
	struct text_list environment;
};

/* SOURCE_DATE_EPOCH: the descriptor's, or the newest Date of the pins. */
static int64_t build_epoch(const struct verification *verification)
{
	int64_t newest = 0;

	if (verification->release.build.has_epoch)
		return verification->release.build.epoch;
	for (size_t p = 0; p < verification->pins.count; p++) {
		const struct pin *pin = &verification->pins.items[p];

		for (size_t s = 0; s < pin->suite_count; s++) {
			if (pin->suites[s].date > newest)
				newest = pin->suites[s].date;
		}
	}
	return newest;
}

/* The view and the copy compare paths, so a link in one would hide nothing. */
static enum status hide(struct attempt *attempt, const char *path, struct error *err)
{
	char *resolved;

	if (path_resolve(path, &resolved, err) < 0)
		/* What does not exist hides nothing. */
		return err->status == STATUS_NOT_FOUND ? STATUS_OK : err->status;
	text_list_add(&attempt->hidden, resolved);
	free(resolved);
	return STATUS_OK;
}

/* Trust T1 and T2: what would let a build copy instead of rebuild. */
static enum status list_hidden(struct attempt *attempt, struct error *err)
{
	const struct verification *verification = attempt->verification;
	const char *directory = verification->release.published.directory;
	const char *home = getenv("HOME");

	if (hide(attempt, verification->request->store, err) < 0 ||
		hide(attempt, verification->request->database, err) < 0 ||
		(home && home[0] == '/' && home[1] && hide(attempt, home, err) < 0) ||
		(directory && hide(attempt, directory, err) < 0))
		return err->status;
	for (size_t i = 0; directory && i < verification->published.count; i++) {
		const struct file *file = &verification->published.files[i];
		char *path = path_join(directory, file->name);

		if (!file->problem)
			text_list_add(&attempt->published, path);
		free(path);
	}
	return STATUS_OK;
}

/*
 * What is no part of a source tree that happens to lie around it: what is hidden, and what the runs
 * and the database write beside it.
 */
static enum status list_excluded(
	struct attempt *attempt, struct text_list *excluded, struct error *err)
{
	static const char *const beside[] = {"-wal", "-shm", "-journal"};
	const char *database = attempt->verification->request->database;
	char *runs = path_directory(attempt->verification->work);
	char *resolved = NULL;

	for (size_t i = 0; i < attempt->hidden.count; i++)
		text_list_add(excluded, attempt->hidden.items[i]);
	if (path_resolve(runs, &resolved, err) == STATUS_OK) {
		text_list_add(excluded, resolved);
		free(resolved);
	}
	free(runs);
	if (!resolved || path_resolve(database, &resolved, err) < 0)
		return err->status;
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		char *path = xasprintf("%s%s", resolved, beside[i]);

		text_list_add(excluded, path);
		free(path);
	}
	free(resolved);
	return STATUS_OK;
}

static void list_forbidden(struct attempt *attempt)
{
	const struct file_set *published = &attempt->verification->published;

	attempt->forbidden = xcalloc(published->count + 1, sizeof(*attempt->forbidden));
	for (size_t i = 0; i < published->count; i++)
		if (published->files[i].has_digest)
			attempt->forbidden[attempt->forbidden_count++] = published->files[i].digest;
}

static enum status copy_source(struct attempt *attempt, struct error *err)
{
	struct text_list excluded = {0};
	struct tree_options options = {.excluded = &excluded,
		.forbidden = attempt->forbidden,
		.forbidden_count = attempt->forbidden_count,
		.mtime = attempt->epoch};
	enum status status = list_excluded(attempt, &excluded, err);

	if (status == STATUS_OK)
		status = sandbox_remove_tree(attempt->source, err);
	if (status == STATUS_OK)
		status = tree_copy(attempt->verification->release.build.source, attempt->source,
			&options, &attempt->source_digest, err);
	text_list_release(&excluded);
	return status;
}

/* A digest of everything this build is given: when it is the same, its outputs may be used again.
 */
static void digest_inputs(struct attempt *attempt)
{
	const struct verification *verification = attempt->verification;
	char hex[SHA256_HEX_SIZE];
	struct buffer text = {0};

	buffer_add_format(&text, "reproof-inputs-2 %s %s\n", REPROOF_VERSION,
		isolation_word(sandbox_isolation_here(verification->request->no_sandbox)));
	digest_hex(&verification->release.digest, hex);
	buffer_add_format(&text, "descriptor %s\n", hex);
	digest_hex(&attempt->source_digest, hex);
	buffer_add_format(&text, "source %s\n", hex);
	digest_hex(&attempt->tools.status, hex);
	buffer_add_format(&text, "tools %s\n", hex);
	if (attempt->prepared.image_uuid)
		buffer_add_format(&text, "image-uuid %s\n", attempt->prepared.image_uuid);
	if (attempt->prepared.has_program) {
		digest_hex(&attempt->prepared.program, hex);
		buffer_add_format(&text, "kas %s\n", hex);
	}
	for (size_t p = 0; p < verification->pins.count; p++) {
		const struct pin *pin = &verification->pins.items[p];

		for (size_t s = 0; s < pin->suite_count; s++) {
			struct suite_state of = pin_suite_state(&pin->suites[s]);
			char state[SUITE_STATE_SIZE];

			suite_state_format(&of, state);
			buffer_add_format(
				&text, "pin %s %s %s\n", pin->name, pin->suites[s].suite, state);
		}
	}
	hash_memory(text.data, text.len, &attempt->inputs);
	buffer_release(&text);
}

/* What a build was made of, in words. */
static const char *source_name(const struct attempt *attempt)
{
	const struct release_build *build = &attempt->verification->release.build;

	return path_basename(attempt->kas ? build->kas.repository : build->source);
}

/* The last record of a build, whole or not at all: with it a later run need not build again. */
static enum status record_inputs(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	struct evidence *evidence = verification->evidence;
	enum status status = evidence_begin(evidence, err);

	if (status == STATUS_OK)
		status = evidence_material(evidence, verification->run, "source",
			source_name(attempt), &attempt->source_digest, 0, err);
	if (status == STATUS_OK)
		status = kas_record(verification, &attempt->prepared, err);
	for (size_t i = 0; i < attempt->tools.count && status == STATUS_OK; i++) {
		const struct tool_package *package = &attempt->tools.packages[i];
		char *name = xasprintf(
			"%s:%s=%s", package->name, package->architecture, package->version);

		status = evidence_material(
			evidence, verification->run, "tool", name, &attempt->tools.status, 0, err);
		free(name);
	}
	if (status == STATUS_OK)
		status = evidence_built(evidence, verification->run, &attempt->inputs, err);
	return evidence_end(evidence, status, err);
}

static bool environment_has(const struct text_list *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->items[i], name, len) == 0 &&
			environment->items[i][len] == '=')
			return true;
	}
	return false;
}

static void add_variable(struct text_list *environment, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);

	text_list_add(environment, text);
	free(text);
}

/* A clean environment: what is named here and in the descriptor, and nothing else. */
static void set_environment(struct attempt *attempt, unsigned short port)
{
	const struct release_build *build = &attempt->verification->release.build;
	struct text_list *environment = &attempt->environment;
	char text[64];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u", port);
	add_variable(environment, "http_proxy", text);
	if (attempt->kas) {
		kas_add_environment(attempt->kas, environment);
		return;
	}
	add_variable(environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	add_variable(environment, "HOME", "/tmp");
	add_variable(environment, "TMPDIR", "/tmp");
	for (size_t i = 0; i < build->environment.count; i++)
		text_list_add(environment, build->environment.items[i]);
	if (!environment_has(environment, "LC_ALL"))
		add_variable(environment, "LC_ALL", "C.UTF-8");
	if (!environment_has(environment, "TZ"))
		add_variable(environment, "TZ", "UTC");
	snprintf(text, sizeof(text), "%" PRId64, attempt->epoch);
	add_variable(environment, "SOURCE_DATE_EPOCH", text);
	add_variable(environment, "OUTPUT", sandbox_output_path(attempt->sandbox));
}

/* The last lines of the build's log, for the error. */
static void read_tail(const char *log, struct buffer *tail)
{
	char text[LOG_TAIL + 1];
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t got = 0;

	if (size > 0)
		got = pread(fd, text, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
	if (fd >= 0)
		close(fd);
	if (got > 0)
		buffer_add(tail, text, (size_t)got);
	while (tail->len && tail->data[tail->len - 1] == '\n')
		buffer_truncate(tail, tail->len - 1);
}

static enum status judge_exit(
	struct attempt *attempt, const struct process_result *result, struct error *err)
{
	struct buffer tail = {0}, why = {0};
	char how[64] = "was ended";

	if (result->exit_code == 0 && sandbox_limits(attempt->sandbox)->broken == BUILD_LIMIT_NONE)
		return STATUS_OK;
	if (sandbox_limits(attempt->sandbox)->broken == BUILD_LIMIT_NONE && result->exit_code < 0)
		snprintf(how, sizeof(how), "was ended by signal %d", result->signal);
	else if (sandbox_limits(attempt->sandbox)->broken == BUILD_LIMIT_NONE)
		snprintf(how, sizeof(how), "ended with exit code %d", result->exit_code);
	read_tail(attempt->log, &tail);
	sandbox_explain(attempt->sandbox, buffer_text(&tail), &why);
	error_set(err, STATUS_BUILD, "the build %s%s; its log: %s%s%s", how, buffer_text(&why),
		attempt->log, tail.len ? "; its last words: " : "", buffer_text(&tail));
	buffer_release(&why);
	buffer_release(&tail);
	return STATUS_BUILD;
}

static enum status run_command(struct attempt *attempt, unsigned short port, struct error *err)
{
	const struct release_build *build = &attempt->verification->release.build;
	struct sandbox_command command = {.umask = build->umask, .log_fd = -1};
	struct process_result result;
	struct text_list argv = {0};
	enum status status;

	command.log_fd =
		open(attempt->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (command.log_fd < 0)
		return error_set_errno(err, "%s", attempt->log);
	set_environment(attempt, port);
	if (attempt->kas)
		kas_build_argv(attempt->kas, &argv);
	else
		text_list_add(&argv, build->script);
	for (size_t i = 0; i < build->arguments.count; i++)
		text_list_add(&argv, build->arguments.items[i]);
	text_list_terminate(&argv);
	text_list_terminate(&attempt->environment);
	command.argv = (const char *const *)argv.items;
	command.environment = (const char *const *)attempt->environment.items;
	status = sandbox_run(attempt->sandbox, &command, &result, err);
	if (status == STATUS_OK)
		status = sandbox_record(attempt->verification, attempt->sandbox, err);
	if (status == STATUS_OK)
		status = judge_exit(attempt, &result, err);
	close(command.log_fd);
	text_list_release(&argv);
	return status;
}

/*
 * What the proxy could not serve comes before how the build ended: without its packages a build
 * may fail, or quietly make something else, and neither is a difference (law 3).
 */
static enum status run_with_proxy(
	struct attempt *attempt, int listen_fd, unsigned short port, struct error *err)
{
	struct verification *verification = attempt->verification;
	struct proxy_config config = {
		.store = verification->store,
		.fetcher = verification->fetcher,
		.pins = &verification->pins,
		.places = &verification->places,
		.listen_fd = listen_fd,
		.log = material_log_take,
		.log_context = attempt->materials,
	};
	struct error proxy_err, record_err;
	struct proxy *proxy;
	enum status status, proxy_status;

	if (proxy_start(&config, &proxy, err) < 0) {
		close(listen_fd);
		return err->status;
	}
	status = run_command(attempt, port, err);
	proxy_status = proxy_stop(proxy, &proxy_err);
	if (proxy_status < 0 && status != STATUS_INTERRUPTED) {
		*err = proxy_err;
		status = proxy_status;
	}
	if (material_log_record(attempt->materials, verification->evidence, verification->run,
		    &record_err) < 0) {
		*err = record_err;
		status = record_err.status;
	}
	return status;
}

static enum status run_build(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	const struct release_build *build = &verification->release.build;
	struct sandbox_spec spec = {
		.work_directory = verification->work,
		.source_directory = attempt->source,
		.output_directory = attempt->kas ? attempt->unused : attempt->output,
		.build_path = build->path,
		.hostname = build->hostname,
		.hidden = &attempt->hidden,
		.no_sandbox = verification->request->no_sandbox,
		.loop_devices = build->loop_devices,
	};
	const char *isolation, *mark = NULL;
	unsigned short port;
	int listen_fd;

	build_limits_choose(verification, &spec);
	if (attempt->kas)
		kas_fill_sandbox(attempt->kas, &spec);
	if (sandbox_prepare(&spec, &attempt->sandbox, &listen_fd, &port, err) < 0)
		return err->status;
	if (sandbox_missing_ids(attempt->sandbox))
		progress_note("rebuild", "the build has no other user and group than root: %s",
			sandbox_missing_ids(attempt->sandbox));
	isolation = isolation_word(sandbox_isolation(attempt->sandbox));
	if (sandbox_isolation(attempt->sandbox) == ISOLATION_NONE)
		mark = "no-sandbox";
	else if (sandbox_isolation(attempt->sandbox) == ISOLATION_COOPERATIVE)
		mark = "cooperative";
	if (evidence_run_isolation(verification->evidence, verification->run, isolation,
		    &attempt->source_digest, err) < 0 ||
		(mark &&
			evidence_run_mark(verification->evidence, verification->run, mark, err) <
				0)) {
		close(listen_fd);
		return err->status;
	}
	return run_with_proxy(attempt, listen_fd, port, err);
}

/* Out of the work tree, which can go then. */
static enum status take_deployed(struct attempt *attempt, struct error *err)
{
	if (kas_compress(attempt->kas, err) < 0)
		return err->status;
	if (mkdir(attempt->output, 0755) < 0)
		return error_set_errno(err, "%s", attempt->output);
	return kas_take_output(attempt->kas, attempt->output, err);
}

static enum status build_anew(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	struct progress progress;
	enum status status;

	/* Each attempt begins with nothing of an earlier one (trust T2). */
	if (evidence_forget_build(verification->evidence, verification->run, err) < 0 ||
		sandbox_remove_tree(attempt->output, err) < 0 ||
		path_remove_tree(attempt->unused, err) < 0)
		return err->status;
	progress_begin(&progress, "rebuild", false, 0, "%s, %s",
		attempt->kas ? "kas" : path_basename(verification->release.build.script),
		verification->request->no_sandbox ? "no sandbox" : "sandbox");
	status = run_build(attempt, err);
	if (status == STATUS_OK && attempt->kas)
		status = take_deployed(attempt, err);
	if (status == STATUS_OK)
		status = outputs_collect(verification, attempt->output, &attempt->published, err);
	if (status == STATUS_OK)
		status = record_inputs(attempt, err);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%zu files",
		verification->rebuilt.count);
	return status;
}

static enum status prepare_with_kas(struct attempt *attempt, struct error *err)
{
	struct kas_spec spec = {.build = &attempt->verification->release.build,
		.hidden = &attempt->hidden,
		.forbidden = attempt->forbidden,
		.forbidden_count = attempt->forbidden_count,
		.epoch = attempt->epoch};
	enum status status = kas_start(attempt->verification, &spec, attempt->materials,
		&attempt->kas, &attempt->prepared, err);

	attempt->source_digest = attempt->prepared.tree;
	return status;
}

static enum status prepare(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;

	attempt->epoch = build_epoch(verification);
	list_forbidden(attempt);
	if (list_hidden(attempt, err) < 0 ||
		path_make_directories(verification->work, 0700, err) < 0 ||
		(verification->release.build.backend == BACKEND_KAS
				? prepare_with_kas(attempt, err)
				: copy_source(attempt, err)) < 0 ||
		tool_root_read(TOOL_ROOT_STATUS, &attempt->tools, err) < 0)
		return err->status;
	digest_inputs(attempt);
	return STATUS_OK;
}

enum status verify_rebuild(struct verification *verification, struct error *err)
{
	struct attempt attempt = {
		.verification = verification,
		.source = path_join(verification->work, "source"),
		.output = path_join(verification->work, "output"),
		.unused = path_join(verification->work, "build-output"),
		.log = path_join(verification->work, "build.log"),
		.materials = material_log_new(),
	};
	enum status status = prepare(&attempt, err);
	bool built = false;

	if (status == STATUS_OK)
		status = evidence_is_built(
			verification->evidence, verification->run, &attempt.inputs, &built, err);
	if (status == STATUS_OK && built)
		status = outputs_reuse(verification, attempt.output, &built, err);
	if (status == STATUS_OK && !built)
		status = build_anew(&attempt, err);
	sandbox_free(attempt.sandbox);
	kas_free(attempt.kas);
	kas_prepared_release(&attempt.prepared);
	material_log_free(attempt.materials);
	tool_root_release(&attempt.tools);
	text_list_release(&attempt.environment);
	text_list_release(&attempt.hidden);
	text_list_release(&attempt.published);
	free(attempt.source);
	free(attempt.output);
	free(attempt.unused);
	free(attempt.forbidden);
	free(attempt.log);
	return status;
}
