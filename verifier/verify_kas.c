/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_kas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/rebuild/uplink.h"
#include "verifier/verify_forbidden.h"
#include "verifier/verify_sandbox.h"
#include "verifier/verify_uuid.h"

/* On this host's loopback: prepare's steps get that port in a network namespace of their own. */
static enum status prepare_with_proxy(struct verification *verification, struct kas *kas,
	struct material_log *materials, struct kas_prepared *prepared, struct error *err)
{
	struct proxy_config config = {
		.store = verification->store,
		.fetcher = verification->fetcher,
		.pins = &verification->pins,
		.places = &verification->places,
		.listen_fd = -1,
		.log = material_log_take,
		.log_context = materials,
	};
	struct error proxy_err;
	struct proxy *proxy;
	enum status status, proxy_status;

	if (proxy_start(&config, &proxy, err) < 0)
		return err->status;
	status = kas_prepare(kas, proxy_port(proxy), prepared, err);
	proxy_status = proxy_stop(proxy, &proxy_err);
	/* As with the build itself: without its packages a step may fail for that alone. */
	if (proxy_status < 0) {
		*err = proxy_err;
		status = proxy_status;
	}
	return status;
}

/*
 * A Debian package that the pin does not have was built before, or is of another archive: a build
 * that installs it makes nothing of its sources (trust T3).
 */
static enum status refuse_packages(const struct verification *verification,
	const struct kas_prepared *prepared, struct error *err)
{
	struct forbidden packages = {0};
	enum status status;

	for (size_t i = 0; i < prepared->file_count; i++)
		if (prepared->files[i].is_package)
			forbidden_add(&packages, &prepared->files[i].digest);
	status = forbidden_keep_unpinned(verification, &packages, err);
	for (size_t i = 0; i < prepared->file_count && packages.count && status == STATUS_OK; i++)
		if (prepared->files[i].is_package &&
			digest_equal(&prepared->files[i].digest, &packages.digests[0]))
			status = error_set(err, STATUS_BUILD,
				"prepare: %s is a Debian package that the pinned archives do not "
				"have%s: what was built before, or is of another archive, must not "
				"go into the build; pin its archive, or have it built from source",
				prepared->files[i].path,
				packages.count > 1 ? ", as are others" : "");
	forbidden_release(&packages);
	return status;
}

static void give(struct text_list *given, const char *name, const char *flag, const char *value)
{
	char *text = xasprintf("%s%s=%s", name, flag, value);

	text_list_add(given, text);
	free(text);
}

/*
 * ISAR asks snapshot.debian.org for the archives as they were then, and the proxy answers. Both of
 * its variables: which one it goes by has changed, and the one of the pin must not lose.
 */
static void give_time(struct text_list *given, const struct pin *pin, const char *flag)
{
	char date[CLOCK_TEXT_SIZE], seconds[24];

	clock_format_snapshot(pin->timestamp, date);
	snprintf(seconds, sizeof(seconds), "%lld", (long long)pin->timestamp);
	give(given, "ISAR_APT_SNAPSHOT_TIMESTAMP", flag, seconds);
	give(given, "ISAR_APT_SNAPSHOT_DATE", flag, date);
}

/* `pin: isar`: the pin in ISAR's own words (its user manual, "ISAR_USE_APT_SNAPSHOT"). */
static enum status give_isar_pin(
	const struct verification *verification, struct text_list *given, struct error *err)
{
	static const struct {
		const char *archive, *flag;
	} archives[] = {{"debian", ""}, {"debian-security", "[security]"}};

	give(given, "ISAR_USE_APT_SNAPSHOT", "", "1");
	for (size_t i = 0; i < ARRAY_SIZE(archives); i++) {
		const struct pin *found = NULL;

		for (size_t p = 0; p < verification->pins.count; p++) {
			const struct pin *pin = &verification->pins.items[p];

			if (strcmp(pin->archive, archives[i].archive) != 0)
				continue;
			if (found && found->timestamp != pin->timestamp)
				return error_set(err, STATUS_USAGE,
					"%s and %s: ISAR has one time for %s, so `pin: isar` "
					"cannot say both; leave it out (`pin: transparent`)",
					found->name, pin->name, archives[i].archive);
			found = pin;
		}
		if (found)
			give_time(given, found, archives[i].flag);
		else if (i == 0)
			return error_set(err, STATUS_USAGE,
				"`pin: isar` needs a pin of the archive debian: ISAR takes the "
				"time of all others from it");
	}
	return STATUS_OK;
}

/* What is the run's own. */
static void complete_spec(
	const struct verification *verification, const char *log, struct kas_spec *spec)
{
	struct sandbox_spec sandbox = {0};

	build_limits_choose(verification, &sandbox);
	spec->limits = sandbox.limits;
	spec->work_directory = verification->work;
	spec->log = log;
	spec->is_offline = verification->request->is_offline;
	spec->no_sandbox = verification->request->no_sandbox;
}

enum status kas_start(struct verification *verification, const struct kas_spec *spec,
	struct material_log *materials, struct kas **kas, struct kas_prepared *prepared,
	struct error *err)
{
	const struct release_kas *settings = &verification->release.build.kas;
	char *log = path_join(verification->work, "prepare.log");
	const bool takes_uuid = settings->takes_image_uuid && !verification->is_alone;
	struct kas_spec whole = *spec;
	char uuid[IMAGE_UUID_SIZE] = "";
	struct text_list given = {0};
	struct progress progress;
	enum status status = STATUS_OK;

	if (takes_uuid)
		status = published_image_uuid(verification, uuid, err);
	if (status == STATUS_OK && settings->pins_by_isar)
		status = give_isar_pin(verification, &given, err);
	whole.image_uuid = uuid;
	whole.given = &given;
	complete_spec(verification, log, &whole);
	progress_begin(&progress, "prepare", false, 0, "kas, %s of %s", settings->ref,
		path_basename(settings->repository));
	if (status == STATUS_OK)
		status = kas_new(&whole, kas, err);
	if (status == STATUS_OK)
		status = prepare_with_proxy(verification, *kas, materials, prepared, err);
	if (status == STATUS_OK)
		status = refuse_packages(verification, prepared, err);
	if (prepared->network == NETWORK_HOST && !whole.no_sandbox && status == STATUS_OK)
		progress_note("prepare",
			UPLINK_PROGRAM " is not installed (apt-get install " UPLINK_PROGRAM
				       "): prepare ran in this host's network, with what listens "
				       "on its loopback in reach; the run is marked");
	if (takes_uuid)
		prepared->image_uuid = xstrdup(uuid);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed",
		"%zu repositories, %zu files", prepared->repository_count, prepared->file_count);
	text_list_release(&given);
	free(log);
	return status;
}

enum status kas_start_again(struct verification *verification, const struct kas_spec *spec,
	struct kas **kas, struct kas_prepared *prepared, struct error *err)
{
	const struct build_conditions *conditions = verification->conditions;
	const struct kas_frozen *frozen = verification->frozen;
	char *log = path_join(verification->work, "prepare.log");
	struct kas_spec whole = *spec;
	enum status status;

	whole.given = &frozen->prepared.given;
	if (conditions && conditions->user)
		whole.user_id = conditions->user->uid;
	complete_spec(verification, log, &whole);
	*prepared = frozen->prepared;
	status = kas_new(&whole, kas, err);
	if (status == STATUS_OK)
		status = kas_thaw(*kas, frozen->tree, &frozen->digest, err);
	free(log);
	return status;
}

void kas_frozen_release(struct kas_frozen *frozen)
{
	kas_prepared_release(&frozen->prepared);
	material_log_free(frozen->materials);
	free(frozen->tree);
	*frozen = (struct kas_frozen){0};
}

enum status kas_record_network(
	struct verification *verification, const struct kas_prepared *prepared, struct error *err)
{
	static const char *const mechanisms[] = {
		[NETWORK_LOOPBACK] = "loopback alone",
		[NETWORK_OWN] = UPLINK_PROGRAM,
		[NETWORK_HOST] = "none",
	};
	struct evidence *evidence = verification->evidence;
	const char *run = verification->run;
	const struct limit_record limit = {
		.name = "prepare-network", .mechanism = mechanisms[prepared->network]};
	enum status status = evidence_begin(evidence, err);

	if (status == STATUS_OK)
		status = evidence_limit(evidence, run, &limit, err);
	if (status == STATUS_OK)
		status = wanted_record(verification, &prepared->wanted, err);
	if (status == STATUS_OK && prepared->network == NETWORK_HOST &&
		!verification->request->no_sandbox)
		status = evidence_run_mark(evidence, run, MARK_PREPARE_NETWORK, err);
	return evidence_end(evidence, status, err);
}

/* It is an input like any other, and is said with the verdict. */
static enum status record_image_uuid(
	struct verification *verification, const char *uuid, struct error *err)
{
	char *name = xasprintf("image-uuid:%s", uuid);
	struct digest digest;
	enum status status;

	hash_memory(uuid, strlen(uuid), &digest);
	status = evidence_material(verification->evidence, verification->run, "source", name,
		&digest, strlen(uuid), err);
	free(name);
	if (status == STATUS_OK)
		status = evidence_run_mark(
			verification->evidence, verification->run, MARK_GIVEN_UUID, err);
	return status;
}

/* "NAME=VALUE", by its value. */
static enum status record_given(
	struct verification *verification, const char *assignment, struct error *err)
{
	const char *value = strchr(assignment, '=') + 1;
	char *name = xasprintf("given:%s", assignment);
	struct digest digest;
	enum status status;

	hash_memory(value, strlen(value), &digest);
	status = evidence_material(verification->evidence, verification->run, "source", name,
		&digest, strlen(value), err);
	free(name);
	return status;
}

enum status kas_record(
	struct verification *verification, const struct kas_prepared *prepared, struct error *err)
{
	struct evidence *evidence = verification->evidence;
	const char *run = verification->run;
	enum status status = STATUS_OK;
	char *name;

	if (prepared->has_program)
		status = evidence_material(
			evidence, run, "tool", prepared->version, &prepared->program, 0, err);
	if (prepared->image_uuid && status == STATUS_OK)
		status = record_image_uuid(verification, prepared->image_uuid, err);
	for (size_t i = 0; i < prepared->given.count && status == STATUS_OK; i++)
		status = record_given(verification, prepared->given.items[i], err);
	for (size_t i = 0; i < prepared->repository_count && status == STATUS_OK; i++) {
		const struct kas_repository *repository = &prepared->repositories[i];

		name = xasprintf(
			"git:%s %s %s", repository->path, repository->url, repository->commit);
		status = evidence_material(
			evidence, run, "source", name, &repository->object, 0, err);
		free(name);
	}
	for (size_t i = 0; i < prepared->file_count && status == STATUS_OK; i++) {
		const struct kas_file *file = &prepared->files[i];

		name = xasprintf("prepared:%s", file->path);
		status = evidence_material(
			evidence, run, "source", name, &file->digest, file->size, err);
		free(name);
	}
	return status;
}
