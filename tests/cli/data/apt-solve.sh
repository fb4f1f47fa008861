# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests that hold `snapshot solve` against apt itself: a pin of the archives
# of this machine's apt sources, and an apt with nothing installed that sees just that pin, through
# the pinning proxy. The lists are in package-lists/.

lists=$DATA/package-lists
root=$PWD/apt

# Sets `pins` to the --pin options of a fresh capture in store/, and fills apt's lists from it. Both
# have the archives in one order: of packages that provide the same, apt takes the one whose name it
# met last.
set_up_apt() {
	local serve suite pin
	pins=()
	reproof snapshot capture --store store --architecture amd64 --quiet 2>/dev/null >captured || return
	for pin in $(awk '!seen[$1]++ { print $1 }' captured); do
		pins+=(--pin "$pin")
	done
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	while read -r pin suite _; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.invalid/${pin%@*} $suite main"
	done <captured >"$root/sources.list"
	rm -f url
	reproof snapshot serve --store store "${pins[@]}" --quiet --log serve.log >url 2>serve.err &
	serve=$!
	until [ -s url ]; do
		sleep 0.05
		kill -0 $serve || return
	done
	apt update -qq -o Acquire::http::Proxy="$(cat url)" -o Acquire::Check-Valid-Until=false \
		-o Acquire::Languages=none >update.txt 2>&1 || cat update.txt
	kill -TERM $serve
	wait $serve
}

# Of this machine's configuration of apt nothing counts.
apt() {
	apt-get -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::main=/dev/null -o Dir::Etc::parts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$root" -o Dir::State::Lists="$root/lists" \
		-o Dir::State::status="$root/status" -o Dir::Cache="$root/cache" \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User= "$@"
}

# solve LIST [OPTION]...: what reproof gives for a list
solve() {
	reproof snapshot solve --store store --offline --quiet --architecture amd64 "${pins[@]}" \
		"${@:2}" $(cat "$lists/$1") 2>>solve.err | LC_ALL=C sort
}

# apt_solve LIST OPTION: what apt gives, in the same form
apt_solve() {
	apt -qq -s install "$2" $(cat "$lists/$1") |
		sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*\[\(.*\)\]).*/\1 \2 \3/p' | LC_ALL=C sort
}

# compare LIST APT-OPTION [OPTION]...: "LIST: the same", with as many packages as it has at least,
# or both sides' own; and whether it is closed
compare() {
	local list=$1
	solve "$list" "${@:3}" >ours
	apt_solve "$list" "$2" >theirs
	[ "$(wc -l <theirs)" -ge 40 ] || echo "$list: apt gives $(wc -l <theirs) packages only"
	diff ours theirs >differs && echo "$list: the same" || { echo "$list:"; cat differs; }
	cut -d' ' -f1,2 ours | reproof snapshot solve --store store --offline --quiet \
		--architecture amd64 "${pins[@]}" --check - $(cat "$lists/$list") >closed ||
		cat closed
}
