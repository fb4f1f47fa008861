#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a small release in the form of CIP Core's secure-boot image (README.md lists its artifacts).
#
# usage: build.sh --pin ARCHIVE@TIMESTAMP:SUITE[,SUITE...] [--pin ...] [--size mini|full]
#   --size              what is added to packages.list (mini.list), and what dpkg leaves out (mini.cfg)
# Environment:
#   OUTPUT              an empty directory, where the artifacts go
#   SOURCE_DATE_EPOCH   the time that all files get which would otherwise have the build's
#   IMAGE_UUID          the image's; without it one that follows from packages and time
#   http_proxy          how to reach snapshot.debian.org, or what stands for it (reproof's proxy)
#   TMPDIR              where to work; about 2.5 GB
# Needs root and the packages that ci/packages.txt names for the demo.
#
# The same pins, list and SOURCE_DATE_EPOCH give the same bytes, whatever the path, time zone,
# locale, umask, host name, moment, and file system it works on.
. "$(dirname "$0")/environment.sh"

[ "$(id -u)" = 0 ] || fail "needs root"
[ -d "$OUTPUT" ] && [ -z "$(ls -A "$OUTPUT")" ] || fail "$OUTPUT is not an empty directory"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
sources=() release= size=mini
while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || fail "unknown argument $1"
	if [ "$1" = --size ]; then
		[[ $2 =~ ^(mini|full)$ ]] || fail "no size $2"
		size=$2
		shift 2
		continue
	fi
	[ "$1" = --pin ] || fail "unknown argument $1"
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
tree=$work/tree

begin "installing the packages"
readarray -t packages < <(sed -E 's/#.*//; /^[[:space:]]*$/d' "$source/packages.list" "$source/$size.list")
include=$(IFS=,; echo "${packages[*]}")
# Configuration for apt and dpkg that is for the build only goes in by the hooks, and out by them.
# The initial RAM disk is made once, afterwards: until then the trigger finds nothing to run.
divert='chroot "$1" dpkg-divert --quiet --local --no-rename'
if ! mmdebstrap --mode=root --variant=essential --architectures=amd64 --format=directory \
	--include="$include" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
	--setup-hook="copy-in $source/apt-preferences /etc/apt/preferences.d" \
	--essential-hook="$divert --add /usr/sbin/update-initramfs" \
	--essential-hook='ln -s /bin/true "$1/usr/sbin/update-initramfs"' \
	--customize-hook='rm "$1/usr/sbin/update-initramfs"' \
	--customize-hook='mv "$1/usr/sbin/update-initramfs.distrib" "$1/usr/sbin/update-initramfs"' \
	--customize-hook="$divert --remove /usr/sbin/update-initramfs" \
	--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' \
	--dpkgopt=force-unsafe-io --dpkgopt="$source/dpkg.cfg" --dpkgopt="$source/$size.cfg" \
	"$release" "$tree" "${sources[@]}" </dev/null >"$work/mmdebstrap.log" 2>&1; then
	tail -n 30 "$work/mmdebstrap.log" >&2
	fail "mmdebstrap failed (see above)"
fi

begin "packing -initrd.img"
. "$source/initrd.sh" "$tree" "$work/initrd.img"
# The kernel is started from linux.efi: the root file system has no need for another copy.
mv "$tree"/boot/vmlinuz-* "$work/vmlinuz"

begin "removing what is of this build only"
. "$source/normalise.sh" "$tree"

if [ -z "$IMAGE_UUID" ]; then
	IMAGE_UUID=$(uuid_of "$(cat "$tree/var/lib/dpkg/status"; echo "$SOURCE_DATE_EPOCH")")
fi
step="making the artifacts"
"$source/artifacts.sh" "$tree" "$work/vmlinuz" "$work/initrd.img" "$name" "$IMAGE_UUID" \
	>"$work/artifacts"
begin "done: $(wc -l <"$work/artifacts") artifacts"
