#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Refuses C files of over 600 lines and functions of over 100; prints how large they are.
# A function goes from the line with its name to a `}` in column 0; clang-format sees to that form.
#
# usage: ci/check-sizes.sh [TREE]
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2

readarray -t files < <(find base snapshot dbdiff verifier tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
[ ${#files[@]} -gt 0 ] || { echo "check-sizes: no C file in $PWD" >&2; exit 1; }

awk '
function percentile(list, n, p,    i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
			t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
		}
	i = int((n * p + 99) / 100)
	return list[i < 1 ? 1 : i]
}
function file_end() {
	if (name == "")
		return
	sizes[++file_count] = lines
	if (lines > 600)
		refuse(name ": " lines " lines, more than 600")
	if (inside)
		refuse(name ": function " title " does not end in column 0")
}
function refuse(text) {
	print "check-sizes: " text > "/dev/stderr"
	bad = 1
}
FNR == 1 { file_end(); name = FILENAME; inside = 0; begin = 0 }
{ lines = FNR }
# What stands in column 0 may be the first line of a function; its arguments can go on below.
/^[A-Za-z_]/ && !inside { begin = FNR; title = $0 }
/^[{]/ { inside = 1 }
/^[}]/ && inside {
	inside = 0
	size = FNR - begin + 1
	functions[++function_count] = size
	if (size > 100)
		refuse(name ":" begin ": " size " lines, more than 100: " title)
}
END {
	file_end()
	printf "sizes: %d files, median %d, 95th percentile %d lines; ", file_count, \
		percentile(sizes, file_count, 50), percentile(sizes, file_count, 95)
	if (function_count)
		printf "%d functions, median %d, 95th percentile %d lines\n", function_count, \
			percentile(functions, function_count, 50), \
			percentile(functions, function_count, 95)
	else
		print "no function"
	exit bad
}' "${files[@]}"
