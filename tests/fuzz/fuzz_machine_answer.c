/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/machine_answer.h"
#include "snapshot/find_range.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* The answer as one about the imports, about a package of a list, and about a file of the pool. */
static bool answer_read(const json_t *answer)
{
	static const char list[] = "hello:amd64=1.0-1\n";
	static const struct archive_file files[] = {
		{.archive = "debian", .path = "pool/main/h/hello/hello_1.0-1_amd64.deb", .size = 9},
		{.archive = "debian", .path = "pool/main/h/hello/hello_1.0-1.dsc", .size = 9}};
	struct text_list versions = {0}, urls = {0};
	struct find_ranges ranges = {0};
	struct time_list times = {0};
	struct manifest manifest;
	struct error err;
	bool is_any = machine_imports_read(answer, "debian", 0, &times, &err) == STATUS_OK;

	free(times.items);
	if (manifest_parse("list", list, sizeof(list) - 1, &manifest, &err) == STATUS_OK) {
		find_ranges_init(&ranges, &manifest, "amd64");
		is_any |= machine_files_read(&ranges, 0, answer, "url", &err) == STATUS_OK;
		is_any |= machine_versions_read(&ranges, 0, answer, "url", &err) == STATUS_OK;
	}
	find_ranges_release(&ranges);
	manifest_release(&manifest);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (file_lookup_read("root", &files[i], answer, &versions, &urls, &err) < 0)
			abort();
		is_any |= versions.count || urls.count;
		text_list_release(&versions);
		text_list_release(&urls);
	}
	return is_any;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	json_t *answer;

	fuzz_accepted =
		machine_answer_parse("url", (const char *)data, size, &answer, &err) == STATUS_OK &&
		answer_read(answer);
	json_decref(answer);
	return 0;
}
