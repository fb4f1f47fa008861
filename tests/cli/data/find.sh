# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the command tests of `snapshot find`, behind snapshot.sh: archives at several times,
# and what metasnap and the machine API would say of them.

# state ARCHIVE SUITE DATE PACKAGE=VERSION...: what the archive has from then on; captured into
# `store`, and noted in `table` as metasnap has it.
state() {
	local archive=$1 suite=$2 date=$3 label=Debian package
	shift 3
	[ "$archive" = debian ] || label=Debian-Security
	rm -rf "www/$archive/pool" "www/$archive/dists"
	for package; do
		deb "www/$archive/pool/main/p" "${package%%=*}" "${package#*=}" amd64
	done
	dsc "www/$archive/pool/main/s" source 1.0
	indexes "www/$archive" "$suite"
	release "www/$archive" "$suite" "$date" signer Origin=Debian Label=$label
	cat >etc/sources.list.d/test.sources <<-END
		Types: deb
		URIs: http://127.0.0.1:$(cat port)/$archive
		Suites: $suite
		Components: main
	END
	capture >>captured.txt || return
	note_state "$archive" "$suite" "$(date -u -d "$date" +%Y%m%dT%H%M%SZ)"
}

# A version that the suite had in its state before has its range drawn out, another one begins one.
note_state() {
	touch table
	apt-ftparchive --arch amd64 packages "www/$1/pool" |
		awk -v archive="$1" -v suite="$2" -v now="$3" -v before="$(cat "last.$2" 2>/dev/null)" '
		FILENAME == "-" {
			if ($1 == "Package:") name = $2
			if ($1 == "Version:") version = $2
			if ($1 == "Architecture:") architecture = $2
			if ($0 == "") has[name " " architecture " " version] = 1
			next
		}
		{
			key = $2 " " $3 " " $4
			if ($1 == archive && $5 == suite && $8 == before && key in has) {
				$8 = now
				delete has[key]
			}
			print
		}
		END {
			for (key in has) print archive, key, suite, "main", now, now
		}' - table | sort >table.new
	mv table.new table
	echo "$3" >"last.$2"
}

# The list, asked about with the store alone; and with an empty store by metasnap alone.
offline() { reproof snapshot find "${find[@]}" --offline "$@"; }
by_metasnap() {
	mkdir -p www/cgi-bin
	cp table www/cgi-bin/api
	reproof snapshot find --store empty --apt etc --quiet --architecture amd64 \
		--metasnap "http://127.0.0.1:$(cat port)" --api none "$@"
}
find=(--store store --apt etc --quiet --architecture amd64)
