/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"
#include "verifier/verification.h"

static enum status record_pin(
	struct verification *verification, const struct pin *pin, struct error *err)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		const struct pin_suite *suite = &pin->suites[i];
		struct pin_record record = {
			.archive = pin->archive,
			.suite = suite->suite,
			.pin = pin->name,
			.signer = suite->signer,
			.state = pin_suite_state(suite),
			.date = suite->date,
			.captured = pin->captured,
		};

		if (evidence_run_pin(verification->evidence, verification->run, &record, err) < 0)
			return err->status;
		if (suite->is_key_expired &&
			evidence_run_mark(verification->evidence, verification->run,
				MARK_EXPIRED_KEY, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* The lock decides; on first use what was served becomes the lock, and that is said (T12). */
static enum status hold_to_lock(struct verification *verification, struct error *err)
{
	enum status status = lock_check(verification->lock_path, &verification->pins, err);

	if (status != STATUS_NOT_FOUND)
		return status;
	status = lock_write(verification->lock_path, &verification->pins, err);
	if (status == STATUS_OK)
		progress_note("pin",
			"first use: what was served is the lock now, %s; keep it with the "
			"descriptor",
			verification->lock_path);
	return status;
}

enum status verify_pin(struct verification *verification, struct error *err)
{
	const struct text_list *names = &verification->release.pins;
	struct progress progress;
	enum status status = STATUS_OK;

	progress_begin(&progress, "pin", false, names->count, "%zu pin%s", names->count,
		names->count == 1 ? "" : "s");
	for (size_t i = 0; i < names->count && status == STATUS_OK; i++) {
		status = snapshot_pin(verification->store, verification->fetcher,
			&verification->places, &verification->trust, names->items[i],
			&verification->pins, err);
		progress_update(&progress, i + 1);
	}
	if (status == STATUS_OK)
		status = hold_to_lock(verification, err);
	for (size_t i = 0; i < verification->pins.count && status == STATUS_OK; i++)
		status = record_pin(verification, &verification->pins.items[i], err);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%s", "");
	for (size_t i = 0; i < verification->notes.count; i++)
		progress_note("pin", "note: %s", verification->notes.items[i]);
	return status;
}
