/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_API_ASKING_H
#define SNAPSHOT_API_ASKING_H

#include "base/json.h"
#include "snapshot/api_answer.h"

/* Inside api_answer*.c only. */

#define PARTS_MAX 8 /* of a path, one more than the longest question has */

/* One question on its way to its answer. */
struct asking {
	struct catalog *catalog;
	const struct pin_list *pins;
	bool wants_fileinfo;
	const char *words[PARTS_MAX]; /* what stands for each "*" of the pattern */
	struct json json;
	struct error *err;
};

/* Begins the answer; json_object_end() is the caller's of all. */
void asking_begin(struct asking *asking);
enum status asking_not_found(struct asking *asking, const char *what);

/* The questions whose answers list files. */
enum status source_files_answer(struct asking *asking);
enum status source_binary_files_answer(struct asking *asking);
enum status all_files_answer(struct asking *asking);
enum status binary_files_answer(struct asking *asking);
enum status file_answer(struct asking *asking);

#endif
