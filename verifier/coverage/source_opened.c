/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "verifier/coverage/source_facts.h"

void source_opened_add(struct source_opened *opened, const char *name, int fd)
{
	ARRAY_GROW(opened->inputs, opened->count, opened->capacity);
	opened->inputs[opened->count++] = (struct source_input){.name = xstrdup(name), .fd = fd};
}

void source_opened_release(struct source_opened *opened)
{
	for (size_t i = 0; i < opened->count; i++) {
		free((char *)opened->inputs[i].name);
		close(opened->inputs[i].fd);
	}
	free(opened->inputs);
	*opened = (struct source_opened){0};
}
