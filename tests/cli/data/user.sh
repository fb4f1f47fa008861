# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of a sandbox that a normal user makes: as_user COMMAND...
# runs it as the user nobody, in a mount namespace whose /etc/subuid and /etc/subgid say $ranges,
# and where $TOP is /mnt: the directories above it may be closed to others.

ranges=nobody:700000:65536

as_user() {
	printf '%s\n' "$ranges" >"$TOP/ranges"
	unshare --mount bash -euc '
		for file in /etc/subuid /etc/subgid; do mount --bind "$TOP/ranges" $file; done
		mount --bind "$TOP" /mnt
		cd /mnt
		exec env TMPDIR=/tmp HOME=/nonexistent \
			setpriv --reuid nobody --regid nogroup --clear-groups "$@"' as_user "$@"
}
