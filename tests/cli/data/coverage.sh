# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of coverage: snapshot.sh's small signed archive, with source packages
# that have tests or not.

. "$DATA/snapshot.sh"
pool=www/debian/pool/main/c
cover() { reproof coverage "${base[@]}" --db r.db --architecture amd64 --pin "$pin" "$@"; }

# put PATH <TEXT: a file of the source package being written
put() {
	mkdir -p "$(dirname "tree/$1")"
	cat >"tree/$1"
}

# begin NAME: a source package with a debian/ that builds by dh
begin() {
	rm -rf tree
	printf '#!/usr/bin/make -f\n%%:\n\tdh $@\n' | put debian/rules
	chmod +x tree/debian/rules
	printf 'Source: %s\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: %s\nArchitecture: any\n' \
		"$1" "$1" | put debian/control
	printf '%s (1.0) bookworm; urgency=low\n\n  * It.\n\n -- Nobody <nobody@example>  Sat, 11 Jul 2026 10:16:37 +0000\n' \
		"$1" | put debian/changelog
}

# finish_source NAME [FIELD]...: its tarball, .dsc and .deb in the pool, as version 1.0
finish_source() {
	local name=$1 tarball=$1_1.0.tar.xz
	shift
	mkdir -p "$pool"
	tar --sort=name --mtime=@0 --owner=0 --group=0 --transform "s,^tree,$name-1.0," -cJf \
		"$pool/$tarball" tree
	dsc_of "$pool" "$name" 1.0 '3.0 (native)' "$tarball" "$@"
	deb "$pool" "$name" 1.0 amd64
}

# Automake's, with two tests.
upstream_suite() {
	printf 'AC_INIT([x], [1])\nAM_INIT_AUTOMAKE\nAC_OUTPUT\n' | put configure.ac
	printf 'TESTS = one.sh two.sh\n' | put Makefile.am
	printf 'check: check-am\ncheck-am: check-TESTS\ncheck-TESTS:\n\t./one.sh\n' | put Makefile.in
	printf '#!/bin/sh\n' | put configure
	printf '#!/bin/sh\ntest 1 = 1\n' | put one.sh
	printf '#!/bin/sh\ntest 2 = 2\n' | put two.sh
	chmod +x tree/configure tree/*.sh
}

autopkgtest() {
	printf 'Tests: runs\nDepends: @\n' | put debian/tests/control
	printf '#!/bin/sh\nset -e\n%s --add 1 2 >out\ntest "$(cat out)" = 3\n' "$1" | put debian/tests/runs
	chmod +x tree/debian/tests/runs
}

set_up_coverage() {
	make_keys
	begin both; upstream_suite; autopkgtest both; finish_source both 'Testsuite: autopkgtest'
	begin built; upstream_suite; finish_source built
	begin masked; upstream_suite
	printf 'override_dh_auto_test:\n\tdh_auto_test || true\n' >>tree/debian/rules
	finish_source masked
	begin unrun; upstream_suite; printf 'override_dh_auto_test:\n' >>tree/debian/rules
	finish_source unrun
	begin bare; printf 'int main(void) { return 0; }\n' | put test.c; finish_source bare
	make_archive
	finish
	serve_archive
}
