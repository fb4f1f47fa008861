# SPDX-License-Identifier: Apache-2.0
#
# Sourced by verify.sh and snapshot.sh: www/ on a loopback server that misbehaves as the file
# `rules` says (tests/server/archive_server.c), and apt sources that name it.
# What would go to snapshot.debian.org is refused by the same server.

archive_server=$(dirname "$(readlink -f "$(command -v reproof)")")/tests/server/archive_server

serve_archive() {
	rm -f port
	"$archive_server" www --port-file port --rules rules --log requests >/dev/null &
	server=$!
	until [ -s port ]; do
		# One that is not there, or ended, never writes its port.
		kill -0 "$server" 2>/dev/null || {
			wait "$server"
			echo "$archive_server ended with $? before it served (make cli builds it)" >&2
			return 1
		}
		sleep 0.05
	done
	export https_proxy=http://127.0.0.1:$(cat port)
	mkdir -p etc/sources.list.d
	cat >etc/sources.list.d/test.sources <<-END
		Types: deb
		URIs: http://127.0.0.1:$(cat port)/debian
		Suites: bookworm
		Components: main
	END
}

stop_archive() {
	kill "$server" && wait "$server" 2>/dev/null
	true
}
