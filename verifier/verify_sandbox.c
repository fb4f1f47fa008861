/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_sandbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/number.h"
#include "base/path.h"
#include "base/progress.h"

#define MEBIBYTE (UINT64_C(1) << 20)

void build_limits_choose(const struct verification *verification, struct sandbox_spec *spec)
{
	const struct release_build *build = &verification->release.build;
	const struct build_limits *given = &verification->request->build_limits;
	const uint64_t described[BUILD_LIMIT_COUNT] = {
		[BUILD_TIME] = build->timeout,
		[BUILD_MEMORY] = build->memory,
		[BUILD_DISK] = build->disk,
		[BUILD_PROCESSES] = build->processes,
	};
	const uint64_t defaults[BUILD_LIMIT_COUNT] = {
		[BUILD_MEMORY] = build_memory_default(),
		[BUILD_FREE_SPACE] = BUILD_FREE_SPACE_DEFAULT,
		[BUILD_PROCESSES] = BUILD_PROCESSES_DEFAULT,
	};

	for (enum build_limit limit = 0; limit < BUILD_LIMIT_COUNT; limit++)
		spec->limits.most[limit] = given->most[limit] ? given->most[limit]
			: described[limit]		      ? described[limit]
							      : defaults[limit];
	/* One's own default is no reason to refuse a process address space it may never touch. */
	spec->limit_address_space = given->most[BUILD_MEMORY] || described[BUILD_MEMORY];
}

enum status wanted_record(const struct verification *verification, const struct wanted_list *wanted,
	struct error *err)
{
	struct evidence *evidence = verification->evidence;

	for (size_t i = 0; i < wanted->count; i++)
		if (evidence_wanted(evidence, verification->run, wanted->items[i].kind,
			    wanted->items[i].target, wanted->items[i].count, err) < 0)
			return err->status;
	if (wanted->own_networks &&
		evidence_wanted(evidence, verification->run, "own-network", "",
			wanted->own_networks, err) < 0)
		return err->status;
	if (!wanted->more)
		return STATUS_OK;
	return evidence_wanted(evidence, verification->run, "more", "", wanted->more, err);
}

enum status build_disk_choose(
	const struct verification *verification, struct build_disk **disk, struct error *err)
{
	const struct verify_request *request = verification->request;
	struct sandbox_spec spec = {0};
	enum status status = STATUS_OK;
	uint64_t size;
	char *path;

	build_limits_choose(verification, &spec);
	size = spec.limits.most[BUILD_DISK];
	*disk = NULL;
	if (!size || request->no_sandbox || geteuid() != 0)
		return STATUS_OK;
	path = path_join(verification->work, "disk");
	status = request->has_own_mounts
		? build_disk_new(path, size, disk, err)
		: error_set(err, STATUS_SANDBOX, "this process cannot have mounts of its own");
	if (status == STATUS_SANDBOX) {
		progress_note("rebuild",
			"the limit of disk is held by looking, up to 2 s late, and by no file "
			"system of that size: %s",
			err->text);
		status = STATUS_OK;
	}
	free(path);
	return status;
}

enum status sandbox_record(
	const struct verification *verification, const struct sandbox *sandbox, struct error *err)
{
	const struct build_limits_held *held = sandbox_limits(sandbox);
	struct evidence *evidence = verification->evidence;
	enum status status = evidence_begin(evidence, err);

	for (enum build_limit limit = 0; limit < BUILD_LIMIT_COUNT && status == STATUS_OK; limit++)
		if (held->mechanism[limit])
			status = evidence_limit(evidence, verification->run,
				&(struct limit_record){
					.name = build_limit_word(limit),
					.value = held->limits.most[limit],
					.mechanism = held->mechanism[limit],
					.is_broken = held->broken == limit,
				},
				err);
	if (status == STATUS_OK)
		status = wanted_record(verification, sandbox_wanted(sandbox), err);
	return evidence_end(evidence, status, err);
}

static void explain_limit(const struct build_limits_held *held, struct buffer *text)
{
	uint64_t most = held->limits.most[held->broken];
	char limit[NUMBER_SIZE_TEXT], seen[NUMBER_SIZE_TEXT];

	number_format_size(most, limit);
	number_format_size(
		held->seen / MEBIBYTE * MEBIBYTE + (held->seen % MEBIBYTE ? MEBIBYTE : 0), seen);
	switch (held->broken) {
	case BUILD_TIME:
		buffer_add_format(text,
			"; it did not end within %" PRIu64
			" s, its limit: raise it with --build-time or `timeout` of the "
			"descriptor's build",
			most);
		break;
	case BUILD_MEMORY:
	case BUILD_DISK:
		if (held->seen == BUILD_UNCOUNTED) {
			buffer_add_format(text,
				"; what it wrote cannot be counted (its directories are nested too "
				"deep, or this machine is out of open files or memory), and so "
				"cannot be held to its limit of disk, %s",
				limit);
			break;
		}
		buffer_add_format(text,
			"; it took %s of %s, and its limit is %s: raise it with --build-%s or `%s` "
			"of the descriptor's build",
			seen, build_limit_word(held->broken), limit, build_limit_word(held->broken),
			build_limit_word(held->broken));
		break;
	case BUILD_PROCESSES:
		buffer_add_format(text,
			"; it had %" PRIu64 " processes, and its limit is %" PRIu64
			": raise it with --build-processes or `processes` of the descriptor's "
			"build",
			held->seen, most);
		break;
	case BUILD_FREE_SPACE:
		buffer_add_format(text,
			"; it left %s free on the file system it writes to, where %s have to stay: "
			"make room there, or put the work elsewhere with --db",
			seen, limit);
		break;
	case BUILD_LIMIT_COUNT:
		break;
	}
}

static void explain_wanted(const struct wanted_list *wanted, struct buffer *text)
{
	if (!wanted->count)
		return;
	buffer_add_text(text, "; it wanted the network, where only the pin can be had:");
	wanted_list_text(wanted, text);
}

/* A process that gets no more address space ends by itself, and nobody sees why but its log. */
static void explain_address_space(
	const struct build_limits_held *held, const char *last_words, struct buffer *text)
{
	static const char *const words[] = {"annot allocate memory", "ut of memory",
		"emory exhausted", "bad_alloc", "MemoryError"};
	char limit[NUMBER_SIZE_TEXT];

	if (!held->has_address_space)
		return;
	number_format_size(held->limits.most[BUILD_MEMORY], limit);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strstr(last_words, words[i]))
			continue;
		buffer_add_format(text,
			"; one of its processes got no more memory than %s, the limit: raise it "
			"with --build-memory or `memory` of the descriptor's build",
			limit);
		return;
	}
}

/* It was told that there is no space, and made some before it was seen that it had none. */
static void explain_disk(const struct build_limits_held *held, struct buffer *text)
{
	const char *mechanism = held->mechanism[BUILD_DISK];
	char limit[NUMBER_SIZE_TEXT];

	if (!mechanism || strcmp(mechanism, LIMIT_BY_FILE_SYSTEM) != 0)
		return;
	number_format_size(held->limits.most[BUILD_DISK], limit);
	buffer_add_format(text,
		"; what it writes has a limit of disk, %s: raise it with --build-disk or `disk` of "
		"the descriptor's build",
		limit);
}

void sandbox_explain(const struct sandbox *sandbox, const char *class, const char *last_words,
	struct buffer *text)
{
	const struct build_limits_held *held = sandbox_limits(sandbox);
	const char *ids = sandbox_missing_ids(sandbox);

	if (held->broken != BUILD_LIMIT_NONE)
		explain_limit(held, text);
	else if (strcmp(class, "no-space") == 0)
		explain_disk(held, text);
	else
		explain_address_space(held, last_words, text);
	explain_wanted(sandbox_wanted(sandbox), text);
	if (ids)
		buffer_add_format(text, "; it had no other user and group than root: %s", ids);
}
