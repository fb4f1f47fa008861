# SPDX-License-Identifier: Apache-2.0
#
# Sourced by build.sh: makes the initial RAM disk $2 with the tree $1's own initramfs-tools, which
# keep to SOURCE_DATE_EPOCH: sorted names, fixed times and inodes, one xz thread.
tree=$1 image=$2
kernel=$(cd "$tree/usr/lib/modules" && echo *)
[ -d "$tree/usr/lib/modules/$kernel" ] || fail "initrd: the image does not have exactly one kernel"

cp -r "$source/initramfs" "$tree/run/initramfs"
# Where it works is seen in the directory's time: always the same one, not the caller's TMPDIR.
mount -t proc proc "$tree/proc"
TMPDIR=/tmp chroot "$tree" mkinitramfs -d /run/initramfs -o /run/initrd.img "$kernel" >"$work/log" 2>&1 ||
	{ umount "$tree/proc"; cat "$work/log" >&2; false; }
umount "$tree/proc"
mv "$tree/run/initrd.img" "$image"
rm -rf "$tree/run/initramfs"
