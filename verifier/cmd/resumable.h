/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_RESUMABLE_H
#define VERIFIER_CMD_RESUMABLE_H

/* What commands share that build by a descriptor, and go on where they were interrupted. */

/* Before a database is made: a name typed wrongly leaves nothing behind. EXIT_USAGE, or 0. */
int resumable_check_descriptor(const char *command, const char *path);

/*
 * SIGINT, SIGTERM and SIGHUP say that the run can be gone on with, and end this process: nothing
 * done is lost, the kernel ends the build with us, and the next run removes what is left of it, as
 * after a kill -9. So no other code has to see a signal. `command` is kept.
 */
void resumable_catch_signals(const char *command);

#endif
