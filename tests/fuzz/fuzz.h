/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A fuzz target: it never fails but by a crash, and says whether the parser took the last input for
 * what it reads, to its end. Only replay.c asks for that: a seed that is refused tests nothing.
 */
extern bool fuzz_accepted;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
