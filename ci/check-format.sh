#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every C file is as clang-format 14 and .clang-format have it (make format).
#
# usage: ci/check-format.sh [TREE]
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2

readarray -t files < <(find base snapshot dbdiff verifier tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
[ ${#files[@]} -gt 0 ] || { echo "check-format: no C file in $PWD" >&2; exit 1; }
[ -f .clang-format ] || { echo "check-format: no .clang-format in $PWD" >&2; exit 1; }
printf '%s\0' "${files[@]}" |
	xargs -0 -P2 -n20 clang-format-14 --dry-run -Werror --style=file --ferror-limit=3 || exit 1
echo "format: ${#files[@]} files as they should be"
