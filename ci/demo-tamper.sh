#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a copy of a finished release (ci/examples/cip-core-mini) with one thing changed, as somebody
# could who wants it not to be noticed. They are edits, not further builds: at most the steps behind
# the root file system are run again.
#
# usage: ci/demo-tamper.sh NAME PUBLISHED OUT
#        ci/demo-tamper.sh --list
# OUT must not exist. Says on stdout what it changed. Needs root for the names that make a tree anew.
if [ "${1:-}" = --list ]; then
	sed -n 's/^\([a-z_]*\)() { # /\1  /p' "$0" | sed 's/_/-/g'
	exit 0
fi
fail() { echo "demo-tamper: $*" >&2; exit 1; }
[ $# = 3 ] || fail "usage: demo-tamper.sh NAME PUBLISHED OUT"
top=$(dirname "$(realpath "$0")")
published=$(realpath "$2")
shopt -s nullglob
lists=("$published"/*.manifest)
shopt -u nullglob
[ ${#lists[@]} = 1 ] || fail "$2 does not have exactly one .manifest"
base=$(basename "${lists[0]}" .manifest)
# The time of the release is that of its squashfs.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(od -An -tu4 -j8 -N4 "$published/$base.squashfs" | tr -d ' ')}
. "$top/examples/cip-core-mini/environment.sh"
source=$top/examples/cip-core-mini
. "$source/efi.sh"
. "$source/verity.sh"
. "$source/disk.sh"
. "$source/bundle.sh"
[ ! -e "$3" ] || fail "$3 is there already"
out=$(realpath -m "$3")
program=usr/sbin/sshd

say() { echo "$1: $2"; }

# patch FILE OFFSET BYTES: in place. Perl is in every Debian.
patch() {
	perl -e 'open(my $f, "+<", $ARGV[0]) or die; binmode $f; seek($f, $ARGV[1], 0); print $f $ARGV[2];
		close($f) or die' "$1" "$2" "$3"
}

# partition LABEL: its start and its length in bytes.
partition() {
	sfdisk --dump "$out/$base.wic" |
		sed -nE "s/.*start= *([0-9]+), size= *([0-9]+),.*name=\"$1\".*/\1 \2/p" |
		{ read -r start size && echo $((start * 512)) $((size * 512)); }
}

# tar_edit MEMBER PERL: runs PERL, which changes $data (the member's) and $header of one member of
# the .tar.gz in place, and packs it again as it was. Unpacking and packing would prove less.
tar_edit() {
	gzip -dc "$out/$base.tar.gz" >"$work/tar"
	perl -e '
		open(my $f, "+<", $ARGV[0]) or die; binmode $f;
		while (read($f, my $header, 512) == 512) {
			my ($name, $size, $prefix) = (unpack("Z100", $header),
				oct(unpack("x124 Z12", $header)), unpack("x345 Z155", $header));
			last if $name eq "";
			my $at = tell($f) - 512;
			if ($name ne $ARGV[1]) { seek($f, ($size + 511) & ~511, 1); next }
			read($f, my $data, $size) == $size or die;
			eval $ARGV[2]; die $@ if $@;
			length($data) == $size or die "the length changed";
			substr($header, 148, 8) = " " x 8;
			substr($header, 148, 8) = sprintf("%06o\0 ", unpack("%32C*", $header));
			seek($f, $at, 0); print $f $header, $data; close($f) or die;
			exit 0;
		}
		die "there is no $ARGV[1] in the tar"' "$work/tar" "./$1" "$2" || fail "cannot edit $1"
	gzip -n -6 <"$work/tar" >"$out/$base.tar.gz"
	! cmp -s "$published/$base.tar.gz" "$out/$base.tar.gz" || fail "the tar did not change"
}

# unpack_tree: the root file system of the release.
unpack_tree() {
	mkdir "$work/tree"
	tar --extract --gzip --directory="$work/tree" --file="$out/$base.tar.gz" --numeric-owner \
		--preserve-permissions --xattrs --xattrs-include='*'
}

# artifacts_again UUID: the steps behind the root file system, on the unpacked tree.
artifacts_again() {
	rm -rf "$out"
	mkdir "$out"
	OUTPUT=$out "$source/artifacts.sh" "$work/tree" "$published/$base-vmlinuz" \
		"$published/$base-initrd.img" "$base" "$1" >"$work/made" 2>"$work/log" ||
		{ cat "$work/log" >&2; fail "could not make the artifacts again"; }
}

image_uuid_of() { sed -n 's/^TARGET_IMAGE_UUID="\(.*\)"/\1/p' "$published/$base.uuid.env"; }

three_changes() { # a byte in the .ext4, an mtime in the .tar.gz, and no initrd
	local file=etc/ssh/sshd_config block offset byte
	# The file's first block, found by its number, is where it is.
	block=$(debugfs -R "bmap /$file 0" "$out/$base.ext4" 2>/dev/null)
	[[ $block =~ ^[1-9][0-9]*$ ]] || fail "cannot find /$file in the ext4 image"
	offset=$((block * 4096 + 20))
	byte=$(dd if="$out/$base.ext4" bs=1 skip=$offset count=1 status=none | od -An -tx1)
	[ "$byte" != " 23" ] || offset=$((offset + 1))
	patch "$out/$base.ext4" $offset '#'
	say "$base.ext4" "changed a byte of /$file"
	tar_edit etc/nftables.conf 'substr($header, 136, 12) = sprintf("%011o\0", 981173106)'
	say "$base.tar.gz" "gave /etc/nftables.conf another mtime"
	rm "$out/$base-initrd.img"
	say "$base-initrd.img" "left out"
}

byte_in_program() { # one byte of a program in the squashfs in the verity root of the disk
	local start size squashfs
	tar --extract --gzip --to-stdout --file="$out/$base.tar.gz" "./$program" >"$work/program"
	[ "$(stat -c %s "$work/program")" -ge 131072 ] || fail "/$program has no block of its own"
	# The program alone in a squashfs has the same first block as in the release: that is how it is
	# found there. A byte is looked for whose change leaves the packed block's length as it is.
	one_file() {
		rm -rf "$work/one" "$work/$1"
		mkdir "$work/one"
		head -c 131072 "$work/program" >"$work/one/program"
		mksquashfs "$work/one" "$work/$1" -quiet -no-progress -comp zstd -Xcompression-level 3 -noI \
			-nopad -processors 1 >"$work/log" 2>&1
	}
	one_file before
	local at found=no
	for at in $(seq 40000 977 130000); do
		cp "$work/program" "$work/program.old"
		perl -e 'open(my $f, "+<", $ARGV[0]) or die; binmode $f; seek($f, $ARGV[1], 0); read($f, my $b, 1);
			seek($f, $ARGV[1], 0); print $f chr(ord($b) ^ 1)' "$work/program" $at
		one_file after
		if [ "$(stat -c %s "$work/before")" = "$(stat -c %s "$work/after")" ]; then
			found=yes
			break
		fi
		mv "$work/program.old" "$work/program"
	done
	[ $found = yes ] || fail "no byte of /$program could be changed in place"
	read -r start size < <(partition systema)
	dd if="$out/$base.wic" of="$work/root" iflag=skip_bytes,count_bytes skip=$start count=$size \
		bs=1M status=none
	# The block begins behind the superblock and the compressor's options; the inode table's place
	# is at byte 64 of the superblock (squashfs 4.0).
	perl -e '
		sub slurp { open(my $f, "<", $_[0]) or die; binmode $f; local $/; return <$f> }
		my ($before, $after, $root) = map { slurp($_) } @ARGV;
		my $begin = unpack("v", substr($before, 24, 2)) & 0x400 ? 102 : 96;
		my $end = unpack("Q<", substr($before, 64, 8));
		my ($first, $last);
		for my $i ($begin .. $end - 1) {
			next if substr($before, $i, 1) eq substr($after, $i, 1);
			$first //= $i; $last = $i;
		}
		my $at = index($root, substr($before, $begin, $last + 1 - $begin));
		die "the block is not in the root" if !defined $first || $at < 0;
		open(my $f, "+<", $ARGV[2]) or die; binmode $f;
		seek($f, $at + $first - $begin, 0); print $f substr($after, $first, $last + 1 - $first);
		close($f) or die' "$work/before" "$work/after" "$work/root" || fail "cannot edit the squashfs"
	# The tree over it is made anew, so that it fits; what the kernel is started with is not.
	squashfs=$(stat -c %s "$out/$base.squashfs")
	truncate -s "$squashfs" "$work/root"
	make_verity "$work/root" "$work/root" "$(image_uuid_of)"
	dd if="$work/root.verity" of="$out/$base.wic" bs=1M oflag=seek_bytes seek=$start conv=notrunc \
		status=none
	xz -1 -T2 --block-size=16MiB --stdout "$out/$base.wic" >"$out/$base.wic.xz"
	say "$base.wic" "changed byte $at of /$program in partition systema, and the verity tree over it"
	say "$base.wic.xz" "the same"
}

image_uuid() { # another image UUID, from which much else follows
	local uuid
	uuid=$(uuid_of "another image")
	unpack_tree
	artifacts_again "$uuid"
	say "$base" "made with the image UUID $uuid in place of $(image_uuid_of)"
}

signing_key() { # EFI programs and bundle signed by somebody else
	local label start size file
	openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 36500 -subj '/CN=another signing key' \
		-keyout "$work/key" -out "$work/certificate" 2>"$work/log"
	mkdir "$work/bundle"
	(cd "$work/bundle" && cpio --quiet --extract --make-directories --no-preserve-owner) <"$out/$base.swu"
	sign_efi "$work/key" "$work/certificate" "$out/linux.efi.unsigned" "$out/linux.efi"
	cp "$out/bootx64.efi" "$work/bootx64.efi"
	sbattach --remove "$work/bootx64.efi" 2>"$work/log"
	sign_efi "$work/key" "$work/certificate" "$work/bootx64.efi" "$out/bootx64.efi"
	touch --date="@$SOURCE_DATE_EPOCH" "$out/linux.efi" "$out/bootx64.efi"
	for label in BOOT0 BOOT1; do
		read -r start size < <(partition $label)
		mcopy -D o -m -i "$out/$base.wic@@$start" "$out/linux.efi" ::linux.efi
	done
	read -r start size < <(partition efi)
	mcopy -D o -m -i "$out/$base.wic@@$start" "$out/bootx64.efi" ::EFI/BOOT/BOOTX64.EFI
	pack_disk "$out/$base.wic"
	mv "$out/$base.wic.bmap" "$work/bmap" && cp "$work/bmap" "$out/$base.wic.bmap"
	cp "$out/linux.efi" "$out/bootx64.efi" "$work/bundle"
	describe "$work/bundle" "$(image_uuid_of)" "$base.verity.gz"
	sign_description "$work/key" "$work/certificate" "$work/bundle/sw-description"
	pack_bundle "$out/$base.swu" "$work/bundle"
	say "$base" "linux.efi, bootx64.efi, .wic, .wic.xz, .wic.bmap and .swu signed with another key"
}

certificate_table() { # 68 kB behind the signature of linux.efi; it still verifies
	perl -e '
		open(my $f, "+<", $ARGV[0]) or die; binmode $f; local $/; my $pe = <$f>;
		# PE32+: the certificate table is data directory 4, the checksum at 64 of the optional header.
		my $optional = unpack("V", substr($pe, 60, 4)) + 24;
		my $entry = $optional + 112 + 4 * 8;
		my ($at, $size) = unpack("VV", substr($pe, $entry, 8));
		$at && $at + $size == length($pe) or die "no certificate table at the end";
		my $more = "this is no part of a signature\n" x 2247;
		$more = substr($more, 0, 68 * 1024);
		substr($pe, $at, 4) = pack("V", unpack("V", substr($pe, $at, 4)) + length($more));
		substr($pe, $entry + 4, 4) = pack("V", $size + length($more));
		$pe .= $more;
		substr($pe, $optional + 64, 4) = "\0" x 4;
		my $sum = 0;
		for my $word (unpack("v*", $pe)) { $sum += $word; $sum = ($sum & 0xffff) + ($sum >> 16) }
		substr($pe, $optional + 64, 4) = pack("V", ($sum & 0xffff) + length($pe));
		seek($f, 0, 0); print $f $pe; close($f) or die' "$out/linux.efi" || fail "cannot edit linux.efi"
	say linux.efi "69632 bytes more in its certificate table"
}

tar_after_end() { # a second archive behind the end of the .tar.gz
	mkdir -p "$work/second/etc"
	echo 'root::0:0:99999:7:::' >"$work/second/etc/shadow"
	gzip -dc "$out/$base.tar.gz" >"$work/tar"
	tar --create --directory="$work/second" --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
		--numeric-owner ./etc/shadow >>"$work/tar"
	gzip -n -6 <"$work/tar" >"$out/$base.tar.gz"
	say "$base.tar.gz" "a second tar with ./etc/shadow behind the end mark"
}

shadow_hash() { # another password of root with the same salt in the .tar.gz
	local hash
	hash=$(openssl passwd -6 -salt cipcoremini "somebody else's")
	tar_edit etc/shadow "\$data =~ s{^root:[^:]*}{root:$(sed 's/\$/\\$/g' <<<"$hash")}m"
	say "$base.tar.gz" "another password hash of root, with the same salt"
}

recompressed() { # the same content in other compressed bytes
	xz -2 -T2 --block-size=16MiB --stdout "$out/$base.wic" >"$out/$base.wic.xz"
	gzip -dc "$published/$base.tar.gz" | gzip -n -1 >"$out/$base.tar.gz"
	say "$base.wic.xz" "compressed by xz -2"
	say "$base.tar.gz" "compressed by gzip -1"
}

package_version() { # another version of a package in every list and image
	local old new status
	old=$(awk -F'|' '$3 == "openssl" { print $4 }' "$out/$base.manifest")
	[ -n "$old" ] || fail "the release has no openssl"
	new=${old%?}$(((${old: -1} + 1) % 10))
	unpack_tree
	status=$work/tree/var/lib/dpkg/status
	touch --reference="$status" "$work/status-time"
	touch --reference="$work/tree/var/lib/dpkg" "$work/directory-time"
	sed -i "/^Package: openssl\$/,/^\$/s/^Version: .*/Version: $new/" "$status"
	touch --reference="$work/status-time" "$status"
	touch --reference="$work/directory-time" "$work/tree/var/lib/dpkg"
	artifacts_again "$(image_uuid_of)"
	say "$base" "made with openssl $new in place of $old in dpkg's status"
}

missing_swu() { # no update bundle
	rm "$out/$base.swu"
	say "$base.swu" "left out"
}

tamper=${1//-/_}
grep -q "^$tamper() { # " "$0" || fail "no tampering $1 (see --list)"
cp -r --sparse=auto "$published" "$out"
step="tampering: $1"
$tamper
