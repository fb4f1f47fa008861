#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make demo: the main job end to end, on real Debian packages.
#
# usage: ci/demo.sh REPROOF DIRECTORY [mini|full]
# 1. captures the present state of this machine's Debian archives as a pin;
# 2. builds a small release and calls it "published", in one environment;
# 3. verifies it by rebuilding it from the pin in another one: all has to be reproduced;
# 4. compares a copy with three known changes: exactly these have to be named;
# 5. compares copies that somebody tampered with so that it should not be noticed: each has to be.
# DIRECTORY keeps release.yaml, published/, tampered/, store/ and reproof.db. A second run keeps pin
# and published release, as long as what they were made from is the same; it rebuilds for real.
set -Eeuo pipefail

reproof=$(realpath "$1")
mkdir -p "$2"
demo=$(realpath "$2")
size=${3:-mini}
example=$(cd "$(dirname "$0")/examples/cip-core-mini" && pwd)
base=cip-core-image-security-cip-core-bookworm-qemu-amd64

# Mounting, device nodes and owners of a root file system are root's.
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "demo: building an image needs root. Run: sudo make demo" >&2
		exit 2
	fi
	echo "demo: building an image needs root; going on with sudo"
	status=0
	sudo -n "$0" "$reproof" "$demo" "$size" || status=$?
	sudo -n chown -R "$(id -u):$(id -g)" "$demo"
	exit $status
fi

fail() { echo "demo: FAILED: $*" >&2; exit 1; }
trap 'fail "$0, line $LINENO"' ERR
say() { printf '\n\e[1m%s\e[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[01]m//g'; fi; }
run() { echo "\$ reproof $*" >&2; "$reproof" "$@"; }

# The work is done on one machine for both builds; what must not be seen is not in their way.
work=$(mktemp -d "${TMPDIR:-/tmp}/reproof-demo.XXXXXX")
server=
finish() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap finish EXIT
cd "$demo"

say "1. A pin: the Debian archives as they are now"
if [ -s pins ]; then
	echo "kept from the run before (make demo-clean forgets it)"
else
	run snapshot capture --store store >"$work/pins"
	awk '$1 ~ /^debian(-security)?@/ { print $1, $2 }' "$work/pins" | sort -u >pins
	[ -s pins ] || { rm -f pins; fail "no Debian archive among this machine's apt sources"; }
fi
cat pins
# The suite that others are updates of comes first: it names the release.
readarray -t pins < <(cut -d' ' -f1 pins | sort -u)
arguments=()
for pin in "${pins[@]}"; do
	suites=$(awk -v pin="$pin" '$1 == pin { print length($2), $2 }' pins | sort -n | cut -d' ' -f2 |
		paste -sd,)
	arguments+=(--pin "$pin:$suites")
done
arguments+=(--size "$size")
suite=$(awk '$1 ~ /^debian@/ { print length($2), $2 }' pins | sort -n | head -n 1 | cut -d' ' -f2)
base=${base/bookworm/$suite}
# Pins are named by the newest Date of their suites: the time the sources are from.
stamp=$(printf '%s\n' "${pins[@]}" | sed 's/.*@//' | sort | tail -n 1)
epoch=$(date -u -d "${stamp:0:8} ${stamp:9:2}:${stamp:11:2}:${stamp:13:2}" +%s)

say "2. The published release"
inputs=$(
	cat pins
	echo "$size"
	(cd "$example" && find . -type f | LC_ALL=C sort | xargs sha256sum)
	dpkg-query -W $("$(dirname "$example")/../install-deps.sh" --list demo) coreutils tar gzip
)
if [ -d published ] && [ "$(cat published.inputs 2>/dev/null)" = "$inputs" ] &&
	(cd published && sha256sum --status --check ../published.sha256); then
	echo "kept from the run before: made from the same pin, script and tools"
else
	rm -rf published published.inputs published.sha256
	# Another path, time zone, locale, umask and host name than the rebuild will have.
	mkdir -p "$work/home/ci/builds/4711"
	cp -r "$example" "$work/home/ci/builds/4711/cip-core-mini"
	mkdir "$work/published"
	mkfifo "$work/address"
	"$reproof" snapshot serve --store store --port 0 --log "$work/serve.log" \
		$(printf -- '--pin %s ' "${pins[@]}") >"$work/address" &
	server=$!
	read -r address <"$work/address" || fail "the proxy did not start"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR="$work" TZ=Asia/Tokyo LC_ALL=C USER=publisher \
		SOURCE_DATE_EPOCH="$epoch" http_proxy="$address" OUTPUT="$work/published" \
		unshare --uts --mount bash -c '
			hostname publisher-7.example
			umask 077
			exec "$@"' - "$work/home/ci/builds/4711/cip-core-mini/build.sh" "${arguments[@]}"
	kill "$server" && wait "$server" || true
	server=
	mv "$work/published" published
	(cd published && sha256sum -- *) >published.sha256
	echo "$inputs" >published.inputs
fi
(cd published && du -h --apparent-size -- *)

# The names of all artifacts, those that are called after the image first.
artifacts() {
	printf "$base%s\n" .dpkg_status .delta .ext4 .manifest .squashfs .swu .tar.gz .uuid.env .verity \
		.verity.env .wic .wic.bmap .wic.xz -initrd.img -vmlinuz
	printf '%s\n' bootx64.efi linux.efi linux.efi.unsigned
}

# What was published where, and how it is rebuilt.
descriptor() {
	cat <<YAML
# Written by make demo.
name: demo
target: qemu-amd64
published:
  directory: published
pin:
$(printf '  - %s\n' "${pins[@]}")
build:
  backend: command
  script: $(realpath --relative-to="$demo" "$example")/build.sh
  arguments:
$(printf '    - "%s"\n' "${arguments[@]}")
  path: /build
  hostname: rebuilder
  umask: "022"
  environment:
    TZ: America/St_Johns
    LC_ALL: C.UTF-8
artifacts:
$(artifacts | xargs printf '  - name: %s\n    required: true\n')
packages:
  manifest: $base.manifest
  dpkg_status: $base.dpkg_status
YAML
}

# judge CODE COMMAND...: runs a command of reproof, and holds its exit code against what it has to be.
judge() {
	local expected=$1 code=0
	shift
	run "$@" --db reproof.db || code=$?
	[ "$code" = "$expected" ] || fail "reproof $* ended with $code, not with $expected"
	"$reproof" show --db reproof.db --json >"$work/result.json"
}

# What the newest run says, a line a verdict or difference, sorted.
result() {
	jq -r --arg base "$base" '.artifacts[] | (.name | ltrimstr($base)) as $name
		| "\($name) \(.verdict)",
		  (.members[] | "\(.path | split($base) | join("")): \(.change) \(.fields | join(","))")' \
		"$work/result.json" | LC_ALL=C sort
}

# expect WHAT: fails unless the result is what stdin says.
expect() {
	diff -u --label expected --label reproof <(LC_ALL=C sort) <(result) || fail "$1"
}

say "3. Rebuilt in another environment, and compared"
descriptor >release.yaml
judge 0 verify release.yaml --store store
artifacts | sed "s/^$base//; s/\$/ reproduced/" | expect "not all artifacts are reproduced"

say "4. A copy with one file changed, one with another mtime, and one artifact missing"
tamper() {
	rm -rf "$2"
	TMPDIR=$work "$(dirname "$example")/../demo-tamper.sh" "$1" published "$2"
}
tamper three-changes tampered
# What was published is the rebuilt release to the last byte, so that it stands for it here.
judge 4 compare tampered published
{
	artifacts | sed -nE "s/^$base//; /^(-initrd.img|.ext4|.tar.gz)\$/!s/\$/ reproduced/p"
	cat <<END
-initrd.img extra
.ext4 different
.ext4//etc/ssh/sshd_config: content 
.tar.gz different
.tar.gz//.tar//etc/nftables.conf: metadata mtime
END
} | expect "reproof does not say exactly what was changed"

say "5. Copies that somebody tampered with"
# Each against the published release, which is the rebuilt one to the last byte. In every copy just
# the artifacts may differ that were edited; which those are is told by cmp.
# The copies that take minutes to make are for the larger demo; tests/cli/demo-tamper.test has all.
names="byte-in-program certificate-table tar-after-end shadow-hash missing-swu"
[ $size = mini ] || names+=" image-uuid signing-key recompressed package-version"
for name in $names; do
	tamper "$name" "$work/copy"
	code=0
	"$reproof" compare published "$work/copy" --json >"$work/result.json" || code=$?
	jq -r '.artifacts[] | select(.verdict != "reproduced") | .name' "$work/result.json" |
		LC_ALL=C sort >"$work/said"
	artifacts | while read -r artifact; do
		cmp -s "published/$artifact" "$work/copy/$artifact" || echo "$artifact"
	done | LC_ALL=C sort >"$work/edited"
	[ -s "$work/edited" ] || fail "$name changed nothing"
	diff -u --label edited --label reproof "$work/edited" "$work/said" ||
		fail "reproof does not say which artifacts $name changed"
	case $name in missing-swu) expected=4 ;; *) expected=1 ;; esac
	[ $code = $expected ] || fail "reproof compare ended with $code, not with $expected"
	echo "  $(wc -l <"$work/edited") artifacts are not the same, and reproof names each"
	rm -rf "$work/copy"
done

say "As it should be: the release is reproduced, and in each copy exactly the changes are named."
echo "Look around in ${demo#"$PWD/"}: reproof show --db reproof.db"
