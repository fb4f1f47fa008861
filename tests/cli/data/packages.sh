# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of packages: coverage.sh's source packages, and binary packages that
# depend on each other in the ways there are.

. "$DATA/coverage.sh"
packages() { reproof packages "$@" "${base[@]}" --architecture amd64 --pin "$pin"; }
diff_of() { packages diff --db r.db "$@"; }

set_up_packages() {
	local p=www/debian/pool/main/x
	make_keys
	begin both; upstream_suite; autopkgtest both; finish_source both 'Testsuite: autopkgtest'
	begin bare; printf 'int main(void) { return 0; }\n' | put test.c; finish_source bare
	deb $p app 1.0 amd64 'Installed-Size: 120' \
		'Depends: awk, lib (>= 1.5), second | first' 'Pre-Depends: early' 'Recommends: nice'
	deb $p other 1.0 all 'Installed-Size: 10' 'Depends: lib, both'
	deb $p lib 1.0 amd64 'Installed-Size: 7'
	deb $p lib 2.0 amd64 'Installed-Size: 8'
	deb $p early 1.0 amd64 'Installed-Size: 3' 'Depends: deep'
	deb $p deep 1.0 amd64
	deb $p first 1.0 all 'Installed-Size: 1'
	deb $p second 1.0 all 'Installed-Size: 2'
	deb $p nice 1.0 all 'Installed-Size: 4'
	deb $p aawk 1.0 amd64 'Installed-Size: 5' 'Provides: awk'
	deb $p mawk 1.0 amd64 'Installed-Size: 6' 'Provides: awk' 'Priority: required'
	deb $p clash 1.0 all 'Breaks: lib'
	deb $p hole 1.0 all 'Depends: absent (>= 2)'
	deb $p made 1.0 all 'Source: maker'
	dsc $p maker 1.0
	deb $p sole 1.0 all 'Provides: alone' 'Installed-Size: 9'
	deb $p wanting 1.0 all 'Depends: alone'
	make_archive
	finish
	serve_archive
	capture >captured
}
