# SPDX-License-Identifier: Apache-2.0
#
# Sourced by artifacts.sh: makes the ext4 image $2 of the directory $1, with the label $3.
#
# Not with mke2fs -d: of e2fsprogs 1.47.0 it takes atime, ctime and the order of entries from the
# file system that the tree lies on. debugfs fills the image here, name by name in sorted order, and
# each inode gets all of its fields.
from=$1 image=$2 label=$3
time=@$SOURCE_DATE_EPOCH

# The size follows from the files' sizes alone; what du says depends on the file system.
inodes=$(find "$from" -xdev -printf . | wc -c)
blocks=$(find "$from" -xdev \( -type f -printf '%s\n' -o -type d -printf '4096\n' \) |
	awk '{ n += int(($1 + 4095) / 4096) } END { print n }')
inodes=$(((inodes + 2048) / 1024 * 1024))
blocks=$(((blocks * 105 / 100 + inodes / 16 + 4096 + 2048) / 1024 * 1024))

# As in CIP's disks, the file system's identity is that of its place, not of its content.
# The features are ours, not those of the machine's own mke2fs.conf.
MKE2FS_CONFIG=$source/mke2fs.conf E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -F -t ext4 \
	-b 4096 -N "$inodes" -m 0 -L "$label" -U "$(uuid_of "ext4 $label")" \
	-E "hash_seed=$(uuid_of "hash seed $label"),root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0" \
	"$image" "$blocks" >"$work/log"

# debugfs reads its commands split at blanks, and has no way to write a quote.
if find "$from" -xdev -name '*["[:cntrl:]]*' | grep -q .; then
	fail "a file name with a quote or control character cannot go into the ext4 image"
fi

# One line an inode: type, mode, owner, times, links, device, name. The names of one inode are told
# by its number; only the first in order is written, the others are linked to it.
commands() {
	echo "set_current_time $time"
	(cd "$from" && find . -xdev -type b,c -exec stat --format='%n	0x%t 0x%T' {} +) >"$work/devices"
	(cd "$from" && find . -xdev -printf '%y\t%m\t%U\t%G\t%T@\t%n\t%i\t%p\t%l\n') |
		LC_ALL=C sort -t $'\t' -k 8 |
		awk -F '\t' -v from="$from" -v time="$time" '
	BEGIN { letters["f"] = 100000; letters["d"] = 40000; letters["l"] = 120000
		letters["b"] = 60000; letters["c"] = 20000; letters["p"] = 10000 }
	function set(field, value) { print "set_inode_field \"" path "\" " field " " value }
	FILENAME != "-" { device[$1] = $2; next }
	{
		path = substr($8, 2)
		if (path == "")
			path = "/"
		base = path
		sub(/.*\//, "", base)
		directory = substr(path, 1, length(path) - length(base))
		if (directory != current) {
			print "cd \"" directory "\""
			current = directory
		}
		if ($1 != "d" && $7 in first) {
			print "ln \"" first[$7] "\" \"" path "\""
			next
		}
		first[$7] = path
		if ($1 == "d") {
			if (path != "/")
				print "mkdir \"" base "\""
		} else if ($1 == "f") {
			print "write \"" from path "\" \"" base "\""
		} else if ($1 == "l") {
			print "symlink \"" base "\" \"" $9 "\""
		} else if ($1 == "c" || $1 == "b") {
			print "mknod \"" base "\" " $1 " " device[$8]
		} else if ($1 == "p") {
			print "mknod \"" base "\" p"
		} else {
			print "unhandled " $1 " " path
		}
		mode = letters[$1] + $2
		set("mode", "0" mode)
		set("uid", $3)
		set("gid", $4)
		seconds = $5
		sub(/\..*/, "", seconds)
		set("mtime", "@" seconds)
		set("atime", "@" seconds)
		set("ctime", "@" seconds)
		set("crtime", "@" seconds)
		if ($1 != "d")
			set("links_count", $6)
	}
	END { path = "/lost+found"
		set("mtime", time); set("atime", time); set("ctime", time); set("crtime", time) }
	' "$work/devices" -
	# Extended attributes, capabilities and ACLs, in sorted order: the file system's is its own.
	local number=0 file= attribute encoded
	(cd "$from" && getfattr --recursive --physical --no-dereference --absolute-names --dump \
		--match=- --encoding=hex .) | while IFS= read -r line; do
		case $line in
		'# file: .'*) file=$(printf %b "${line#'# file: .'}") ;;
		?*) printf '%s\t%s\t%s\n' "${file:-/}" "${line%%=*}" "${line#*=0x}" ;;
		esac
	done | LC_ALL=C sort | while IFS=$'\t' read -r file attribute encoded; do
		number=$((number + 1))
		printf %b "$(sed 's/../\\x&/g' <<<"$encoded")" >"$work/xattr.$number"
		echo "ea_set -f \"$work/xattr.$number\" \"$file\" $attribute"
	done
}
commands >"$work/debugfs.commands"
! grep -n '^unhandled' "$work/debugfs.commands" >&2 || fail "ext4: cannot carry this (see above)"

# debugfs ends with 0 whatever happens: what it says is the result.
debugfs -w -f "$work/debugfs.commands" "$image" >"$work/debugfs.out" 2>"$work/debugfs.err"
if grep -v '^debugfs 1\.' "$work/debugfs.err" | head -n 20 | grep . >&2; then
	fail "debugfs could not fill the ext4 image (see above)"
fi
if ! E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH e2fsck -fn "$image" >"$work/log" 2>&1; then
	cat "$work/log" >&2
	fail "e2fsck is not content with the ext4 image (see above)"
fi
