#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Nothing calls upward. The layers, each knowing only what is left of it:
#   base < {snapshot, dbdiff} < verifier/{release, evidence}
#        < verifier/{rebuild, coverage, report, history} < verifier/{verify, signoff, packages}
#        < verifier/dashboard < verifier/cmd < main
# Those in braces do not include each other; inside a layer's own folder all is free.
#
# usage: ci/check-layers.sh [TREE]
set -uo pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2

# Sets rank and name to those of a path; fails for a path of no layer. No process for each include.
layer() {
	local part=${1#verifier/}
	rank='' name=''
	case $1 in
	base/*) rank=0 name=base ;;
	snapshot/*) rank=1 name=snapshot ;;
	dbdiff/*) rank=1 name=dbdiff ;;
	verifier/main.[ch]) rank=7 name=main ;;
	verifier/*)
		part=${part%%[/_.]*}
		case $part in
		release | evidence) rank=2 name=$part ;;
		rebuild | coverage | report | history) rank=3 name=$part ;;
		verify | verification) rank=4 name=verify ;;
		signoff | packages) rank=4 name=$part ;;
		dashboard) rank=5 name=$part ;;
		cmd) rank=6 name=$part ;;
		esac ;;
	esac
	[ -n "$name" ]
}

failed=no files=0 includes=0
refuse() { echo "check-layers: $*" >&2; failed=yes; }

# Judges one line that begins like an include, of a file whose layer is own_rank, own_name.
judge() {
	local file=$1 line=$2 text=$3 target
	if ! [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"\<]([^\"\>]+)[\"\>] ]]; then
		refuse "$file:$line: an include that cannot be read: $text"
		return
	fi
	target=${BASH_REMATCH[1]}
	case $target in
	*..*) refuse "$file:$line: $target: includes are named from the top"; return ;;
	base/* | snapshot/* | dbdiff/* | verifier/*) ;;
	*)
		# Of the system, unless it is beside the file.
		[ -e "${file%/*}/$target" ] || return
		target=${file%/*}/$target ;;
	esac
	includes=$((includes + 1))
	layer "$target" || { refuse "$file:$line: $target: belongs to no layer"; return; }
	[ "$name" != "$own_name" ] || return
	if [ "$rank" -gt "$own_rank" ]; then
		refuse "$file:$line: $own_name includes upward: $target"
	elif [ "$rank" -eq "$own_rank" ]; then
		refuse "$file:$line: $own_name includes its sibling: $target"
	fi
}

while IFS= read -r file; do
	files=$((files + 1))
	layer "$file" || { refuse "$file: belongs to no layer"; continue; }
	own_rank=$rank own_name=$name number=0
	while IFS= read -r text || [ -n "$text" ]; do
		number=$((number + 1))
		[[ $text =~ ^[[:space:]]*#[[:space:]]*include ]] && judge "$file" "$number" "$text"
	done <"$file"
done < <(find base snapshot dbdiff verifier -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)

[ $files -gt 0 ] || refuse "no C file in $PWD"
[ $failed = no ] || exit 1
echo "layers: $files files, $includes includes, none upward"
