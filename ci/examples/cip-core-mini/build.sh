#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a small release in the form of CIP Core's security image, without a kernel:
# .tar.gz, .squashfs, .ext4, -initrd.img, .manifest and .dpkg_status.
#
# usage: build.sh --pin ARCHIVE@TIMESTAMP:SUITE[,SUITE...] [--pin ...]
# Environment:
#   OUTPUT              an empty directory, where the artifacts go
#   SOURCE_DATE_EPOCH   the time that all files get which would otherwise have the build's
#   http_proxy          how to reach snapshot.debian.org, or what stands for it (reproof's proxy)
#   TMPDIR              where to work; about 600 MB
# Needs root, mmdebstrap, squashfs-tools, e2fsprogs, attr, cpio, xz-utils.
#
# The same pins, list and SOURCE_DATE_EPOCH give the same bytes, whatever the path, time zone,
# locale, umask, host name, moment, and file system it works on.
set -Eeuo pipefail

fail() { echo "build: $*" >&2; exit 1; }

# Nothing of the caller may get into the result: the environment is what is named here.
if [ "${BUILD_CLEAN:-}" != yes ]; then
	[ -n "${OUTPUT:-}" ] || fail "OUTPUT is not set"
	[[ ${SOURCE_DATE_EPOCH:-} =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH is not a number"
	exec env -i BUILD_CLEAN=yes HOME=/nonexistent TMPDIR="${TMPDIR:-/tmp}" OUTPUT="$OUTPUT" \
		SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" ${http_proxy:+http_proxy="$http_proxy"} \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC \
		DEBIAN_FRONTEND=noninteractive bash "$0" "$@"
fi
umask 022
source=$(cd "$(dirname "$0")" && pwd)
step="reading the arguments"
began=$SECONDS
trap 'fail "failed while $step (line $LINENO)"' ERR
begin() {
	step=$1
	printf 'build: %3d s  %s\n' $((SECONDS - began)) "$step" >&2
}

[ "$(id -u)" = 0 ] || fail "needs root"
[ -d "$OUTPUT" ] && [ -z "$(ls -A "$OUTPUT")" ] || fail "$OUTPUT is not an empty directory"
for tool in mmdebstrap mksquashfs mke2fs debugfs e2fsck getfattr cpio xz gzip; do
	command -v $tool >/dev/null || fail "$tool is missing"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
sources=() release=
while [ $# -gt 0 ]; do
	[ "$1" = --pin ] && [ $# -ge 2 ] || fail "unknown argument $1"
	[[ $2 =~ ^([a-z0-9-]+)@([0-9]{8}T[0-9]{6}Z):([a-z0-9,-]+)$ ]] ||
		fail "a pin is ARCHIVE@TIMESTAMP:SUITE,SUITE: $2"
	url=http://snapshot.debian.org/archive/${BASH_REMATCH[1]}/${BASH_REMATCH[2]}
	for suite in ${BASH_REMATCH[3]//,/ }; do
		sources+=("deb [signed-by=$keyring] $url $suite main")
		release=${release:-${suite%%-*}}
	done
	shift 2
done
[ ${#sources[@]} -gt 0 ] || fail "no --pin"

name=cip-core-image-security-cip-core-$release-qemu-amd64
work=$(mktemp -d "$TMPDIR/cip-core-mini.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
tree=$work/tree

begin "installing the packages"
readarray -t packages < <(sed -E 's/#.*//; /^[[:space:]]*$/d' "$source/packages.list")
include=$(IFS=,; echo "${packages[*]}")
# Configuration for apt and dpkg that is for the build only goes in by the hooks, and out by them.
if ! mmdebstrap --mode=root --variant=essential --architectures=amd64 --format=directory \
	--include="$include" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
	--setup-hook="copy-in $source/apt-preferences /etc/apt/preferences.d" \
	--setup-hook="upload $source/dpkg.cfg /etc/dpkg/dpkg.cfg.d/image" \
	--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' \
	--dpkgopt=force-unsafe-io \
	"$release" "$tree" "${sources[@]}" </dev/null >"$work/mmdebstrap.log" 2>&1; then
	tail -n 30 "$work/mmdebstrap.log" >&2
	fail "mmdebstrap failed (see above)"
fi

begin "removing what is of this build only"
. "$source/normalise.sh" "$tree"

begin "writing the lists"
dpkg-query --admindir="$tree/var/lib/dpkg" -W \
	-f '${source:Package}|${source:Version}|${binary:Package}|${Version}\n' >"$work/manifest"
[ "$(wc -l <"$work/manifest")" -gt 50 ] || fail "the manifest has no packages"
cp "$tree/var/lib/dpkg/status" "$work/dpkg_status"

begin "packing .tar.gz"
# Order, owners, times and headers are fixed; atime and ctime stay out.
tar --create --directory="$tree" --one-file-system --sort=name --numeric-owner --format=pax \
	--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
	--xattrs --xattrs-include='*' . >"$work/tar"
gzip -n -6 <"$work/tar" >"$work/tar.gz" &
gzip=$!

begin "packing .squashfs"
# It sorts by itself, and takes the file system's own time from SOURCE_DATE_EPOCH. The form has no
# place for ACLs: it says so and leaves them out, as everybody's squashfs does.
mksquashfs "$tree" "$work/squashfs" -quiet -no-progress -comp zstd -Xcompression-level 3 \
	>"$work/log" 2>&1 || { cat "$work/log" >&2; false; }

begin "packing .ext4"
. "$source/ext4.sh" "$tree" "$work/ext4"

begin "packing -initrd.img"
. "$source/initrd.sh" "$tree" "$work/initrd.img"

begin "handing out"
wait $gzip
for extension in .tar.gz .squashfs .ext4 -initrd.img .manifest .dpkg_status; do
	install -m 644 "$work/${extension#[.-]}" "$OUTPUT/$name$extension"
done
begin "done: $(ls "$OUTPUT" | wc -l) artifacts"
