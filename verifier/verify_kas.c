/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_kas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/progress.h"
#include "verifier/verify_sandbox.h"
#include "verifier/verify_uuid.h"

/* On this host's loopback, where prepare's programs are as well. */
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
	if (proxy_status < 0 && status != STATUS_INTERRUPTED) {
		*err = proxy_err;
		status = proxy_status;
	}
	return status;
}

enum status kas_start(struct verification *verification, const struct kas_spec *spec,
	struct material_log *materials, struct kas **kas, struct kas_prepared *prepared,
	struct error *err)
{
	const struct release_kas *settings = &verification->release.build.kas;
	char *log = path_join(verification->work, "prepare.log");
	struct kas_spec whole = *spec;
	char uuid[IMAGE_UUID_SIZE] = "";
	struct sandbox_spec sandbox = {0};
	struct progress progress;
	enum status status = STATUS_OK;

	if (settings->takes_image_uuid)
		status = published_image_uuid(verification, uuid, err);
	build_limits_choose(verification, &sandbox);
	whole.limits = sandbox.limits;
	whole.image_uuid = uuid;
	whole.work_directory = verification->work;
	whole.log = log;
	whole.is_offline = verification->request->is_offline;
	whole.no_sandbox = verification->request->no_sandbox;
	progress_begin(&progress, "prepare", false, 0, "kas, %s of %s", settings->ref,
		path_basename(settings->repository));
	if (status == STATUS_OK)
		status = kas_new(&whole, kas, err);
	if (status == STATUS_OK)
		status = prepare_with_proxy(verification, *kas, materials, prepared, err);
	if (settings->takes_image_uuid)
		prepared->image_uuid = xstrdup(uuid);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed",
		"%zu repositories, %zu files", prepared->repository_count, prepared->file_count);
	free(log);
	return status;
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
