/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "verifier/coverage/buildlog.h"

/*
 * Reads the log of a package's build as `reproof coverage --buildlog` does, and prints what its
 * tests came to, then the claims:
 *	read_log LOG
 */
int main(int argc, char **argv)
{
	struct claim_list claims = {0};
	struct buildlog log = {0};
	struct data_file file;
	struct error err = {0};
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	enum status status;

	if (fd < 0) {
		fputs("usage: read_log LOG\n", stderr);
		return 2;
	}
	status = data_take(
		fd, strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : argv[1], &file, &err);
	if (status == STATUS_OK)
		status = buildlog_read(&log, &file, &err);
	if (status == STATUS_OK) {
		printf("%s\n", buildlog_ran_word(buildlog_judge(&log, &claims)));
		printf("%s, %zu test steps\n", log.is_finished ? "finished" : "not finished",
			log.step_count);
		for (size_t i = 0; i < claims.count; i++)
			printf("%s: %s\n", claims.items[i].where, claims.items[i].text);
	} else {
		fprintf(stderr, "read_log: %s\n", err.text);
	}
	buildlog_release(&log);
	coverage_claims_release(&claims);
	data_file_release(&file);
	close(fd);
	return status < 0;
}
