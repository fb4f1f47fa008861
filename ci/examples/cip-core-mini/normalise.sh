# SPDX-License-Identifier: Apache-2.0
#
# Sourced by build.sh: takes out of the tree $1 what is of one build only, so that two builds of the
# same packages have the same files, and fixes all times.
tree=$1

# Random or of this machine: made anew on the device at its first start.
rm -f "$tree"/etc/ssh/ssh_host_*_key "$tree"/etc/ssh/ssh_host_*_key.pub
: >"$tree/etc/machine-id"
rm -f "$tree/var/lib/dbus/machine-id" "$tree/var/lib/systemd/random-seed"
rm -rf "$tree"/var/lib/chrony/* "$tree"/var/lib/aide/*
rm -f "$tree/etc/hostname" "$tree/etc/resolv.conf"
echo cip-core-mini >"$tree/etc/hostname"
: >"$tree/etc/resolv.conf"

# Caches and logs: their content follows the order and the moment of the work.
rm -f "$tree/var/cache/ldconfig/aux-cache"
rm -f "$tree"/var/cache/debconf/*-old "$tree"/var/lib/dpkg/*-old
rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/var/lib/apt/extended_states
rm -f "$tree"/var/lib/initramfs-tools/* "$tree/boot"/initrd.img-*
rm -rf "$tree"/var/cache/man/* "$tree"/var/log/apt
find "$tree/var/log" -type f -delete
# Whether there was something in these depends on the machine, and is seen in their times.
find "$tree/tmp" "$tree/var/tmp" "$tree/run" -mindepth 1 -delete
touch --date="@$SOURCE_DATE_EPOCH" "$tree/tmp" "$tree/var/tmp" "$tree/run"
find "$tree/usr" -name __pycache__ -prune -exec rm -rf {} +

# Which device nodes mmdebstrap could make depends on where it ran. These two are needed before the
# kernel's own /dev is there.
find "$tree/dev" -mindepth 1 -delete
mknod -m 600 "$tree/dev/console" c 5 1
mknod -m 666 "$tree/dev/null" c 1 3

# What only the build needed.
rm -f "$tree/etc/apt/preferences.d/apt-preferences" "$tree/etc/apt/apt.conf.d/99mmdebstrap" \
	"$tree/etc/dpkg/dpkg.cfg.d/99mmdebstrap"

# Root's password is "root", as in CIP's images for testing; the salt is fixed.
hash=$(openssl passwd -6 -salt cipcoremini root)
awk -F: -v OFS=: -v hash="$hash" '$1 == "root" { $2 = hash } { print }' "$tree/etc/shadow" >"$work/shadow"
cat "$work/shadow" >"$tree/etc/shadow"
# Day of the last password change: that of the source, not that of the build.
day=$((SOURCE_DATE_EPOCH / 86400))
awk -F: -v OFS=: -v day=$day '$3 != "" { $3 = day } { print }' "$tree/etc/shadow" >"$work/shadow"
cat "$work/shadow" >"$tree/etc/shadow"
rm -f "$tree"/etc/{passwd,shadow,group,gshadow,subuid,subgid}-

# No file is younger than the source.
find "$tree" -xdev -newermt "@$SOURCE_DATE_EPOCH" -print0 |
	xargs -0 -r touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
