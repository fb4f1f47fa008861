# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of builds by kas: two repositories, one of which kas fetches, with a
# small program in BitBake's place that fetches, builds with sudo, and deploys as ISAR does.

. "$DATA/verify.sh"

git_in() { git -c user.name=test -c user.email=test@example.org -c init.defaultBranch=main -C "$@"; }

# commit REPOSITORY: all of it; prints the commit
commit() {
	git_in "$1" add -A &&
		GIT_COMMITTER_DATE='2026-07-01T00:00:00Z' GIT_AUTHOR_DATE='2026-07-01T00:00:00Z' \
			git_in "$1" commit -qm "$1" && git_in "$1" rev-parse HEAD
}

write_layer() {
	mkdir -p layer/bitbake/bin
	git_in layer init -q
	cat >layer/isar-init-build-env <<'END'
export BBPATH=$1 BB_ENV_PASSTHROUGH_ADDITIONS=http_proxy
mkdir -p "$1/conf"
PATH=$PWD/bitbake/bin:$PATH
cd "$1"
END
	cat >layer/bitbake/bin/bitbake <<'END'
#!/bin/bash
set -eu
given=/dev/null
for ((i = 1; i < $#; i++)); do [ "${!i}" != -R ] || { i=$((i + 1)); given=${!i}; }; done
value_of() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$given"; }
case "$*" in *--runonly=fetch*)
	mkdir -p downloads tmp/cache
	echo fetched >downloads/sources
	echo parsed >tmp/cache/parsed
	if [ -e ../smuggle ]; then . ../smuggle; fi
	exit ;;
esac
echo "built by $(id -un) in $PWD, root is $(sudo -E id -u), network: $(ls /sys/class/net 2>/dev/null)"
archive=mirror.example/debian # or by ISAR's own words for a snapshot
[ "$(value_of ISAR_USE_APT_SNAPSHOT)" != 1 ] ||
	archive=snapshot.debian.org/archive/debian/$(value_of ISAR_APT_SNAPSHOT_DATE)
get() {
	exec 3<>"/dev/tcp/127.0.0.1/${http_proxy##*:}"
	printf 'GET http://%s/%s HTTP/1.0\r\n\r\n' "${2:-$archive}" "$1" >&3
	IFS= read -r line <&3
	case $line in *" 200 "*) ;; *) echo "no $1: $line" >&2; exit 1 ;; esac
	LC_ALL=C sed '1,/^\r$/d' <&3
	exec 3<&-
}
deploy=tmp/deploy/images/qemu
mkdir -p $deploy/sub
# Not the package itself, which the pins serve: an image that holds it.
get pool/main/h/hello/hello_1.0_amd64.deb >hello.deb
tar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=644 -cf $deploy/image.deb hello.deb
sha256sum <downloads/sources >$deploy/sub/sources
git -C .. describe --tags --dirty --always >$deploy/build-id
ln -s image.deb $deploy/image
ln $deploy/build-id tmp/build-id
truncate -s 1M $deploy/image.wic
printf end >>$deploy/image.wic
sudo chown root $deploy/image.wic
if [ -e ../identity ]; then # an image with a UUID, by default of its own
	uuid=$(value_of IMAGE_UUID)
	uuid=${uuid:-$(cat /proc/sys/kernel/random/uuid)}
	mkdir -p root/etc
	[ ! -e ../large ] || yes "part of an image" | head -c 2M >root/large
	echo "IMAGE_UUID=\"$uuid\"" >root/etc/os-release
	tar --sort=name --owner=0 --group=0 --mtime=@0 -cf $deploy/root.tar -C root .
	gzip -n9 <$deploy/root.tar >$deploy/image.tar.gz
	rm $deploy/root.tar
fi
if [ -e ../deploy ]; then . ../deploy; fi
END
	chmod +x layer/bitbake/bin/bitbake
	layer=$(commit layer)
}

write_image() {
	mkdir -p image/board
	[ -e image/.git ] || git_in image init -q
	printf 'build/\nisar/\n' >image/.gitignore
	cat >image/kas.yml <<-END
		header:
		  version: ${1:-10}
		build_system: isar
		distro: test
		target: image
		repos:
		  image:
		  isar:
		    url: https://git.example/isar.git
		    refspec: $layer
	END
	printf 'header:\n  version: 10\nmachine: qemu\n' >image/board/qemu.yml
	image=$(commit image)
	git_in image tag -f v1 >/dev/null
}

# write_kas_release [LINE]...: the descriptor, with more lines in its kas map
write_kas_release() {
	cat >release.yaml <<-END
		name: v1
		target: qemu
		published:
		  directory: published
		pin: $pin
		artifacts:
		  - name: "*"
		  - name: sub/*
		build:
		  backend: kas
		  path: /build/image
		  kas:
		    repository: image
		    ref: v1
		    commit: $image
		    files: [kas.yml, board/qemu.yml]
		    machine: qemu
		    git_mirrors: {"https://git.example/isar.git": layer}
	END
	[ $# = 0 ] || printf '    %s\n' "$@" >>release.yaml
}

set_up_kas() {
	set_up_archive || return
	write_layer && write_image && write_kas_release
}
