/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/build_log.h"
#include "verifier/rebuild/kas_parts.h"

#define OUTPUT_LIMIT ((size_t)1024 * 1024)
#define LAST_WORDS   400

/*
 * Archives come from the pin here too. For the rest it is this machine's way to the network.
 */
static void add_proxies(const struct kas *kas, struct text_list *environment)
{
	static const char *const names[] = {"https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"};
	char *archive = xasprintf("http_proxy=http://127.0.0.1:%u", kas->archive_port);

	text_list_add(environment, archive);
	free(archive);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = kas_proxy_variable(names[i]);
		char *text;

		if (!value)
			continue;
		text = xasprintf("%s=%s", names[i], value);
		text_list_add(environment, text);
		free(text);
	}
}

static void step_environment(
	const struct kas *kas, const struct kas_step *step, struct text_list *environment)
{
	kas_add_environment(kas, environment);
	text_list_add(environment, "GIT_TERMINAL_PROMPT=0");
	text_list_add(environment, "GIT_OPTIONAL_LOCKS=0");
	text_list_add(environment, "GIT_NO_REPLACE_OBJECTS=1");
	if (step->has_network)
		add_proxies(kas, environment);
	text_list_terminate(environment);
}

/* Prepared in the same sandbox as the build's, on the tree that is still open. */
static enum status step_sandbox(const struct kas *kas, const struct kas_step *step,
	struct sandbox **sandbox, struct error *err)
{
	struct view_file files[ARRAY_SIZE(kas->user.files) + 1];
	struct sandbox_spec spec = {.output_directory = kas->output};
	unsigned short port;

	kas_fill_sandbox(kas, &spec);
	for (size_t i = 0; i < spec.file_count; i++)
		files[i] = spec.files[i];
	files[spec.file_count++] = (struct view_file){
		.place = "/etc/gitconfig", .text = kas->git_configuration, .mode = 0644};
	spec.files = files;
	spec.work_directory = kas->spec.work_directory;
	if (!step->is_after_build) {
		spec.source_directory = kas->prepared;
		spec.tools = &kas->sources;
	}
	if (step->has_network) {
		spec.network = kas->network;
		spec.openings = kas->openings;
		spec.opening_count = kas->opening_count;
	}
	spec.limits = kas->spec.limits;
	if (sandbox_remove_tree(kas->output, err) < 0)
		return err->status;
	return sandbox_prepare(&spec, sandbox, NULL, &port, err);
}

static int step_log(const struct kas *kas, const struct kas_step *step)
{
	if (step->out)
		return memfd_create("reproof-step", MFD_CLOEXEC);
	return open(kas->spec.log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* What it printed; of a log only the end of this step's. */
static enum status output_read(int fd, off_t from, struct buffer *out, struct error *err)
{
	struct stat info;
	char block[4096];

	if (fstat(fd, &info) < 0)
		return error_set_errno(err, "cannot read what it printed");
	if ((size_t)(info.st_size - from) > OUTPUT_LIMIT)
		return error_set(err, STATUS_LIMIT, "it printed more than %zu bytes", OUTPUT_LIMIT);
	while (from < info.st_size) {
		ssize_t got = pread(fd, block, sizeof(block), from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set_errno(err, "cannot read what it printed");
		buffer_add(out, block, (size_t)got);
		from += got;
	}
	return STATUS_OK;
}

enum status kas_try_step(struct kas *kas, struct kas_step *step, int *exit_code, struct error *err)
{
	struct sandbox_command command = {.umask = kas->spec.build->umask};
	struct text_list environment = {0};
	struct process_result result = {0};
	struct sandbox *sandbox = NULL;
	enum status status;

	command.log_fd = step_log(kas, step);
	if (command.log_fd < 0)
		return error_set_errno(err, "%s", kas->spec.log);
	step_environment(kas, step, &environment);
	text_list_terminate(&step->argv);
	command.argv = (const char *const *)step->argv.items;
	command.environment = (const char *const *)environment.items;
	status = step_sandbox(kas, step, &sandbox, err);
	if (status == STATUS_OK)
		status = sandbox_run(sandbox, &command, &result, err);
	if (sandbox && step->has_network)
		wanted_list_join(&kas->wanted, sandbox_wanted(sandbox));
	if (status == STATUS_OK && step->out)
		status = output_read(command.log_fd, 0, step->out, err);
	if (status == STATUS_OK && sandbox_limits(sandbox)->broken != BUILD_LIMIT_NONE)
		status = error_set(err, STATUS_BUILD, "it was ended at its limit of %s",
			build_limit_word(sandbox_limits(sandbox)->broken));
	*exit_code = result.signal ? -1 : result.exit_code;
	sandbox_free(sandbox);
	close(command.log_fd);
	text_list_release(&environment);
	text_list_release(&step->argv);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "%s", step->what);
}

/* The end of a log, as one line of an error: who prints that escapes it. */
static void last_words(const struct kas *kas, struct buffer *words)
{
	size_t most = LAST_WORDS + log_longest(&kas->secrets);
	int fd = open(kas->spec.log, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char *text = xmalloc(most);
	struct buffer clear = {0};
	ssize_t got = 0;

	if (size > 0)
		got = pread(fd, text, most, size > (off_t)most ? size - (off_t)most : 0);
	if (fd >= 0)
		close(fd);
	while (got > 0 && text[got - 1] == '\n')
		got--;
	if (got > 0)
		log_hide(&kas->secrets, text, (size_t)got, LAST_WORDS, &clear);
	for (size_t i = 0; i < clear.len; i++)
		buffer_add_char(words,
			clear.data[i] == '\n' || clear.data[i] == '\0' ? ' ' : clear.data[i]);
	buffer_release(&clear);
	free(text);
}

enum status kas_keep_log(struct kas *kas, struct error *err)
{
	struct log_end *end;
	enum status status;

	if (access(kas->spec.log, F_OK) < 0 && errno == ENOENT)
		return STATUS_OK;
	end = xcalloc(1, sizeof(*end));
	status = build_log_keep(kas->spec.log, kas->kept_log, &kas->secrets, end, err);
	log_end_release(end);
	free(end);
	return status;
}

enum status kas_run_step(struct kas *kas, struct kas_step *step, struct error *err)
{
	struct buffer words = {0}, wanted = {0};
	int exit_code = 0;

	if (kas_try_step(kas, step, &exit_code, err) < 0)
		return err->status;
	if (exit_code == 0)
		return STATUS_OK;
	if (!step->out)
		last_words(kas, &words);
	if (step->has_network)
		wanted_list_text(&kas->wanted, &wanted);
	error_set(err, STATUS_BUILD, "%s failed (exit code %d); its log: %s%s%s%s%s", step->what,
		exit_code, kas->kept_log, words.len ? "; its last words: " : "",
		buffer_text(&words), wanted.len ? "; it wanted, in vain:" : "",
		buffer_text(&wanted));
	buffer_release(&words);
	buffer_release(&wanted);
	return STATUS_BUILD;
}

/* The number behind `word` at the start of an indented line, or anywhere in a line. */
static unsigned long number_behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

/* "header:", and below it "  version: 14" (kas's project configuration). */
static unsigned long file_version(const char *text)
{
	const char *header = strncmp(text, "header:", 7) == 0 ? text : strstr(text, "\nheader:");

	return header ? number_behind(header, "version:") : 0;
}

enum status kas_check_version(struct kas *kas, const char *says, struct error *err)
{
	unsigned long offered = number_behind(says, "configuration format version");

	if (!offered)
		return error_set(err, STATUS_USAGE,
			"%s does not say which format of kas files it reads (\"%.100s\"): is it "
			"kas?",
			kas->settings->program ? kas->settings->program : KAS_PROGRAM, says);
	for (size_t i = 0; i < kas->settings->files.count; i++) {
		const char *name = kas->settings->files.items[i];
		int directory = open(kas->prepared, O_PATH | O_DIRECTORY | O_CLOEXEC);
		unsigned long wanted = 0;
		enum status status;
		char text[64 * 1024];
		ssize_t got;
		int fd;

		if (directory < 0)
			return error_set_errno(err, "%s", kas->prepared);
		status = path_open_beneath(directory, name, &fd, err);
		close(directory);
		if (status != STATUS_OK)
			return error_set(err, STATUS_USAGE, "%s has no kas file %s (%.300s)",
				kas->settings->ref, name, err->text);
		got = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (got > 0) {
			text[got] = '\0';
			wanted = file_version(text);
		}
		if (wanted > offered)
			return error_set(err, STATUS_USAGE,
				"%s has format version %lu, and this kas reads up to %lu "
				"(\"%.100s\"): "
				"name a newer one by \"program\"",
				name, wanted, offered, says);
	}
	return STATUS_OK;
}
