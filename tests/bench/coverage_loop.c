/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "verifier/coverage/tracker.h"

/*
 * One part of `reproof coverage` alone, as it is run there:
 *	coverage_loop catalog STORE ARCHITECTURE PIN…   reads the pins' Sources and Packages
 *	coverage_loop tracker FILE SUITE SOURCE…        reads a security tracker's JSON
 * Prints what it found of a package: nothing was passed over for speed.
 */
static enum status read_catalog(char *const argv[], struct error *err)
{
	struct text_list names = {0}, architectures = {0};
	struct trust_options trust = {0};
	struct source_catalog *catalog = NULL;
	struct pin_source source = {0};
	struct binary_source binary;
	struct pin_list pins = {0};
	struct store *store = NULL;
	enum status status;

	text_list_add(&architectures, argv[3]);
	for (int i = 4; argv[i]; i++)
		text_list_add(&names, argv[i]);
	status = store_open(argv[2], &store, err);
	if (status == STATUS_OK)
		status = snapshot_pins_stored(store, &trust, &names, &pins, err);
	if (status == STATUS_OK)
		status = source_catalog_open(store, &pins, &architectures, &catalog, err);
	if (status == STATUS_OK)
		status = source_catalog_find(catalog, "zlib", NULL, &source, err);
	if (status == STATUS_OK)
		status = source_catalog_of_binary(catalog, "zlib1g", NULL, &binary, err);
	if (status == STATUS_OK)
		printf("%s %s %zu files, %s of %s %s\n", source.name, source.version,
			source.file_count, binary.binary_version, binary.name, binary.version);
	pin_source_release(&source);
	source_catalog_free(catalog);
	pin_list_release(&pins);
	store_free(store);
	text_list_release(&names);
	text_list_release(&architectures);
	return status;
}

static enum status read_tracker(char *const argv[], struct error *err)
{
	struct tracker tracker = {0};
	struct text_list sources = {0};
	struct data_file file;
	int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	enum status status;

	if (fd < 0)
		return error_set_errno(err, "%s", argv[2]);
	for (int i = 4; argv[i]; i++)
		text_list_add(&sources, argv[i]);
	text_list_sort(&sources);
	status = data_take(fd, argv[2], &file, err);
	if (status == STATUS_OK)
		status = tracker_read(&tracker, &file, argv[3], &sources, err);
	for (size_t i = 0; status == STATUS_OK && i < sources.count; i++)
		printf("%s %zu\n", sources.items[i],
			tracker_find(&tracker, sources.items[i])->issue_count);
	tracker_release(&tracker);
	data_file_release(&file);
	text_list_release(&sources);
	close(fd);
	return status;
}

int main(int argc, char **argv)
{
	struct error err = {0};
	enum status status;

	if (argc >= 5 && strcmp(argv[1], "catalog") == 0) {
		status = read_catalog(argv, &err);
	} else if (argc >= 5 && strcmp(argv[1], "tracker") == 0) {
		status = read_tracker(argv, &err);
	} else {
		fputs("usage: coverage_loop catalog STORE ARCHITECTURE PIN...\n"
		      "       coverage_loop tracker FILE SUITE SOURCE...\n",
			stderr);
		return 2;
	}
	if (status < 0)
		fprintf(stderr, "coverage_loop: %s\n", err.text);
	return status < 0;
}
