/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/progress.h"
#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"

/* What the store says of the file itself: its bytes are hashed. */
enum stored_state {
	STORED_ABSENT,
	STORED_GOOD,
	STORED_DAMAGED, /* and by now in quarantine */
};

static enum status stored_find(struct snapshot_session *session, const struct digest *digest,
	enum stored_state *state, struct error *err)
{
	int fd;
	enum status status = store_read(session->store, digest, &fd, NULL, err);

	if (status == STATUS_OK) {
		close(fd);
		*state = STORED_GOOD;
		return STATUS_OK;
	}
	*state = status == STATUS_TRUST ? STORED_DAMAGED : STORED_ABSENT;
	if (status != STATUS_NOT_FOUND && status != STATUS_TRUST)
		return status;
	*err = (struct error){.status = STATUS_OK};
	return STATUS_OK;
}

static void link_print(const char *what, const char *name, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	printf("  %-10s ", what);
	command_put(name);
	printf("\n             sha256 %s\n", hex);
}

static void signature_print(const struct pin_suite *suite)
{
	char time[CLOCK_TEXT_SIZE];
	char *inrelease = xasprintf("dists/%s/InRelease", suite->suite);
	char *release = xasprintf("dists/%s/Release", suite->suite);
	char *signature = xasprintf("dists/%s/Release.gpg", suite->suite);

	clock_format(suite->signed_at, time);
	printf("  key        %s\n             signed %s%s\n", suite->signer, time,
		suite->is_key_expired ? "; expired or retired since, accepted" : "");
	if (suite->is_detached) {
		link_print("signature", signature, &suite->release_gpg);
		link_print("Release", release, &suite->release);
	} else {
		link_print("InRelease", inrelease, &suite->inrelease);
		link_print("Release", "what gpgv says is signed in it", &suite->release);
	}
	free(signature);
	free(release);
	free(inrelease);
}

static void chain_print(
	const struct pin_list *pins, const struct trust_chain *chain, enum stored_state state)
{
	static const char *const words[] = {
		[STORED_ABSENT] = "not in the store",
		[STORED_GOOD] = "in the store, and its bytes are these",
		[STORED_DAMAGED] = "was damaged in the store, and is in quarantine/ now",
	};
	const struct pin *pin = &pins->items[chain->pin];
	const struct pin_suite *suite = &pin->suites[chain->suite];
	char size[32];

	printf("%s %s\n", pin->name, suite->suite);
	signature_print(suite);
	if (chain->index)
		link_print("index", chain->index, &chain->index_digest);
	link_print("file", chain->path, &chain->digest);
	progress_format_bytes(chain->size, size);
	printf("             %s%s%s\n", chain->size ? size : "", chain->size ? ", " : "",
		words[state]);
}

static void chain_print_json(struct json *json, const struct pin_list *pins,
	const struct trust_chain *chain, enum stored_state state)
{
	const struct pin *pin = &pins->items[chain->pin];
	const struct pin_suite *suite = &pin->suites[chain->suite];
	char time[CLOCK_TEXT_SIZE];

	json_object_begin(json, NULL);
	json_text(json, "pin", pin->name);
	json_text(json, "suite", suite->suite);
	json_text(json, "key", suite->signer);
	clock_format(suite->signed_at, time);
	json_text(json, "signed", time);
	json_bool(json, "key_expired", suite->is_key_expired);
	json_digest(json, "inrelease", suite->is_detached ? NULL : &suite->inrelease);
	json_digest(json, "release", &suite->release);
	json_text(json, "index", chain->index);
	json_digest(json, "index_sha256", chain->index ? &chain->index_digest : NULL);
	json_text(json, "path", chain->path);
	json_digest(json, "sha256", &chain->digest);
	json_bool(json, "stored", state == STORED_GOOD);
	json_digest(json, "release_gpg", suite->is_detached ? &suite->release_gpg : NULL);
	json_object_end(json);
}

/* Without a file: the suites, each down to its Release. */
static enum status suites_print(struct snapshot_session *session, struct error *err)
{
	if (session->options->is_json)
		return snapshot_print_pins(&session->pins, true, "reproof-snapshot-trust-1", err);
	for (size_t i = 0; i < session->pins.count; i++) {
		const struct pin *pin = &session->pins.items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			printf("%s %s\n", pin->name, pin->suites[j].suite);
			signature_print(&pin->suites[j]);
		}
	}
	return STATUS_OK;
}

static enum status chains_print(
	struct snapshot_session *session, const struct trust_chains *chains, struct error *err)
{
	bool is_json = session->options->is_json;
	enum status status = STATUS_OK;
	enum stored_state state;
	struct json json;

	status = stored_find(session, &chains->items[0].digest, &state, err);
	if (status < 0)
		return status;
	if (is_json) {
		json_init_stream(&json, stdout);
		json_object_begin(&json, NULL);
		json_text(&json, "format", "reproof-snapshot-trust-1");
		json_array_begin(&json, "chains");
	}
	for (size_t i = 0; i < chains->count; i++) {
		if (is_json)
			chain_print_json(&json, &session->pins, &chains->items[i], state);
		else
			chain_print(&session->pins, &chains->items[i], state);
	}
	if (is_json) {
		json_array_end(&json);
		json_object_end(&json);
		status = json_finish(&json, err);
	}
	if (status == STATUS_OK && state == STORED_DAMAGED)
		status = error_set(err, STATUS_IO,
			"%s was damaged in the store %s: get it again with reproof snapshot fetch",
			chains->items[0].path, store_directory(session->store));
	return status;
}

enum status snapshot_cmd_trust(struct snapshot_session *session, struct error *err)
{
	const struct text_list *words = &session->options->words;
	struct trust_chains chains = {0};
	enum status status;

	if (words->count > 1)
		return error_set(err, STATUS_USAGE, "one file at a time");
	status = session_read_pins(session, err);
	if (status < 0)
		return status;
	if (words->count == 0)
		return suites_print(session, err);
	status = snapshot_trust_chains(
		session->store, &session->pins, words->items[0], &chains, err);
	if (status == STATUS_OK)
		status = chains_print(session, &chains, err);
	trust_chains_release(&chains);
	return status;
}
