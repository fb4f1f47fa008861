/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_ARCHITECTURE_H
#define VERIFIER_COVERAGE_ARCHITECTURE_H

#include <stdbool.h>

/*
 * Whether a list of architectures takes one in, as Debian writes such lists (policy 7.1 and 11.1):
 * names and wildcards with blanks between them ("any", "linux-any", "any-amd64"), or all of them
 * denied ("!s390x !i386"). Brackets around it are passed over. An empty list takes all in, and so
 * does any when `architecture` is NULL. Only architectures of Linux are known here.
 */
bool architectures_take(const char *list, const char *architecture);

#endif
