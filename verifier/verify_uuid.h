/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_UUID_H
#define VERIFIER_VERIFY_UUID_H

#include "verifier/verification.h"

#define IMAGE_UUID_SIZE 37 /* with its NUL */

/*
 * The image UUID of what was published: TARGET_IMAGE_UUID of a file NAME.uuid.env, or IMAGE_UUID of
 * os-release in the first artifact, by name, that has one; where both are told, both are the same.
 * Nothing else of a published image ever reaches a build, and it is 36 characters of [0-9a-f-]
 * (trust T5: BitBake would execute what stands in ${@…}). STATUS_USAGE when none says one, or two
 * are said.
 */
enum status published_image_uuid(
	const struct verification *verification, char uuid[IMAGE_UUID_SIZE], struct error *err);

/* Takes the value of `key` from lines KEY="value"; false where it is none, or no UUID. */
bool image_uuid_find(const char *text, size_t len, const char *key, char uuid[IMAGE_UUID_SIZE]);

#endif
