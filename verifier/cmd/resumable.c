/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/cmd/resumable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifier/cmd/command.h"

int resumable_check_descriptor(const char *command, const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0 || access(path, R_OK) < 0)
		return command_usage(command, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return command_usage(
			command, "%s is a directory; name the release descriptor in it", path);
	return EXIT_REPRODUCED;
}

/* Made before a signal can come: a handler may not format. */
static char farewell[128];

static void end_on_signal(int number)
{
	ssize_t written = write(STDERR_FILENO, farewell, strlen(farewell));

	(void)written;
	signal(number, SIG_DFL);
	raise(number);
}

void resumable_catch_signals(const char *command)
{
	struct sigaction action = {.sa_handler = end_on_signal};

	snprintf(farewell, sizeof(farewell),
		"\nreproof %s: interrupted; the same command goes on with it\n", command);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}
