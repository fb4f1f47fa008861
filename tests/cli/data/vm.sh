# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests that need another kernel than this machine's, or what this machine
# keeps from us: Debian's kernel in a virtual machine whose root is this machine's, read-only.

# vm_kernel: Debian's kernel and the few modules of it, from this machine's apt sources, into vm/
vm_kernel() {
	local package
	mkdir -p vm/root/modules vm/root/bin vm/root/host
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
	(cd vm && apt-get -qq download "$package" 2>download.log && dpkg-deb -x ./*.deb kernel) || return
	find vm/kernel/lib/modules -regextype posix-extended -regex \
		'.*/(virtio|virtio_ring|virtio_pci|virtio_pci_(legacy|modern)_dev|9pnet|9pnet_virtio|9p|netfs|fscache|loop|ext4|jbd2|mbcache|crc16|crc32c_generic)\.ko' \
		-exec cp {} vm/root/modules/ \;
	cp "$(command -v busybox)" vm/root/bin/
	cat >vm/root/init <<-'END'
		#!/bin/busybox sh
		b=/bin/busybox
		$b mkdir -p /proc /dev; $b mount -t proc proc /proc; $b mount -t devtmpfs dev /dev
		# Each needs some of the others: those that are there stay.
		for i in 1 2 3 4; do for m in /modules/*.ko; do $b insmod $m 2>/dev/null; done; done
		$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 root /host
		for d in proc dev sys tmp run root; do $b mount -t tmpfs none /host/$d; done
		$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 top /host/mnt
		$b umount /host/proc /host/dev /host/sys
		$b mount -t sysfs sys /host/sys; $b mount -t cgroup2 cgroup /host/sys/fs/cgroup
		$b umount /proc; $b mount -t proc proc /host/proc; $b mount --move /dev /host/dev
		exec $b switch_root /host /bin/bash /mnt/inside.sh
	END
	chmod +x vm/root/init
	(cd vm/root && find . | cpio -o -H newc --quiet | gzip -1) >vm/initrd
}

# vm_run SCRIPT: runs it as root in there, in an empty directory in memory; what it says is printed.
# $TOP is /mnt there, and may be written.
vm_run() {
	cat >inside.sh <<-END
		exec >/mnt/vm/said 2>&1 </dev/null
		export PATH=/mnt/vm/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp LC_ALL=C.UTF-8
		export DATA=/mnt/vm/data TOP=/mnt
		mkdir /tmp/here; cd /tmp/here
		. /mnt/$1
		echo b >/proc/sysrq-trigger
	END
	mkdir -p vm/bin; cp "$(command -v reproof)" vm/bin/; cp -r "$DATA" vm/data 2>/dev/null; : >vm/said
	timeout 600 qemu-system-x86_64 -accel tcg,thread=multi -m 1536 -smp 2 -nodefaults -no-reboot \
		-display none -serial file:vm/console -kernel vm/kernel/boot/vmlinuz-* -initrd vm/initrd \
		-append 'console=ttyS0 quiet panic=-1' \
		-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
		-virtfs "local,path=$PWD,mount_tag=top,security_model=none" >vm/qemu.log 2>&1 </dev/null ||
		{ echo "the virtual machine: exit $?"; tail -n 20 vm/qemu.log vm/console; }
	cat vm/said
}
