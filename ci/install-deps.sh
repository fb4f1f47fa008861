#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the packages of ci/packages.txt that are missing, saying which.
#
# usage: ci/install-deps.sh [--list] [--packages FILE] [GROUP...]
#   GROUP   build, run, demo, test, long, images, bench, lint, fuzz; without one: build run demo test
#   --list  only print the groups' packages
# Exit code 2: this is not root and there is no sudo; the one command to run is printed.
set -euo pipefail

file=$(dirname "$0")/packages.txt
list=no
while [ $# -gt 0 ]; do
	case $1 in
	--list) list=yes ;;
	--packages) shift; file=$1 ;;
	-*) echo "install-deps: unknown option $1" >&2; exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || set -- build run demo test

# Bash alone reads the list: a second make has to see within half a second that nothing is missing.
declare -A wanted=() group_seen=()
group=
while read -r line; do
	line=${line%%#*}
	line=${line%"${line##*[![:space:]]}"}
	case $line in
	'') continue ;;
	\[*\]) group=${line#[}; group=${group%]}; group_seen[$group]=1; continue ;;
	esac
	case " $* " in *" $group "*) wanted[$line]=1 ;; esac
done <"$file"
for group in "$@"; do
	[ -n "${group_seen[$group]:-}" ] || { echo "install-deps: no group $group in $file" >&2; exit 2; }
done
readarray -t packages < <(printf '%s\n' "${!wanted[@]}" | sort)
if [ $list = yes ]; then
	printf '%s\n' "${packages[@]}"
	exit 0
fi

while read -r package status; do
	[ "$status" != installed ] || unset "wanted[$package]"
done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null)
[ ${#wanted[@]} -gt 0 ] || exit 0
readarray -t missing < <(printf '%s\n' "${!wanted[@]}" | sort)

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "install-deps: ${#missing[@]} packages are missing, and this is not root. Run once:" >&2
		echo "  su -c 'apt-get update && apt-get install -y --no-install-recommends ${missing[*]}'" >&2
		exit 2
	fi
	as_root=(sudo -n)
fi
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
updated=no
# A machine may know nothing of packages yet, or what it knows may be out of date.
if ! apt-get -qq -s install --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
	apt update
	updated=yes
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
	if [ $updated = yes ] || ! apt update ||
		! apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "install-deps: apt-get could not install them (see above)" >&2
		exit 3
	fi
fi
