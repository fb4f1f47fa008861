# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of snapshot: a small signed archive, www/debian, on a loopback
# server that misbehaves as the file `rules` says (tests/server/archive_server.c), and apt sources
# that name it.

export TOP=$PWD
. "$SRC/tests/data/archive.sh"
. "$DATA/server.sh"
pin=debian@20260711T101637Z
deb=pool/main/h/hello/hello_1.0_amd64.deb
base=(--store store --apt etc --keyring signer.gpg --quiet)

capture() { reproof snapshot capture "${base[@]}" --architecture amd64 "$@"; }
fetch() { reproof snapshot fetch "${base[@]}" --architecture amd64 --pin "$pin" "$@"; }
solve() { reproof snapshot solve "${base[@]}" --architecture amd64 --pin "$pin" "$@"; }

make_keys() {
	key signer ed25519 20260101T000000 never
	key other ed25519 20260101T000000 never
}

make_archive() {
	archive www/debian bookworm '2026-07-11 10:16:37' signer Origin=Debian Label=Debian
}

set_up() {
	make_keys
	make_archive
	finish
	serve_archive
}

# rule LINE...: from now on the server has these rules, and no others
rule() {
	[ $# = 0 ] || printf '%s\n' "$@" >rules.new
	[ $# != 0 ] || : >rules.new
	mv rules.new rules
	: >requests
}

# How often the server was asked for what a path ends in. It writes a line when it is done with an
# answer, which may be a moment after the client is.
asked() {
	local count=-1 now
	while now=$(grep -c "$1 " requests); [ "$now" != "$count" ]; do
		count=$now
		sleep 0.2
	done
	echo "$count"
}

sha() { sha256sum <"$1" | cut -d' ' -f1; }

# The file of the store with the digest of this one.
stored() {
	local sum
	sum=$(sha "$1")
	echo "store/sha256/${sum:0:2}/${sum:2}"
}

# Turns over the lowest bit of the byte at OFFSET of a file in place: flip FILE OFFSET
flip() {
	local byte
	byte=$(od -An -tu1 -j"$2" -N1 "$1")
	chmod u+w "$1"
	printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Hashes every file of the store anew, and names what is not what it is called, what is only half
# there, and whose SHA-1 the store does not know. A store without a file is a failure too.
check_store() {
	local file name count=0
	while IFS= read -r file; do
		name=${file#store/sha256/}
		[ "$(sha "$file")" = "${name%%/*}${name#*/}" ] || echo "wrong: $file"
		grep -qx "${name%%/*}${name#*/} $(sha1sum <"$file" | cut -d' ' -f1)" store/sha1 || echo "no SHA-1: $file"
		count=$((count + 1))
	done < <(find store/sha256 -type f)
	[ $count -gt 0 ] || echo "the store is empty"
}
