#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes all artifacts of a release from a root file system that is ready: what comes after the
# packages are installed. build.sh runs it, and who wants a release of the same tree with another
# image UUID (ci/demo-tamper.sh) or of a small tree (tests/cli/demo-tamper.test).
#
# usage: artifacts.sh TREE KERNEL INITRD NAME UUID
#   TREE    the root file system; its os-release gets the UUID
#   NAME    the artifacts' base name
#   UUID    the image's, from which the verity tree's salt and UUID follow
# OUTPUT, SOURCE_DATE_EPOCH, TMPDIR as for build.sh. Prints the name of each artifact made.
. "$(dirname "$0")/environment.sh"
[ $# = 5 ] || fail "usage: artifacts.sh TREE KERNEL INITRD NAME UUID"
tree=$(realpath "$1") kernel=$(realpath "$2") initrd=$(realpath "$3") name=$4 uuid=$5
[[ $uuid =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]] || fail "$uuid is no image UUID"
# The scripts beside say which of these is for what.
for tool in mksquashfs mke2fs debugfs e2fsck getfattr cpio xz gzip veritysetup objcopy sbsign \
	faketime sfdisk mkfs.fat mcopy bmaptool bg_setenv openssl rdiff; do
	command -v $tool >/dev/null || fail "$tool is missing"
done
. "$source/efi.sh"
for file in $stub $bootguard $snakeoil_key; do
	[ -f $file ] || fail "$file is missing"
done
. "$source/verity.sh"
. "$source/disk.sh"
. "$source/bundle.sh"
out=$work/out
mkdir "$out"
version=$(cd "$tree/usr/lib/modules" && echo *)
[ -d "$tree/usr/lib/modules/$version" ] || fail "the tree does not have exactly one kernel's modules"

# squash UUID OUT: the tree as the image with this UUID. mksquashfs sorts by itself, and takes the
# file system's own time from SOURCE_DATE_EPOCH. The form has no place for ACLs: it says so and
# leaves them out, as everybody's squashfs does.
squash() {
	sed -i '/^IMAGE_UUID=/d' "$tree/usr/lib/os-release"
	echo "IMAGE_UUID=\"$1\"" >>"$tree/usr/lib/os-release"
	find "$tree/usr/lib" -maxdepth 1 \( -name lib -o -name os-release \) \
		-exec touch --date="@$SOURCE_DATE_EPOCH" {} +
	rm -f "$2"
	mksquashfs "$tree" "$2" -quiet -no-progress -comp zstd -Xcompression-level 3 >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; false; }
}

begin "packing the release before, for .delta"
squash "$(uuid_of "the release before")" "$work/before.squashfs"
rdiff signature "$work/before.squashfs" "$work/before.signature"
rm "$work/before.squashfs"

begin "packing .squashfs and .delta"
squash "$uuid" "$out/$name.squashfs"
rdiff delta "$work/before.signature" "$out/$name.squashfs" "$out/$name.delta"

begin "packing .tar.gz"
# Order, owners, times and headers are fixed; atime and ctime stay out.
tar --create --directory="$tree" --one-file-system --sort=name --numeric-owner --format=pax \
	--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
	--xattrs --xattrs-include='*' . >"$work/tar"
gzip -n -6 <"$work/tar" >"$out/$name.tar.gz" &
gzip=$!

begin "writing the lists"
dpkg-query --admindir="$tree/var/lib/dpkg" -W \
	-f '${source:Package}|${source:Version}|${binary:Package}|${Version}\n' >"$out/$name.manifest"
cp "$tree/var/lib/dpkg/status" "$out/$name.dpkg_status"
echo "TARGET_IMAGE_UUID=\"$uuid\"" >"$out/$name.uuid.env"
cp "$kernel" "$out/$name-vmlinuz"
cp "$initrd" "$out/$name-initrd.img"

begin "making .verity"
make_verity "$out/$name.squashfs" "$out/$name" "$uuid"

begin "making and signing linux.efi"
signing_key "$work/key"
printf 'root=/dev/mapper/verityroot roothash=%s hashoffset=%s ro console=ttyS0 panic=5' \
	"$root_hash" "$(stat -c %s "$out/$name.squashfs")" >"$work/cmdline"
printf %s "$version" >"$work/uname"
unified_kernel "$out/linux.efi.unsigned" "$tree/usr/lib/os-release" "$work/cmdline" "$work/uname" \
	"$initrd" "$kernel"
sign_efi "$work/key" $snakeoil_certificate "$out/linux.efi.unsigned" "$out/linux.efi"
sign_efi "$work/key" $snakeoil_certificate $bootguard "$out/bootx64.efi"

begin "packing .ext4"
. "$source/ext4.sh" "$tree" "$out/$name.ext4" system

begin "making .wic"
. "$source/ext4.sh" "$tree/var" "$work/var.ext4" var
mkdir -p "$work/efi/EFI/BOOT"
cp "$out/bootx64.efi" "$work/efi/EFI/BOOT/BOOTX64.EFI"
fat_image "$work/efi.fat" 4 4321dcba EFI "$work/efi"
boot_partition "$work/boot0.fat" BOOT0 4321dc00 2 "$out/linux.efi"
boot_partition "$work/boot1.fat" BOOT1 4321dc01 1 "$out/linux.efi"
disk "$out/$name.wic" "$work/efi.fat" "$work/boot0.fat" "$work/boot1.fat" "$out/$name.verity" \
	"$work/var.ext4" >"$work/partitions"
wait $gzip
begin "packing .wic.xz and .wic.bmap"
pack_disk "$out/$name.wic"

begin "packing .swu"
mkdir "$work/bundle"
cp "$out/linux.efi" "$out/bootx64.efi" "$work/bundle"
gzip -n -1 <"$out/$name.verity" >"$work/bundle/$name.verity.gz"
describe "$work/bundle" "$uuid" "$name.verity.gz"
sign_description "$work/key" $snakeoil_certificate "$work/bundle/sw-description"
pack_bundle "$out/$name.swu" "$work/bundle"

begin "handing out"
chmod 644 "$out"/*
(cd "$out" && LC_ALL=C ls)
mv "$out"/* "$OUTPUT"
