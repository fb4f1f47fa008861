/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One to 18 decimal digits and nothing else, so that the value fits an int64_t; false otherwise,
 * with *number as it was.
 */
bool number_parse(const char *text, size_t len, uint64_t *number);

/* What a hex digit of either case stands for, or -1. */
int hex_value(char digit);

#endif
