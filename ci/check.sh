#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make check: every check and suite, one after the other, all of them even when one fails.
# The last line is the sum of all suites: "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.."

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
export COUNTS=$counts
failed=()
step() {
	local name=$1
	shift
	echo "== $name"
	"$@" || failed+=("$name")
}

step lint make --no-print-directory -k lint
if make --no-print-directory -j"$(nproc)"; then
	SUITE=unit step "unit tests" make --no-print-directory -j"$(nproc)" unit
	SUITE=cli step "command tests" make --no-print-directory cli
	SUITE=asan step "both under ASan and UBSan" make --no-print-directory -j"$(nproc)" check-asan
	SUITE=fuzz step "the fuzz targets over their seeds" make --no-print-directory -j"$(nproc)" check-replay
else
	failed+=(build)
fi

echo "== all"
[ ${#failed[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failed[@]}"
total=$(awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped", p, f, s }' \
	"$counts")
echo "$total"
[ ${#failed[@]} -eq 0 ] && [[ $total =~ ^[1-9][0-9]*\ passed,\ 0\ failed ]]
