#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the binary packages of a Debian source package as Debian's build machines do, from pinned
# archives only: the same chroot and the same call of dpkg-buildpackage as sbuild's, made here by
# mmdebstrap so that a normal user's sandbox will do (README.md).
#
# usage: build.sh --pin ARCHIVE@TIMESTAMP:SUITE[,SUITE...] [--pin ...] [--clock SECONDS] SOURCE VERSION
#   --pin    the archives that the chroot is made of, and the source is taken from
#   --clock  the time that the build is told it is, since 1970; without it the changelog's, in which
#            the published build was likely made
# Environment:
#   OUTPUT   an empty directory: the .deb and .udeb, and the .buildinfo with what they were built with
#   http_proxy, TMPDIR   how to reach the archives, or what stands for them; where to work (1 GB)
set -Eeuo pipefail

fail() { echo "build.sh: $*" >&2; exit 1; }
step="reading the arguments"
trap 'fail "failed while $step (line $LINENO)"' ERR
begin() { step=$1; printf 'build: %3d s  %s\n' $SECONDS "$step" >&2; }

[ -d "${OUTPUT:-}" ] && [ -z "$(ls -A "$OUTPUT")" ] || fail "OUTPUT is not an empty directory"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
sources=() release='' clock=''
while [ $# -gt 2 ]; do
	if [ "$1" = --clock ]; then
		[[ $2 =~ ^[0-9]+$ ]] || fail "--clock $2 is no number of seconds"
		clock=$2
		shift 2
		continue
	fi
	[ "$1" = --pin ] || fail "unknown argument $1"
	[[ $2 =~ ^([a-z0-9-]+)@([0-9]{8}T[0-9]{6}Z):([a-z0-9,-]+)$ ]] ||
		fail "a pin is ARCHIVE@TIMESTAMP:SUITE,SUITE: $2"
	url=http://snapshot.debian.org/archive/${BASH_REMATCH[1]}/${BASH_REMATCH[2]}
	for suite in ${BASH_REMATCH[3]//,/ }; do
		sources+=("deb [signed-by=$keyring] $url $suite main"
			"deb-src [signed-by=$keyring] $url $suite main")
		release=${release:-${suite%%-*}}
	done
	shift 2
done
[ ${#sources[@]} -gt 0 ] || fail "no --pin"
[ $# = 2 ] || fail "give SOURCE and VERSION"
package=$1 version=$2
[[ $package =~ ^[a-z0-9][a-z0-9+.-]+$ ]] || fail "$package is no name of a source package"
[[ $version =~ ^[0-9][A-Za-z0-9.+:~-]*$ ]] || fail "$version is no version"

work=$(mktemp -d "${TMPDIR:-/tmp}/debian-package.XXXXXX")
chroot=$work/chroot
mounted=()
clean() {
	for place in "${mounted[@]}"; do umount --lazy "$place"; done
	rm -rf --one-file-system "$work"
}
trap clean EXIT

begin "making the chroot"
# What sbuild calls a buildd chroot. The proxy is told to apt by the environment, here and below.
if ! mmdebstrap --mode=root --variant=buildd --format=directory --skip=check/empty \
	--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
	--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' \
	--aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io --skip=cleanup/apt/lists \
	--include=faketime "$release" "$chroot" "${sources[@]}" </dev/null >"$work/log" 2>&1; then
	tail -n 30 "$work/log" >&2
	fail "mmdebstrap failed (see above)"
fi
# The kernel gives a user namespace no device nodes; those of the sandbox are shown.
mount --rbind /dev "$chroot/dev"
mounted+=("$chroot/dev")
mount -t proc proc "$chroot/proc"
mounted+=("$chroot/proc")
# Nothing of the caller's environment gets in: dpkg-buildpackage takes SOURCE_DATE_EPOCH from the
# changelog, as on Debian's machines.
inside() {
	env -i ${http_proxy:+http_proxy="$http_proxy"} PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C.UTF-8 TZ=UTC DEBIAN_FRONTEND=noninteractive HOME=/nonexistent \
		chroot "$chroot" "$@" </dev/null
}

begin "installing what $package $version is built with"
inside apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=0 --no-install-recommends -y \
	build-dep "$package=$version"

begin "unpacking the source"
inside useradd --no-create-home --home-dir /nonexistent --shell /bin/sh builder
# The directory has a random part on Debian's machines: what is built must not depend on it.
mkdir -p "$chroot/build/reproof"
inside chown builder:builder /build/reproof
as_builder() {
	inside setpriv --reuid builder --regid builder --clear-groups sh -euc 'cd /build/reproof; "$@"' sh "$@"
}
# apt holds the files of the source to the hashes of the signed archive.
as_builder apt-get -qq source --download-only "$package=$version"
as_builder sh -c 'dpkg-source --no-check -x *.dsc source'

# Some packages put the year or the day of the build into what they make.
clock=${clock:-$(as_builder sh -c 'cd source && dpkg-parsechangelog -S Timestamp')}
library=$(echo "$chroot"/usr/lib/*/faketime/libfaketimeMT.so.1)
[ -f "$library" ] || fail "libfaketime is not in the chroot"
begin "building, on $(date -u -d "@$clock" '+%F %T')"
# Files keep the time that they have: make compares it.
as_builder env LD_PRELOAD="${library#"$chroot"}" NO_FAKE_STAT=1 FAKETIME="@$(date -u -d "@$clock" '+%F %T')" \
	sh -c 'cd source && exec dpkg-buildpackage --unsigned-source --unsigned-changes --build=any,all -rfakeroot'

begin "handing out"
# Debug symbols are published in another archive.
find "$chroot/build/reproof" -maxdepth 1 -type f \
	\( -name '*.deb' -o -name '*.udeb' -o -name '*.buildinfo' \) ! -name '*-dbgsym_*' \
	-exec cp -t "$OUTPUT" {} +
chmod 644 "$OUTPUT"/*
begin "done: $(find "$OUTPUT" -name '*deb' | wc -l) packages"
