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
#include "verifier/evidence/kept_log.h"
#include "verifier/rebuild/output.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/rebuild/tree.h"
#include "verifier/verification.h"
#include "verifier/verify_environment.h"
#include "verifier/verify_failure.h"
#include "verifier/verify_inputs.h"
#include "verifier/verify_outputs.h"
#include "verifier/verify_sandbox.h"

/* What is run, with what environment. */
static void set_command(struct attempt *attempt, unsigned short port, struct text_list *argv)
{
	char *proxy;

	if (!attempt->kas) {
		verify_environment(attempt->verification, sandbox_output_path(attempt->sandbox),
			attempt->epoch, port, &attempt->environment);
		text_list_add(argv, attempt->verification->release.build.script);
		return;
	}
	proxy = xasprintf("http_proxy=http://127.0.0.1:%u", port);
	text_list_add(&attempt->environment, proxy);
	free(proxy);
	kas_add_environment(attempt->kas, &attempt->environment);
	kas_build_argv(attempt->kas, argv);
}

static enum status run_command(struct attempt *attempt, unsigned short port, struct error *err)
{
	const struct release_build *build = &attempt->verification->release.build;
	const struct build_conditions *conditions = attempt->verification->conditions;
	struct sandbox_command command = {.umask = build->umask, .log_fd = -1};
	struct process_result result;
	struct text_list argv = {0};
	struct error log_err;
	enum status status;

	command.log_fd =
		open(attempt->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (command.log_fd < 0)
		return error_set_errno(err, "%s", attempt->log);
	if (conditions && conditions->has_umask)
		command.umask = conditions->umask;
	/* A build opens it again, as /dev/stderr. */
	if (conditions && conditions->user && !attempt->kas &&
		fchown(command.log_fd, conditions->user->uid, conditions->user->gid) < 0) {
		close(command.log_fd);
		return error_set_errno(err, "%s", attempt->log);
	}
	set_command(attempt, port, &argv);
	for (size_t i = 0; i < build->arguments.count; i++)
		text_list_add(&argv, build->arguments.items[i]);
	text_list_terminate(&argv);
	text_list_terminate(&attempt->environment);
	command.argv = (const char *const *)argv.items;
	command.environment = (const char *const *)attempt->environment.items;
	status = sandbox_run(attempt->sandbox, &command, &result, err);
	if (status == STATUS_OK && attempt->disk)
		status = build_disk_check(attempt->disk, err);
	if (status == STATUS_OK)
		status = sandbox_record(attempt->verification, attempt->sandbox, err);
	close(command.log_fd);
	if (status == STATUS_OK)
		status = verify_build_end(
			attempt->verification, attempt->log, &result, attempt->sandbox, err);
	else /* Its own failure is what is told. */
		verify_build_end(attempt->verification, attempt->log, NULL, NULL, &log_err);
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

	if (proxy_start(&config, &proxy, err) < 0)
		return err->status;
	status = run_command(attempt, port, err);
	proxy_status = proxy_stop(proxy, &proxy_err);
	if (proxy_status < 0) {
		*err = proxy_err;
		status = proxy_status;
	}
	if (material_log_record(attempt->materials, verification->evidence, verification->run,
		    &record_err) < 0 ||
		(verification->frozen &&
			material_log_record(verification->frozen->materials, verification->evidence,
				verification->run, &record_err) < 0)) {
		*err = record_err;
		status = record_err.status;
	}
	return status;
}

/* Under the conditions of this build, where it has its own. */
static enum status prepare_sandbox(struct attempt *attempt, struct sandbox_spec *spec,
	int *listen_fd, unsigned short *port, struct error *err)
{
	const struct build_conditions *conditions = attempt->verification->conditions;
	enum status status = STATUS_OK;
	struct error ignored;

	if (!conditions)
		return sandbox_prepare(spec, &attempt->sandbox, listen_fd, port, err);
	if (conditions->build_path)
		spec->build_path = conditions->build_path;
	if (conditions->hostname)
		spec->hostname = conditions->hostname;
	spec->user = attempt->kas ? NULL : conditions->user;
	if (conditions->reversed) {
		char *path = path_join(attempt->verification->work, "reversed");

		status = reversed_tree_make(&attempt->reversed, attempt->source, path,
			attempt->verification->plan->has_disorderfs, attempt->epoch, err);
		free(path);
		spec->source_directory = attempt->reversed.path;
	}
	/* What this thread may run on, its sandbox may. */
	if (status == STATUS_OK)
		status = variation_cpus(conditions->one_cpu, NULL, err);
	if (status == STATUS_OK)
		status = sandbox_prepare(spec, &attempt->sandbox, listen_fd, port, err);
	variation_cpus(false, NULL, &ignored);
	return status;
}

static enum status run_build(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	const struct release_build *build = &verification->release.build;
	struct sandbox_spec spec = {
		.work_directory = verification->work,
		.source_directory = attempt->source,
		.output_directory = attempt->written,
		.build_path = build->path,
		.hostname = build->hostname,
		.hidden = &attempt->hidden,
		.no_sandbox = verification->request->no_sandbox,
		.loop_devices = build->loop_devices,
		.disk = attempt->disk,
	};
	const char *isolation, *mark = NULL;
	unsigned short port;
	int listen_fd;

	build_limits_choose(verification, &spec);
	if (attempt->kas)
		kas_fill_sandbox(attempt->kas, &spec);
	if (prepare_sandbox(attempt, &spec, &listen_fd, &port, err) < 0)
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
	enum status status;

	if (kas_check_program(attempt->kas, &attempt->prepared, err) < 0 ||
		kas_compress(attempt->kas, err) < 0)
		return err->status;
	if (mkdir(attempt->output, 0755) < 0)
		return error_set_errno(err, "%s", attempt->output);
	status = kas_take_output(attempt->kas, attempt->output, err);
	return status == STATUS_OK && attempt->disk ? build_disk_check(attempt->disk, err) : status;
}

/* Where the build wrote something that is not its output as it stands. */
static enum status take_output(struct attempt *attempt, struct error *err)
{
	if (attempt->kas)
		return take_deployed(attempt, err);
	return attempt->disk
		? output_copy(attempt->written, &attempt->published, attempt->output, err)
		: STATUS_OK;
}

/* Each attempt begins with nothing of an earlier one (trust T2). */
static enum status begin_anew(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;

	if (!attempt->disk && build_disk_choose(verification, &attempt->disk, err) < 0)
		return err->status;
	if (attempt->disk)
		attempt->written = path_join(build_disk_path(attempt->disk), "output");
	else if (attempt->kas)
		attempt->written = path_join(verification->work, "build-output");
	else
		attempt->written = xstrdup(attempt->output);
	if (evidence_forget_build(verification->evidence, verification->run, err) < 0 ||
		sandbox_remove_tree(attempt->output, err) < 0 ||
		sandbox_remove_tree(attempt->written, err) < 0)
		return err->status;
	return STATUS_OK;
}

/* ", varied: timezone, umask": of a build among several. */
static void describe_conditions(const struct verification *verification, struct buffer *text)
{
	if (!verification->conditions)
		return;
	buffer_add_text(text, ", varied: ");
	if (verification->conditions->set)
		variation_set_text(verification->conditions->set, ", ", text);
	else
		buffer_add_text(text, "nothing");
}

static enum status build_anew(struct attempt *attempt, struct error *err)
{
	struct verification *verification = attempt->verification;
	struct buffer varied = {0};
	struct progress progress;
	enum status status;

	if (begin_anew(attempt, err) < 0)
		return err->status;
	if (attempt->kas && kas_record_network(verification, &attempt->prepared, err) < 0)
		return err->status;
	describe_conditions(verification, &varied);
	progress_begin(&progress, "rebuild", false, 0, "%s, %s%s",
		attempt->kas ? "kas" : path_basename(verification->release.build.script),
		verification->request->no_sandbox ? "no sandbox" : "sandbox", buffer_text(&varied));
	buffer_release(&varied);
	status = run_build(attempt, err);
	if (status == STATUS_OK)
		status = take_output(attempt, err);
	if (status == STATUS_OK)
		status = outputs_collect(verification, attempt->output, &attempt->published, err);
	if (status == STATUS_OK)
		status = build_inputs_record(attempt, err);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%zu files",
		verification->rebuilt.count);
	return status;
}

static void attempt_release(struct attempt *attempt)
{
	sandbox_free(attempt->sandbox);
	reversed_tree_release(&attempt->reversed);
	kas_free(attempt->kas);
	build_disk_free(attempt->disk);
	if (!attempt->verification->frozen)
		kas_prepared_release(&attempt->prepared);
	material_log_free(attempt->materials);
	tool_root_release(&attempt->tools);
	text_list_release(&attempt->environment);
	text_list_release(&attempt->hidden);
	text_list_release(&attempt->published);
	free(attempt->source);
	free(attempt->output);
	free(attempt->written);
	forbidden_release(&attempt->forbidden);
	free(attempt->log);
}

/* A log that cannot be kept has what is secret in it: that is told, unless something else is. */
static enum status attempt_end(struct attempt *attempt, enum status status, struct error *err)
{
	struct error log_err;

	if (attempt->kas && kas_keep_log(attempt->kas, &log_err) < 0 && status >= 0) {
		*err = log_err;
		status = log_err.status;
	}
	attempt_release(attempt);
	return status;
}

/* What was prepared, and what it took of the archive, go over to `frozen`. */
static enum status freeze_kas(
	struct attempt *attempt, const char *copy, struct kas_frozen *frozen, struct error *err)
{
	if (kas_freeze(attempt->kas, copy, &frozen->digest, err) < 0)
		return err->status;
	frozen->tree = xstrdup(copy);
	frozen->prepared = attempt->prepared;
	frozen->materials = attempt->materials;
	attempt->prepared = (struct kas_prepared){0};
	attempt->materials = NULL;
	return STATUS_OK;
}

enum status verify_freeze(struct verification *verification, const char *copy,
	struct kas_frozen *frozen, struct digest *inputs, struct error *err)
{
	struct attempt attempt = {.verification = verification,
		.source = xstrdup(copy),
		.materials = material_log_new()};
	enum status status = build_inputs_prepare(&attempt, err);

	*inputs = attempt.inputs;
	if (status == STATUS_OK && attempt.kas) {
		status = freeze_kas(&attempt, copy, frozen, err);
	} else if (status == STATUS_OK) {
		free(verification->release.build.source);
		verification->release.build.source = xstrdup(copy);
	}
	return attempt_end(&attempt, status, err);
}

enum status verify_rebuild(struct verification *verification, struct error *err)
{
	struct attempt attempt = {
		.verification = verification,
		.source = path_join(verification->work, "source"),
		.output = path_join(verification->work, "output"),
		.log = path_join(verification->work, BUILD_LOG),
		.materials = material_log_new(),
	};
	enum status status = build_inputs_prepare(&attempt, err);
	bool built = false;

	if (status == STATUS_OK)
		status = evidence_is_built(
			verification->evidence, verification->run, &attempt.inputs, &built, err);
	if (status == STATUS_OK && built)
		status = outputs_reuse(verification, attempt.output, &built, err);
	if (status == STATUS_OK && !built)
		status = build_anew(&attempt, err);
	return attempt_end(&attempt, status, err);
}
