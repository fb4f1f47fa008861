# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command test that reads a real debci: Debian's package in a root file system of its
# own below $PWD, with SQLite, its fake backend and no broker. Needs root.

# make_debci: debci/, from the archives of this machine's apt sources
make_debci() {
	local suite file sources=()
	suite=$(. /etc/os-release; echo "$VERSION_CODENAME")
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
		[ ! -s "$file" ] || sources+=("$file")
	done
	mmdebstrap --quiet --variant=apt --mode=root --include=debci --format=directory \
		"$suite" debci "${sources[@]}" >debci.log 2>&1 || {
		tail -n 20 debci.log
		return 1
	}
	mkdir -p debci/etc/debci/conf.d debci/srv/data
	cat >debci/etc/debci/conf.d/test.conf <<-END
		debci_suite_list=bookworm
		debci_arch_list=amd64
		debci_backend=fake
		debci_backend_list=fake
		debci_quiet=true
		debci_data_basedir=/srv/data
		debci_database_url=sqlite3:/srv/debci.sqlite3
	END
	cp "$DATA/debci_runs.rb" debci/srv/
}

# run_debci PACKAGE RESULT [private|extra|pinned|no-version]: a run from its request to packages.json
run_debci() {
	unshare --mount --pid --fork --mount-proc=debci/proc chroot debci \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
		ruby /srv/debci_runs.rb "$@" >>debci.log 2>&1 || tail -n 20 debci.log
}
