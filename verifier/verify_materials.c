/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_materials.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/array.h"

/* More requests than a build of a whole distribution makes; the rest is counted, not listed. */
#define REQUEST_LIMIT 500000

struct request {
	char *host;
	char *name;  /* of a served file: archive/path; of a refused one the request */
	int refused; /* HTTP status, or 0 */
	struct digest digest;
	uint64_t size;
};

struct material_log {
	struct request *requests;
	size_t count, capacity;
	size_t left_out;
};

struct material_log *material_log_new(void)
{
	return xcalloc(1, sizeof(struct material_log));
}

void material_log_free(struct material_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->count; i++) {
		free(log->requests[i].host);
		free(log->requests[i].name);
	}
	free(log->requests);
	free(log);
}

void material_log_take(void *context, const struct proxy_event *event)
{
	struct material_log *log = context;
	bool served = event->status == 200 || event->status == 206;
	struct request *request;

	/* HEAD, and what the client had already: nothing was sent and nothing was refused. */
	if (event->status < 400 && !served)
		return;
	if (log->count >= REQUEST_LIMIT) {
		log->left_out++;
		return;
	}
	ARRAY_GROW(log->requests, log->count, log->capacity);
	request = &log->requests[log->count++];
	*request = (struct request){
		.host = xstrdup(event->host ? event->host : ""),
		.refused = served ? 0 : event->status,
		.digest = event->digest,
		.size = event->size,
	};
	request->name = served && event->archive ? xasprintf("%s/%s", event->archive, event->path)
						 : xstrdup(event->request);
}

static enum status record_request(const struct request *request, struct evidence *evidence,
	const char *run, struct error *err)
{
	if (evidence_asked_host(evidence, run, request->host, err) < 0)
		return err->status;
	if (request->refused)
		return evidence_refusal(evidence, run, request->name, request->refused, err);
	return evidence_material(
		evidence, run, "archive-file", request->name, &request->digest, request->size, err);
}

enum status material_log_record(
	struct material_log *log, struct evidence *evidence, const char *run, struct error *err)
{
	enum status status = evidence_begin(evidence, err);

	for (size_t i = 0; i < log->count && status == STATUS_OK; i++)
		status = record_request(&log->requests[i], evidence, run, err);
	if (status == STATUS_OK && log->left_out)
		status = error_set(err, STATUS_LIMIT,
			"the build made more than %d requests; its materials cannot be listed",
			REQUEST_LIMIT);
	return evidence_end(evidence, status, err);
}
