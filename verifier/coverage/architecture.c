/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/architecture.h"

#include <stddef.h>
#include <string.h>

#define BLANKS " \t\n[],"

static bool is_word(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(word, text, len) == 0;
}

static bool word_takes(const char *word, size_t len, const char *architecture)
{
	static const char any[] = "any-", linux_any[] = "linux-any", of_linux[] = "linux-";

	if (is_word(word, len, "any") || is_word(word, len, linux_any) ||
		is_word(word, len, architecture))
		return true;
	if (len > strlen(any) && memcmp(word, any, strlen(any)) == 0)
		return is_word(word + strlen(any), len - strlen(any), architecture);
	return len > strlen(of_linux) && memcmp(word, of_linux, strlen(of_linux)) == 0 &&
		is_word(word + strlen(of_linux), len - strlen(of_linux), architecture);
}

bool architectures_take(const char *list, const char *architecture)
{
	bool has_positive = false, is_empty = true;

	if (!architecture)
		return true;
	for (const char *at = list + strspn(list, BLANKS); *at; at += strspn(at, BLANKS)) {
		size_t len = strcspn(at, BLANKS);
		bool is_denied = *at == '!';

		is_empty = false;
		if (word_takes(at + is_denied, len - is_denied, architecture))
			return !is_denied;
		has_positive = has_positive || !is_denied;
		at += len;
	}
	return is_empty || !has_positive;
}
