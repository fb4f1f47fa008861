/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "verifier/evidence/read.h"
#include "verifier/evidence/toolchain.h"
#include "verifier/report/json_toolchain.h"

struct writer {
	struct json *json;
	struct evidence *evidence;
	const char *run;
	const char *side; /* whose packages are listed */
	size_t sides;
};

static void write_bytes(struct json *json, const char *key, const char *text)
{
	json_bytes(json, key, text, strlen(text));
}

static enum status write_package(
	void *context, const struct toolchain_package *package, struct error *err)
{
	const struct writer *writer = context;
	struct json *json = writer->json;
	const char *version =
		strcmp(writer->side, "published") == 0 ? package->published : package->rebuilt;

	(void)err;
	if (!version)
		return STATUS_OK;
	json_object_begin(json, NULL);
	write_bytes(json, "name", package->name);
	write_bytes(json, "architecture", package->architecture);
	write_bytes(json, "version", version);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_side(void *context, const struct toolchain_side *side, struct error *err)
{
	struct writer *writer = context;
	struct json *json = writer->json;

	if (writer->sides++ == 0)
		json_object_begin(json, "toolchain");
	json_object_begin(json, side->side);
	write_bytes(json, "name", side->name);
	json_digest(json, "sha256", side->digest);
	json_text(json, "reason", side->reason);
	json_array_begin(json, "packages");
	writer->side = side->side;
	if (!side->reason &&
		evidence_each_toolchain_package(
			writer->evidence, writer->run, write_package, writer, err) < 0)
		return err->status;
	json_array_end(json);
	json_object_end(json);
	return STATUS_OK;
}

static enum status write_name(void *context, const char *text, struct error *err)
{
	(void)err;
	write_bytes(context, NULL, text);
	return STATUS_OK;
}

enum status report_json_toolchain(
	struct json *json, struct evidence *evidence, const char *run, struct error *err)
{
	struct writer writer = {.json = json, .evidence = evidence, .run = run};

	if (evidence_each_toolchain_side(evidence, run, write_side, &writer, err) < 0)
		return err->status;
	if (writer.sides)
		json_object_end(json);
	else
		json_none(json, "toolchain");
	json_array_begin(json, "served_published");
	if (evidence_each_served_artifact(evidence, run, write_name, json, err) < 0)
		return err->status;
	json_array_end(json);
	return STATUS_OK;
}
