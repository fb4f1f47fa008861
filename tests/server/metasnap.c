/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/server/metasnap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The value of a field of the form, for the caller to free; NULL when it has none. */
static char *form_field(const char *body, const char *name)
{
	char disposition[64];
	const char *at, *end;

	snprintf(disposition, sizeof(disposition), "form-data; name=\"%s\"", name);
	at = strstr(body, disposition);
	at = at != NULL ? strstr(at, "\r\n\r\n") : NULL;
	end = at != NULL ? strstr(at + 4, "\r\n--") : NULL;
	return end != NULL ? strndup(at + 4, (size_t)(end - at - 4)) : NULL;
}

/* One line of the table. */
struct row {
	char archive[64], name[256], arch[64], version[256];
	char rest[512]; /* SUITE COMPONENT FIRST LAST */
};

/* Prints what the table has of one package of an archive; how many lines. */
static size_t rows_print(FILE *table, const char *archive, const char *name, const char *arch,
	const char *version, FILE *out)
{
	struct row row;
	char line[2048];
	size_t count = 0;

	rewind(table);
	while (fgets(line, sizeof(line), table) != NULL) {
		if (sscanf(line, "%63s %255s %63s %255s %511[^\n]", row.archive, row.name, row.arch,
			    row.version, row.rest) != 5 ||
			strcmp(row.archive, archive) != 0 || strcmp(row.name, name) != 0 ||
			strcmp(row.arch, arch) != 0 || strcmp(row.version, version) != 0)
			continue;
		fprintf(out, "%s %s %s %s\n", name, arch, version, row.rest);
		count++;
	}
	return count;
}

/* All packages that were asked for, either those that are known or those that are not. */
static bool packages_print(
	FILE *table, const char *archive, const char *pkgs, FILE *known, FILE *unknown)
{
	char *list = strdup(pkgs), *rest = list, *package;

	while ((package = strsep(&rest, ",")) != NULL) {
		char *arch = strchr(package, ':'), *version;

		version = arch != NULL ? strchr(arch, '=') : NULL;
		if (version == NULL)
			break;
		*arch++ = *version++ = '\0';
		if (rows_print(table, archive, package, arch, version, known) == 0)
			fprintf(unknown, "%s %s %s\n", package, arch, version);
	}
	free(list);
	return package == NULL;
}

static int answer_make(FILE *table, const char *body, FILE *out)
{
	char *archive = form_field(body, "archive"), *arch = form_field(body, "arch");
	char *pkgs = form_field(body, "pkgs"), *known_text = NULL, *unknown_text = NULL;
	size_t known_len = 0, unknown_len = 0;
	FILE *known = open_memstream(&known_text, &known_len);
	FILE *unknown = open_memstream(&unknown_text, &unknown_len);
	int status = 500;

	if (known == NULL || unknown == NULL)
		exit(1);
	if (archive != NULL && arch != NULL && pkgs != NULL &&
		packages_print(table, archive, pkgs, known, unknown))
		status = 200;
	fclose(known);
	fclose(unknown);
	if (status == 200 && unknown_len > 0)
		status = 404;
	if (status != 500)
		fputs(status == 404 ? unknown_text : known_text, out);
	free(known_text);
	free(unknown_text);
	free(archive);
	free(arch);
	free(pkgs);
	return status;
}

int metasnap_answer(int table, const char *body, int *status)
{
	FILE *rows = fdopen(table, "r");
	int fd = memfd_create("metasnap", MFD_CLOEXEC);
	FILE *out = fd >= 0 ? fdopen(dup(fd), "w") : NULL;

	if (rows == NULL || out == NULL)
		exit(1);
	*status = answer_make(rows, body, out);
	fclose(out);
	fclose(rows);
	return fd;
}
