#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds reproof twice, at two paths and under other umasks, and compares the programs.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in one two/with/a/longer/path; do
	mkdir -p "$work/$name"
	tar -c --exclude='./build*' --exclude=./.git . | tar -x -C "$work/$name"
done
(umask 022; make -s -C "$work/one" -j"$(nproc)" >/dev/null)
(umask 077; export TZ=Asia/Tokyo LC_ALL=C; make -s -C "$work/two/with/a/longer/path" -j1 >/dev/null)
sum() { sha256sum <"$1/build/reproof" | cut -d' ' -f1; }
one=$(sum "$work/one")
two=$(sum "$work/two/with/a/longer/path")
if [ "$one" != "$two" ]; then
	echo "check-reproducible: two builds of reproof differ: $one $two" >&2
	exit 1
fi
echo "reproducible: both builds are $one"
