/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "snapshot/snapshot.h"

/* A colon is no hex digit, so that neither form can be read as the other. */
static const char release_mark[] = "Release:";
static const char signature_mark[] = ",Release.gpg:";

bool suite_state_equal(const struct suite_state *a, const struct suite_state *b)
{
	if (a->is_detached != b->is_detached)
		return false;
	if (!a->is_detached)
		return digest_equal(&a->inrelease, &b->inrelease);
	return digest_equal(&a->release, &b->release) &&
		digest_equal(&a->release_gpg, &b->release_gpg);
}

void suite_state_format(const struct suite_state *state, char text[SUITE_STATE_SIZE])
{
	char release[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE];

	if (!state->is_detached) {
		digest_hex(&state->inrelease, text);
		return;
	}
	digest_hex(&state->release, release);
	digest_hex(&state->release_gpg, signature);
	snprintf(text, SUITE_STATE_SIZE, "%s%s%s%s", release_mark, release, signature_mark,
		signature);
}

bool suite_state_parse(const char *text, struct suite_state *state)
{
	const size_t hex = SHA256_HEX_SIZE - 1, mark = strlen(release_mark);
	const char *signature = text + mark + hex;

	*state = (struct suite_state){0};
	if (strncmp(text, release_mark, mark) != 0)
		return digest_parse(text, strlen(text), &state->inrelease);
	state->is_detached = true;
	if (strlen(text) != mark + hex + strlen(signature_mark) + hex ||
		strncmp(signature, signature_mark, strlen(signature_mark)) != 0)
		return false;
	return digest_parse(text + mark, hex, &state->release) &&
		digest_parse(signature + strlen(signature_mark), hex, &state->release_gpg);
}

struct suite_state pin_suite_state(const struct pin_suite *suite)
{
	if (!suite->is_detached)
		return (struct suite_state){.inrelease = suite->inrelease};
	return (struct suite_state){
		.is_detached = true, .release = suite->release, .release_gpg = suite->release_gpg};
}
