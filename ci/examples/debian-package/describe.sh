#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes the release descriptor of a Debian source package, with the .deb files that Debian published
# beside it, for `reproof verify` to rebuild them by build.sh.
#
# usage: describe.sh REPROOF DIRECTORY SOURCE [BUILDINFO]
#   DIRECTORY   keeps release.yaml, published/ and pins; a second run keeps what is there
#   SOURCE      the name of the source package; its version is the newest that the pins have
#   BUILDINFO   what Debian's build machine wrote, from buildinfos.debian.net: the versions that it
#               built with are then held against those of the rebuild, and the rebuild is told its time
# The pins are the present state of this machine's Debian archives (DIRECTORY/pins), or those that
# $PINS names, each as ARCHIVE@TIMESTAMP:SUITE[,SUITE...], such as the day of the build.
# $STORE is the store (DIRECTORY/store).
set -Eeuo pipefail

fail() { echo "describe.sh: $*" >&2; exit 1; }
trap 'fail "failed at line $LINENO"' ERR
[ $# = 3 ] || [ $# = 4 ] || fail "usage: describe.sh REPROOF DIRECTORY SOURCE [BUILDINFO]"
reproof=$(realpath "$1") source=$3 buildinfo=${4:+$(realpath "$4")}
example=$(cd "$(dirname "$0")" && pwd)
architecture=$(dpkg --print-architecture)
mkdir -p "$2"
store=$(realpath -m "${STORE:-$2/store}")
cd "$2"

if [ -n "${PINS:-}" ]; then
	printf '%s\n' $PINS >pins
elif [ ! -s pins ]; then
	# ARCHIVE@TIMESTAMP:SUITE,SUITE in the order of apt's sources, as apt's choices depend on it.
	"$reproof" snapshot capture --store "$store" --quiet >captured
	awk '$1 ~ /^debian(-security)?@/ {
			if (!($1 in suites)) order[++count] = $1
			suites[$1] = suites[$1] (suites[$1] ? "," : ":") $2
		}
		END { for (i = 1; i <= count; i++) print order[i] suites[order[i]] }' captured >pins
	[ -s pins ] || { rm pins; fail "no Debian archive among this machine's apt sources"; }
fi
options=()
while read -r pin; do options+=(--pin "$pin"); done <pins

# Packages and Sources of the pins, and files of the pool, each held to the signed hashes.
work=$(mktemp -d "${TMPDIR:-/tmp}/describe.XXXXXX")
server=
finish() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
mkfifo "$work/address"
"$reproof" snapshot serve --store "$store" --quiet --log "$work/log" "${options[@]}" >"$work/address" &
server=$!
read -r address <"$work/address" || fail "the proxy did not start"
get() { # URL FILE [HASH]
	/usr/lib/apt/apt-helper -qq -o Acquire::http::Proxy="$address" -o APT::Sandbox::User=root \
		download-file "$1" "$2" ${3:+"SHA256:$3"}
}

# "FILE VERSION PATH SHA256" of each binary package of the source, from whichever suites have it.
suites() { sed -E 's/^([^@]*)@([^:]*):(.*)/\1 \2 \3/' pins; }
while read -r archive time names; do
	for suite in ${names//,/ }; do
		base=http://snapshot.debian.org/archive/$archive/$time
		get "$base/dists/$suite/main/binary-$architecture/Packages.xz" "$work/packages.xz"
		xz -d <"$work/packages.xz" | awk -v source="$source" -v base="$base" -v RS= -F'\n' '
			{
				split("", is)
				for (i = 1; i <= NF; i++)
					if (match($i, /^[A-Za-z0-9-]+: /))
						is[substr($i, 1, RLENGTH - 2)] = substr($i, RLENGTH + 1)
				from = "Source" in is ? is["Source"] : is["Package"]
				version = is["Version"]
				if (match(from, / \(.*\)/))
					version = substr(from, RSTART + 2, RLENGTH - 3)
				sub(/ .*/, "", from)
				if (from == source)
					print version, base "/" is["Filename"], is["SHA256"]
			}' >>"$work/found"
		rm "$work/packages.xz"
	done
done < <(suites)
version=$(cut -d' ' -f1 "$work/found" 2>/dev/null | sort -u | while read -r candidate; do
	dpkg --compare-versions "$candidate" gt "${newest:-}" && newest=$candidate
	echo "$newest"
done | tail -n 1)
[ -n "$version" ] || fail "the pins have no package of the source $source for $architecture"

mkdir -p published
while read -r of url hash; do
	[ "$of" = "$version" ] || continue
	file=published/${url##*/}
	[ -s "$file" ] && [ "$(sha256sum <"$file")" = "$hash  -" ] || get "$url" "$file" "$hash"
done < <(sort -u "$work/found")
# The revision without the epoch, as in the names of files.
record=${source}_${version#*:}_$architecture.buildinfo
arguments=("${options[@]}")
if [ -n "$buildinfo" ]; then
	cp "$buildinfo" "published/$record"
	built=$(sed -n 's/^Build-Date: //p' "$buildinfo")
	[ -n "$built" ] || fail "$buildinfo has no Build-Date"
	arguments+=(--clock "$(date -u -d "$built" +%s)")
fi

cat >release.yaml <<YAML
# Written by ci/examples/debian-package/describe.sh.
name: $source-$version
target: $architecture
published:
  directory: published
pin:
$(sed -E 's/:.*//; s/^/  - /' pins)
build:
  backend: command
  script: $(realpath --relative-to=. "$example")/build.sh
  arguments:
$(printf '    - "%s"\n' "${arguments[@]}" "$source" "$version")
artifacts:
  - name: "*.deb"
ignore:
  - name: "*.udeb"
    reason: packages of the installer, whose index the pins do not hold
  - name: "*.buildinfo"
    reason: the record of a build, with its time and machine; its packages are compared
buildinfo: $record
YAML
echo "$source $version: $(find published -name '*deb' | wc -l) published packages; now run"
echo "reproof verify $2/release.yaml --store $store --db $2/reproof.db"
