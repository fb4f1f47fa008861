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

/*
 * The same with a unit behind it or none: K, M or G, also as KiB, MiB and GiB, which are powers of
 * 1,024. False also for what does not fit.
 */
bool number_parse_size(const char *text, uint64_t *bytes);

/* The shortest text that number_parse_size() reads as exactly this: "4G", "1000K", "1023". */
#define NUMBER_SIZE_TEXT 24
void number_format_size(uint64_t bytes, char text[NUMBER_SIZE_TEXT]);

/* What a hex digit of either case stands for, or -1. */
int hex_value(char digit);

#endif
