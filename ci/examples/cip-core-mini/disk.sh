# SPDX-License-Identifier: Apache-2.0
#
# Sourced: functions that make the disk.

# fat_image OUT MEGABYTES VOLUME-ID LABEL DIRECTORY: a FAT file system with the files of DIRECTORY.
# mtools and mkfs.fat take their times from SOURCE_DATE_EPOCH and the files; the order is sorted.
fat_image() {
	local out=$1 file
	rm -f "$out"
	truncate -s "$2M" "$out"
	mkfs.fat --invariant -i "$3" -n "$4" "$out" >"$work/log"
	find "$5" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
	(cd "$5" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort) | while read -r file; do
		if [ -d "$5/$file" ]; then
			mmd -i "$out" "::$file"
		else
			mcopy -m -i "$out" "$5/$file" "::$file"
		fi
	done
}

# boot_partition OUT LABEL VOLUME-ID REVISION KERNEL: what EFI Boot Guard chooses from.
boot_partition() {
	local directory=$work/boot-$2
	mkdir "$directory"
	cp "$5" "$directory/linux.efi"
	printf %s "$2" | iconv -t UTF-16LE >"$directory/EFILABEL"
	bg_setenv --filepath="$directory/BGENV.DAT" --kernel="C:$2:linux.efi" --args= \
		--revision="$4" --ustate=0 --watchdog=60 >"$work/log"
	fat_image "$1" $(($(stat -c %s "$5") / 1048576 + 4)) "$3" "$2" "$directory"
}

# disk OUT EFI BOOT0 BOOT1 ROOT VAR: a GPT with the images as its partitions, and a slot as large as
# ROOT's left empty. Every identifier is fixed. Prints START and SIZE of each partition in MiB.
disk() {
	local out=$1 megabytes=() image at=1 slot script
	shift
	for image in "$1" "$2" "$3" "$4" "$5"; do
		megabytes+=($((($(stat -c %s "$image") + 1048575) / 1048576)))
	done
	slot=$((megabytes[3] + 4))
	megabytes=("${megabytes[@]:0:3}" $slot $slot "${megabytes[4]}")
	local names=(efi BOOT0 BOOT1 systema systemb var)
	local types=(C12A7328-F81F-11D2-BA4B-00A0C93EC93B EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
		EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 0FC63DAF-8483-4772-8E79-3D69D8477DE4
		0FC63DAF-8483-4772-8E79-3D69D8477DE4 0FC63DAF-8483-4772-8E79-3D69D8477DE4)
	local images=("$1" "$2" "$3" "$4" '' "$5") number
	script="label: gpt"$'\n'"label-id: $(uuid_of disk)"$'\n'
	for number in "${!names[@]}"; do
		script+="start=${at}MiB, size=${megabytes[number]}MiB, type=${types[number]}, "
		script+="uuid=$(uuid_of "partition ${names[number]}"), name=${names[number]}"$'\n'
		at=$((at + megabytes[number]))
	done
	rm -f "$out"
	truncate -s $((at + 1))M "$out"
	sfdisk --quiet "$out" <<<"$script"
	at=1
	for number in "${!names[@]}"; do
		[ -z "${images[number]}" ] ||
			dd if="${images[number]}" of="$out" bs=1M seek=$at conv=notrunc,sparse status=none
		echo "${names[number]} $at ${megabytes[number]}"
		at=$((at + megabytes[number]))
	done
}

# pack_disk DISK: writes DISK.bmap and DISK.xz. What is zero is a hole, on each file system alike,
# so that the bmap does not tell how the image was written.
pack_disk() {
	fallocate --dig-holes "$1"
	sync "$1"
	bmaptool --quiet create --output "$1.bmap" "$1"
	xz -1 -T2 --block-size=16MiB --stdout "$1" >"$1.xz"
}
