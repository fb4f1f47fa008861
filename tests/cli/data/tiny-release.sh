#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes published/, a release as the demo's with a root file system of a handful of files, in a
# few seconds and without a network; its base name is `tiny`.
set -euo pipefail
umask 022
mkdir -p tree/{boot,dev,etc/ssh,usr/sbin,usr/lib/modules/6.1.0-tiny,var/lib/dpkg,var/log} published
ln -s ../usr/lib/os-release tree/etc/os-release
echo 'PRETTY_NAME="a tiny system"' >tree/usr/lib/os-release
for n in {1..40}; do echo "# line $n of the configuration"; done >tree/etc/ssh/sshd_config
echo 'table inet filter { }' >tree/etc/nftables.conf
printf 'root:%s:19700:0:99999:7:::\nsshd:!:19700::::::\n' \
	"$(openssl passwd -6 -salt cipcoremini root)" >tree/etc/shadow
chmod 640 tree/etc/shadow
# A program of several blocks that can be packed, as programs can.
seq -f '%.0f is a number that a program may know of' 9000 >tree/usr/sbin/sshd
chmod 755 tree/usr/sbin/sshd
ln tree/etc/nftables.conf tree/etc/nftables.same
: >tree/usr/lib/modules/6.1.0-tiny/modules.dep
for package in openssl:3.0.17-1~deb12u2 openssh-server:1:9.2p1-2+deb12u7; do
	printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n' \
		"${package%%:*}" "${package#*:}"
	printf 'Maintainer: nobody <nobody@example.org>\nDescription: nothing\n\n'
done >tree/var/lib/dpkg/status
seq 30000 >kernel
seq 20000 | xz --check=crc32 >initrd
find tree -exec touch --no-dereference --date=@1700000000 {} +
SOURCE_DATE_EPOCH=1700000000 OUTPUT=$PWD/published \
	"$SRC/ci/examples/cip-core-mini/artifacts.sh" tree kernel initrd tiny \
	97842aaf-9bfe-47f3-862f-dbd1cc851bf1 >artifacts 2>log || { cat log >&2; exit 1; }
