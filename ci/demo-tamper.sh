# SPDX-License-Identifier: Apache-2.0
#
# Sourced by ci/demo.sh: makes $2, a copy of the release $1 with base name $3, with three
# changes: one byte of a file in the .ext4, the mtime of a file in the .tar.gz, and no initrd.
from=$1 copy=$2 name=$3
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

# The field is changed in place as well, at byte 136 of the file's header, and the header's checksum
# with it (at 148; POSIX ustar): unpacking and packing again would not prove that only this differs.
tar=$work/tampered.tar
gzip -dc "$copy/$name.tar.gz" >"$tar"
header=$(tar --list --block-number --file "$tar" |
	awk -v path="./$touched" '$1 == "block" && $3 == path { print $2 * 512 }')
[ -n "$header" ] || fail "cannot find ./$touched in the tar"
put() { printf '%s\0' "$2" | dd of="$tar" bs=1 seek=$((header + $1)) conv=notrunc status=none; }
put 136 "$(printf %011o "$(date -u -d '2001-02-03 04:05:06' +%s)")"
sum=$(dd if="$tar" bs=512 skip=$((header / 512)) count=1 status=none | od -An -v -w1 -tu1 |
	awk 'NR <= 148 || NR > 156 { sum += $1 } END { print sum + 8 * 32 }')
put 148 "$(printf %06o "$sum")"
gzip -n -6 <"$tar" >"$copy/$name.tar.gz"
rm "$tar"
echo "gave /$touched in $name.tar.gz another mtime"

rm "$copy/$name-initrd.img"
echo "left out $name-initrd.img"
