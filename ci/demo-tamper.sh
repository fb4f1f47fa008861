# SPDX-License-Identifier: Apache-2.0
#
# Sourced by ci/demo.sh: makes $2, a copy of the release $1 with base name $3 and time $4, with three
# changes: one byte of a file in the .ext4, the mtime of a file in the .squashfs, and no initrd.
from=$1 copy=$2 name=$3 epoch=$4
changed=etc/ssh/sshd_config
touched=etc/nftables.conf

rm -rf "$copy"
cp -r --sparse=auto "$from" "$copy"

# The byte is changed in place: the file's first block, found by its number, is where it is.
block=$(debugfs -R "bmap /$changed 0" "$copy/$name.ext4" 2>/dev/null)
[[ $block =~ ^[1-9][0-9]*$ ]] || fail "cannot find /$changed in the ext4 image"
offset=$((block * 4096 + 20))
byte=$(dd if="$copy/$name.ext4" bs=1 skip=$offset count=1 status=none | od -An -tx1)
[ "$byte" != " 23" ] || offset=$((offset + 1))
printf '#' | dd of="$copy/$name.ext4" bs=1 seek=$offset conv=notrunc status=none
! cmp -s "$from/$name.ext4" "$copy/$name.ext4" || fail "the ext4 image did not change"
echo "changed a byte of /$changed in $name.ext4"

# Unpacked and packed again as the release was, so that nothing else changes.
unsquashfs -quiet -no-progress -dest "$work/squashfs" "$copy/$name.squashfs" >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; fail "cannot unpack the squashfs"; }
touch --date="2001-02-03 04:05:06 UTC" "$work/squashfs/$touched"
rm "$copy/$name.squashfs"
SOURCE_DATE_EPOCH=$epoch mksquashfs "$work/squashfs" "$copy/$name.squashfs" -quiet -no-progress \
	-comp zstd -Xcompression-level 3 >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; fail "cannot pack the squashfs"; }
chmod 644 "$copy/$name.squashfs"
rm -rf "$work/squashfs"
echo "gave /$touched in $name.squashfs another mtime"

rm "$copy/$name-initrd.img"
echo "left out $name-initrd.img"
