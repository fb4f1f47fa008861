# SPDX-License-Identifier: Apache-2.0
#
# Sourced by build.sh: makes the initial RAM disk $2 with programs of the tree $1.
tree=$1 image=$2
ram=$work/ram

mkdir -p "$ram"/{dev,proc,sys,run,root,usr/bin,usr/sbin,usr/lib,usr/lib64}
for directory in bin sbin lib lib64; do ln -s usr/$directory "$ram/$directory"; done
programs=(/usr/bin/dash /usr/bin/mount /usr/bin/sleep /usr/sbin/switch_root)
for program in "${programs[@]}"; do
	[ -f "$tree$program" ] || fail "initrd: the image has no $program"
	cp "$tree$program" "$ram$program"
done
ln -s dash "$ram/usr/bin/sh"
# The libraries that they ask for, as the image itself would find them.
chroot "$tree" /usr/bin/ldd "${programs[@]}" | sed -nE 's,.*[ 	](/[^ ]+) \(0x.*,\1,p' |
	LC_ALL=C sort -u >"$work/libraries"
[ -s "$work/libraries" ] || fail "initrd: ldd named no library"
while read -r library; do
	# By the merged paths: /lib is /usr/lib.
	case $library in /usr/*) ;; *) library=/usr$library ;; esac
	mkdir -p "$ram$(dirname "$library")"
	cp --dereference "$tree$library" "$ram$library"
done <"$work/libraries"
cat >"$ram/init" <<'INIT'
#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
read -r line </proc/cmdline
for argument in $line; do
	case $argument in root=*) root=${argument#root=} ;; esac
done
while [ ! -e "$root" ]; do sleep 1; done
mount -o ro "$root" /root
exec switch_root /root /sbin/init
INIT
chmod 755 "$ram/init"
mknod -m 600 "$ram/dev/console" c 5 1
mknod -m 666 "$ram/dev/null" c 1 3
find "$ram" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

# --reproducible: device numbers left out, inode numbers counted from 1 in this order.
(cd "$ram" && find . -print0 | LC_ALL=C sort -z |
	cpio --quiet --null --create --format=newc --reproducible --owner=+0:+0) |
	xz --threads=1 --check=crc32 -6 >"$image"
