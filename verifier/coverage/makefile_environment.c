/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/makefile_internal.h"

/* From dpkg's cputable, ostable and tupletable: the release architectures of Debian 12. */
static const struct architecture {
	const char *name, *cpu, *gnu_cpu, *gnu_type, *multiarch, *bits, *endian;
} architectures[] = {
	{"amd64", "amd64", "x86_64", "x86_64-linux-gnu", "x86_64-linux-gnu", "64", "little"},
	{"arm64", "arm64", "aarch64", "aarch64-linux-gnu", "aarch64-linux-gnu", "64", "little"},
	{"armel", "arm", "arm", "arm-linux-gnueabi", "arm-linux-gnueabi", "32", "little"},
	{"armhf", "arm", "arm", "arm-linux-gnueabihf", "arm-linux-gnueabihf", "32", "little"},
	{"i386", "i386", "i686", "i686-linux-gnu", "i386-linux-gnu", "32", "little"},
	{"mips64el", "mips64el", "mips64el", "mips64el-linux-gnuabi64", "mips64el-linux-gnuabi64",
		"64", "little"},
	{"mipsel", "mipsel", "mipsel", "mipsel-linux-gnu", "mipsel-linux-gnu", "32", "little"},
	{"ppc64el", "ppc64el", "powerpc64le", "powerpc64le-linux-gnu", "powerpc64le-linux-gnu",
		"64", "little"},
	{"riscv64", "riscv64", "riscv64", "riscv64-linux-gnu", "riscv64-linux-gnu", "64", "little"},
	{"s390x", "s390x", "s390x", "s390x-linux-gnu", "s390x-linux-gnu", "64", "big"},
};

/* DEB_HOST_…, DEB_BUILD_… and DEB_TARGET_… of dpkg-architecture(1); nothing is cross-built. */
static bool architecture_value(
	const struct makefile_given *given, const char *name, struct buffer *out)
{
	static const char *const prefixes[] = {"DEB_HOST_", "DEB_BUILD_", "DEB_TARGET_"};
	const struct architecture *architecture = NULL;
	const char *rest = NULL, *value = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			rest = name + strlen(prefixes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(architectures) && given->architecture != NULL; i++) {
		if (strcmp(given->architecture, architectures[i].name) == 0)
			architecture = &architectures[i];
	}
	if (rest == NULL)
		return false;
	if (strcmp(rest, "ARCH_OS") == 0 || strcmp(rest, "GNU_SYSTEM") == 0)
		value = strcmp(rest, "ARCH_OS") == 0 ? "linux" : NULL;
	else if (architecture == NULL)
		value = NULL;
	else if (strcmp(rest, "ARCH") == 0)
		value = architecture->name;
	else if (strcmp(rest, "ARCH_CPU") == 0)
		value = architecture->cpu;
	else if (strcmp(rest, "GNU_CPU") == 0)
		value = architecture->gnu_cpu;
	else if (strcmp(rest, "GNU_TYPE") == 0)
		value = architecture->gnu_type;
	else if (strcmp(rest, "MULTIARCH") == 0)
		value = architecture->multiarch;
	else if (strcmp(rest, "ARCH_BITS") == 0)
		value = architecture->bits;
	else if (strcmp(rest, "ARCH_ENDIAN") == 0)
		value = architecture->endian;
	else if (strncmp(rest, "ARCH", 4) != 0 && strncmp(rest, "GNU", 3) != 0)
		return false;
	if (value != NULL)
		buffer_add_text(out, value);
	else
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	return true;
}

bool makefile_environment(const struct makefile_given *given, const char *name, struct buffer *out)
{
	/* As on a build daemon: nothing of nocheck or noopt. */
	if (strcmp(name, "DEB_BUILD_OPTIONS") == 0)
		buffer_add_text(out, "parallel=4");
	else if (strcmp(name, "DEB_BUILD_PROFILES") == 0 ||
		strcmp(name, "DEB_BUILD_MAINT_OPTIONS") == 0)
		;
	else if (strcmp(name, "MAKE") == 0)
		buffer_add_text(out, "make");
	else if (strcmp(name, "CURDIR") == 0)
		buffer_add_text(out, "/CURDIR");
	else if (strcmp(name, "CC") == 0)
		buffer_add_text(out, "cc");
	else if (strcmp(name, "RM") == 0)
		buffer_add_text(out, "rm -f");
	else if (strcmp(name, "SHELL") == 0)
		buffer_add_text(out, "/bin/sh");
	else if (strcmp(name, "DEB_VENDOR") == 0)
		buffer_add_text(out, "Debian");
	else if (strcmp(name, "MAKEFILE_LIST") == 0 || strcmp(name, "MAKECMDGOALS") == 0 ||
		strcmp(name, "MAKEFLAGS") == 0 || strcmp(name, "PATH") == 0 ||
		strcmp(name, "HOME") == 0 || strcmp(name, "MAKELEVEL") == 0 ||
		strcmp(name, "PWD") == 0 || strncmp(name, "DEB_VERSION", 11) == 0 ||
		strcmp(name, "DEB_SOURCE") == 0 || strcmp(name, "SOURCE_DATE_EPOCH") == 0)
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	else
		return architecture_value(given, name, out);
	return true;
}

static void list_packages(const struct makefile_given *given, const char *rest, struct buffer *out)
{
	const struct text_list *lists[] = {given->arch_packages, given->indep_packages};
	bool wants_arch = strstr(rest, "-i") == NULL, wants_indep = strstr(rest, "-a") == NULL;
	size_t begin = out->len;

	if (given->arch_packages == NULL || given->indep_packages == NULL ||
		strpbrk(rest, "|;&<>") != NULL || strstr(rest, "-N") != NULL ||
		strstr(rest, "-p") != NULL) {
		buffer_add_char(out, MAKEFILE_UNKNOWN);
		return;
	}
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		if (!(k == 0 ? wants_arch : wants_indep))
			continue;
		for (size_t i = 0; i < lists[k]->count; i++)
			buffer_add_format(
				out, "%s%s", out->len > begin ? " " : "", lists[k]->items[i]);
	}
}

/* "dpkg-vendor --derives-from X && echo yes": X is Debian, or it is not. */
static void vendor(const char *rest, struct buffer *out)
{
	const char *at = rest, *word, *echo = strstr(rest, "&& echo ");
	size_t len;

	makefile_word(&at, &word, &len);
	if (len == 7 && strncmp(word, "--query", len) == 0 && strstr(rest, "endor") != NULL) {
		buffer_add_text(out, "Debian");
		return;
	}
	if ((len == 4 && strncmp(word, "--is", len) == 0) ||
		(len == 14 && strncmp(word, "--derives-from", len) == 0)) {
		makefile_word(&at, &word, &len);
		if (len != 6 || strncasecmp(word, "Debian", len) != 0) {
			if (strstr(at, "||") != NULL)
				buffer_add_char(out, MAKEFILE_UNKNOWN);
			return;
		}
		if (echo != NULL) {
			at = echo + strlen("&& echo ");
			if (makefile_word(&at, &word, &len)) {
				buffer_add(out, word, len);
				return;
			}
		}
	}
	buffer_add_char(out, MAKEFILE_UNKNOWN);
}

void makefile_shell(const struct makefile_given *given, const char *command, struct buffer *out)
{
	const char *at = command, *word, *name;
	size_t len, name_len;
	char *variable;

	if (!makefile_word(&at, &name, &name_len))
		return;
	if (name_len == 17 && strncmp(name, "dpkg-architecture", 17) == 0 &&
		makefile_word(&at, &word, &len) && len >= 2 && strncmp(word, "-q", 2) == 0) {
		word += 2;
		len -= 2;
		if (len == 0 && !makefile_word(&at, &word, &len))
			word = "";
		variable = xstrndup(word, len);
		if (!architecture_value(given, variable, out))
			buffer_add_char(out, MAKEFILE_UNKNOWN);
		free(variable);
	} else if (name_len == 15 && strncmp(name, "dh_listpackages", 15) == 0) {
		list_packages(given, at, out);
	} else if (name_len == 11 && strncmp(name, "dpkg-vendor", 11) == 0) {
		vendor(at, out);
	} else {
		buffer_add_char(out, MAKEFILE_UNKNOWN);
	}
}
