# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of verify: a small signed archive on a loopback server, a pin of it
# in store/, a build that takes a package from the pin, and what it made as published/.

export TOP=$PWD
. "$SRC/tests/data/archive.sh"
. "$DATA/server.sh"
options=(--store store --db reproof.db --apt etc --keyring signer.gpg --quiet)

# The pool path of the package that the build takes.
package=pool/main/h/hello/hello_1.0_amd64.deb

write_build() {
	mkdir -p source
	cat >source/build.sh <<'END'
#!/bin/bash
set -eu
get() {
	exec 3<>"/dev/tcp/127.0.0.1/${http_proxy##*:}"
	printf 'GET http://mirror.example/debian/%s HTTP/1.0\r\n\r\n' "$1" >&3
	IFS= read -r line <&3
	case $line in *" 200 "*) ;; *) echo "no $1: $line" >&2; exit 1 ;; esac
	LC_ALL=C sed '1,/^\r$/d' <&3
	exec 3<&-
}
mkdir /tmp/root
get pool/main/h/hello/hello_1.0_amd64.deb >/tmp/root/hello.deb
echo "$SOURCE_DATE_EPOCH" >/tmp/root/epoch
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rw,go=r,a+X --mtime="@$SOURCE_DATE_EPOCH" \
	-cf "$OUTPUT/root.tar" -C /tmp/root .
echo list >"$OUTPUT/list.txt"
END
	chmod +x source/build.sh
}

# write_release [LINE]...: the descriptor, with more lines behind it
write_release() {
	cat >release.yaml <<-END
		name: v1
		target: test
		published:
		  directory: published
		pin: $pin
		build:
		  backend: command
		  script: source/build.sh
		artifacts:
		  - name: root.tar
		  - name: list.txt
	END
	[ $# = 0 ] || printf '%s\n' "$@" >>release.yaml
}

# What comes out of a build, taken as published: the first verify finds it extra.
publish() {
	mkdir -p published
	reproof verify "${options[@]}" release.yaml >publish.txt
	cp -r runs/*/output/* published/ || return
	rm -rf runs reproof.db
}

set_up_archive() {
	key signer ed25519 20260101T000000 never
	archive www/debian bookworm '2026-07-11 10:16:37' signer Origin=Debian Label=Debian
	finish
	serve_archive || return
	pin=$(reproof snapshot capture --store store --apt etc --keyring signer.gpg 2>capture.log |
		awk 'NR == 1 { print $1 }')
	write_build
	write_release
}
