#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What must and must not be written in the tree: an SPDX line in every source file, and no host but
# those of ci/allowed-hosts.txt, so that no package mirror gets into code, tests or pages.
#
# usage: ci/check-words.sh [TREE]
set -uo pipefail
allowed=$(cd "$(dirname "$0")" && pwd)/allowed-hosts.txt
cd "${1:-$(dirname "$0")/..}" || exit 2

failed=no
refuse() { echo "check-words: $*" >&2; failed=yes; }

# Text files only; what is built and what git keeps is not the tree.
readarray -d '' files < <(find . \( -name .git -o -path './build' -o -path './build-*' \) -prune -o \
	-type f -print0 | LC_ALL=C sort -z | xargs -0 -r grep -IlZ '' --)
[ ${#files[@]} -gt 0 ] || { echo "check-words: no file in $PWD" >&2; exit 1; }

sources=0
for file in "${files[@]}"; do
	case $file in
	*.[ch] | *.sh | *.py | *.sql | *.test | *.yaml | *.yml | */Makefile | ./ci/*.txt) ;;
	*) [ "$(head -c 2 "$file" | tr -d '\0')" = '#!' ] || continue ;;
	esac
	case $file in */data/*) continue ;; esac
	sources=$((sources + 1))
	head -n 5 "$file" | grep -qF 'SPDX-License-Identifier: Apache-2.0' ||
		refuse "${file#./}: no SPDX line"
done
[ $sources -gt 0 ] || refuse "no source file in $PWD"

# One pattern a line, `*.` in front for everything below.
declare -A host_allowed=()
while read -r pattern _; do
	case $pattern in '' | '#'*) ;; *) host_allowed[$pattern]=1 ;; esac
done <"$allowed"
is_allowed() {
	local host=${1,,}
	[ -z "${host_allowed[$host]:-}" ] || return 0
	while [[ $host == *.* ]]; do
		host=${host#*.}
		[ -z "${host_allowed[*.$host]:-}" ] || return 0
	done
	return 1
}

while IFS=: read -r file line url; do
	host=${url#*://}
	host=${host##*@}
	host=${host%%:*}
	# HOST, and names without a dot, stand for any host.
	[[ $host =~ [a-z0-9] && $host == *.* ]] || continue
	is_allowed "$host" || refuse "${file#./}:$line: host $host is not in ci/allowed-hosts.txt"
done < <(grep -noHiE 'https?://[][A-Za-z0-9._:@-]*' -- "${files[@]}")

# Mirrors without a scheme, and those that this very machine uses.
pattern='\b(deb|ftp|ftp\.[a-z]+|httpredir|http|security|archive|cdn[a-z-]*)\.(debian|ubuntu)\.(org|com)\b'
while IFS=: read -r file line text; do
	refuse "${file#./}:$line: a mirror's host: $text"
done < <(grep -noHE "$pattern" -- "${files[@]}")
while read -r host; do
	is_allowed "$host" && continue
	while IFS=: read -r file line _; do
		refuse "${file#./}:$line: names $host, a mirror of this machine"
	done < <(grep -nHF -- "$host" "${files[@]}")
done < <(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^ *#' |
	grep -oE 'https?://[^/ :]+' | sed 's,.*//,,' | sort -u)

[ $failed = no ] || exit 1
echo "words: ${#files[@]} files, $sources sources with their SPDX line, no host that should not be there"
