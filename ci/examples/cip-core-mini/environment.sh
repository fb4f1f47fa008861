# SPDX-License-Identifier: Apache-2.0
#
# Sourced at the top of the scripts that are run, with their arguments: nothing of the caller may
# get into what they make, so the script starts itself anew in an environment that is named here.
# Gives $source (where the scripts are), $work (removed at the end), fail, begin and uuid_of.
# Wants SOURCE_DATE_EPOCH, and takes http_proxy, OUTPUT, TMPDIR and IMAGE_UUID.
set -Eeuo pipefail

fail() { echo "${0##*/}: $*" >&2; exit 1; }

if [ "${BUILD_CLEAN:-}" != "$0" ]; then
	[[ ${SOURCE_DATE_EPOCH:-} =~ ^[0-9]+$ ]] || fail "SOURCE_DATE_EPOCH is not a number"
	exec env -i BUILD_CLEAN="$0" BEGAN="${BEGAN:-$EPOCHSECONDS}" HOME=/nonexistent TMPDIR="${TMPDIR:-/tmp}" \
		SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" OUTPUT="${OUTPUT:-}" \
		IMAGE_UUID="${IMAGE_UUID:-}" ${http_proxy:+http_proxy="$http_proxy"} \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC \
		DEBIAN_FRONTEND=noninteractive bash "$0" "$@"
fi
umask 022
source=$(cd "$(dirname "$0")" && pwd)

step="reading the arguments"
trap 'fail "failed while $step (line $LINENO)"' ERR
begin() {
	step=$1
	printf 'build: %3d s  %s\n' $((EPOCHSECONDS - BEGAN)) "$step" >&2
}

work=$(mktemp -d "$TMPDIR/cip-core-mini.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

# A random number of version 4 in form, but always the same for the same name.
uuid_of() {
	local id
	id=$(printf %s "$1" | sha256sum)
	echo "${id:0:8}-${id:8:4}-4${id:13:3}-8${id:17:3}-${id:20:12}"
}

# from_epoch PROGRAM...: runs it with the clock at SOURCE_DATE_EPOCH, for times it has no option for.
from_epoch() {
	faketime -f "$(date -u -d "@$SOURCE_DATE_EPOCH" '+%F %T')" "$@"
}
