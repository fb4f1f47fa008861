#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Nothing calls upward. The layers, each knowing only what is left of it:
#   base < {snapshot, dbdiff} < verifier/{release, evidence}
#        < verifier/{rebuild, coverage, report, history} < verifier/{verify, signoff}
#        < verifier/dashboard < verifier/cmd < main
# Those in braces do not include each other; inside a layer's own folder all is free.
#
# usage: ci/check-layers.sh [TREE]
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2

# Prints "RANK LAYER" of a path, nothing for a path of no layer.
layer() {
	local part=${1#verifier/}
	case $1 in
	base/*) echo "0 base" ;;
	snapshot/*) echo "1 snapshot" ;;
	dbdiff/*) echo "1 dbdiff" ;;
	verifier/main.[ch]) echo "7 main" ;;
	verifier/*)
		part=${part%%[/_.]*}
		case $part in
		release | evidence) echo "2 $part" ;;
		rebuild | coverage | report | history) echo "3 $part" ;;
		verify | verification) echo "4 verify" ;;
		signoff) echo "4 signoff" ;;
		dashboard) echo "5 $part" ;;
		cmd) echo "6 $part" ;;
		esac ;;
	esac
}

failed=no files=0 includes=0
refuse() { echo "check-layers: $*" >&2; failed=yes; }

while IFS= read -r file; do
	files=$((files + 1))
	read -r rank name < <(layer "$file") || { refuse "$file: belongs to no layer"; continue; }
	while IFS=: read -r line text; do
		if ! [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"\<]([^\"\>]+)[\"\>] ]]; then
			refuse "$file:$line: an include that cannot be read: $text"
			continue
		fi
		target=${BASH_REMATCH[1]}
		case $target in
		*..*) refuse "$file:$line: $target: includes are named from the top"; continue ;;
		base/* | snapshot/* | dbdiff/* | verifier/*) ;;
		*)
			# Of the system, unless it is beside the file.
			[ -e "$(dirname "$file")/$target" ] || continue
			target=$(dirname "$file")/$target ;;
		esac
		includes=$((includes + 1))
		read -r target_rank target_name < <(layer "$target") ||
			{ refuse "$file:$line: $target: belongs to no layer"; continue; }
		[ "$target_name" != "$name" ] || continue
		if [ "$target_rank" -gt "$rank" ]; then
			refuse "$file:$line: $name includes upward: $target"
		elif [ "$target_rank" -eq "$rank" ]; then
			refuse "$file:$line: $name includes its sibling: $target"
		fi
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file")
done < <(find base snapshot dbdiff verifier -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)

[ $files -gt 0 ] || refuse "no C file in $PWD"
[ $failed = no ] || exit 1
echo "layers: $files files, $includes includes, none upward"
