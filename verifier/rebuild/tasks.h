/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_TASKS_H
#define VERIFIER_REBUILD_TASKS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How many tasks a sandbox may have at all, whoever its build is: root is not bound by
 * RLIMIT_NPROC, and a build that forks without end takes every number of the machine between two
 * looks of the watcher. Since Linux 6.14 a PID namespace has a kernel.pid_max of its own; before,
 * the same file is the whole machine's, and is left alone.
 */

/* For that many processes, with their threads, and never more than half of this machine's numbers;
 * 0: it cannot be bounded here. */
uint64_t tasks_bound(uint64_t processes);

/* Bounds this process's PID namespace, which is new; false when that is not allowed. */
bool tasks_bound_set(uint64_t tasks);

#endif
