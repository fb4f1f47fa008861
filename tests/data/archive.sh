# SPDX-License-Identifier: Apache-2.0
#
# Sourced by tests: real keys, real signatures and small real archives, all below $TOP.

export GNUPGHOME="$TOP/gnupg" LC_ALL=C
[ -d "$GNUPGHOME" ] || mkdir -m 700 "$GNUPGHOME"
cd "$TOP"

pgp() {
	gpg --quiet --batch --yes --passphrase '' "$@" 2>>"$TOP/gpg.log"
}

fingerprint() {
	gpg --batch --with-colons --list-keys "$1@example" 2>>"$TOP/gpg.log" |
		awk -F: '$1 == "fpr" { print $10; exit }'
}

# key NAME ALGORITHM MADE EXPIRES: a signing key, its public part in NAME.gpg as it is now
key() {
	pgp --faked-system-time "$3" --quick-generate-key "$1 <$1@example>" "$2" sign "$4"
	export_key "$1"
}

export_key() {
	pgp --export "$1@example" >"$1.gpg"
}

# lift NAME TIME: no expiry any more, but not in the NAME.gpg that was exported before
lift() {
	pgp --faked-system-time "$2" --quick-set-expire "$(fingerprint "$1")" 0
}

# sign OUT TIME DIGEST KEY... <TEXT
sign() {
	local out=$1 time=$2 digest=$3 users=()
	shift 3
	for name; do
		users+=(--local-user "$name@example")
	done
	pgp --faked-system-time "$time" --digest-algo "$digest" "${users[@]}" --output "$out" \
		--clearsign
}

# sign_beside OUT TIME DIGEST KEY... <TEXT: a detached armoured signature
sign_beside() {
	local out=$1 time=$2 digest=$3 users=()
	shift 3
	for name; do
		users+=(--local-user "$name@example")
	done
	pgp --faked-system-time "$time" --digest-algo "$digest" "${users[@]}" --armor \
		--output "$out" --detach-sign
}

# detach ROOT SUITE DATE KEY...: Release.gpg beside Release, and no InRelease any more
detach() {
	local at="$1/dists/$2" date=$3
	shift 3
	rm -f "$at/InRelease" "$at/Release.gpg"
	sign_beside "$at/Release.gpg" "$(date -u -d "$date" +%Y%m%dT%H%M%S)" SHA256 "$@" <"$at/Release"
}

# The signature packets of a clear-signed file.
signature_of() {
	sed -n '/BEGIN PGP SIGNATURE/,$p' "$1" | pgp --dearmor
}

# with_signature FILE <PACKETS: the text of FILE, signed by these packets
with_signature() {
	sed '/BEGIN PGP SIGNATURE/,$d' "$1"
	pgp --enarmor | sed 's/PGP ARMORED FILE/PGP SIGNATURE/; /^Comment/d'
}

# deb DIR NAME VERSION ARCHITECTURE [FIELD]...: a binary package
deb() {
	local to=$1 name=$2 version=$3 architecture=$4 tree="$TOP/tree.$$"
	shift 4
	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name" "$to"
	echo "$name $version" >"$tree/usr/share/$name/file"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$architecture"
		printf 'Maintainer: Nobody <nobody@example>\n'
		[[ " $* " = *Priority:* ]] || echo 'Priority: optional'
		[ $# = 0 ] || printf '%s\n' "$@"
		printf 'Description: for a test\n'
	} >"$tree/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$tree" "$to/${name}_${version}_${architecture}.deb" >/dev/null
	rm -rf "$tree"
}

# dsc DIR NAME VERSION: a source package
dsc() {
	mkdir -p "$1"
	echo "source of $2 $3" >"$1/$2_$3.tar.gz"
	dsc_of "$1" "$2" "$3" 1.0 "$2_$3.tar.gz"
}

# dsc_of DIR NAME VERSION FORMAT TARBALL [FIELD]...: the .dsc of a tarball that is there
dsc_of() {
	local size sum dir=$1 name=$2 version=$3 format=$4 tarball=$5
	shift 5
	size=$(stat -c %s "$dir/$tarball")
	sum=$(sha256sum <"$dir/$tarball" | cut -d' ' -f1)
	{
		printf 'Format: %s\nSource: %s\nBinary: %s\nArchitecture: any\nVersion: %s\n' \
			"$format" "$name" "$name" "$version"
		printf 'Maintainer: Nobody <nobody@example>\n'
		[ $# = 0 ] || printf '%s\n' "$@"
		printf 'Checksums-Sha256:\n %s %s %s\n' "$sum" "$size" "$tarball"
		printf 'Files:\n %s %s %s\n' "$(md5sum <"$dir/$tarball" | cut -d' ' -f1)" "$size" "$tarball"
	} >"$dir/${name}_$version.dsc"
}

# indexes ROOT SUITE: Packages and Sources of pool/, as Debian has them (amd64, main)
indexes() {
	local at="$1/dists/$2/main"
	mkdir -p "$at/binary-amd64" "$at/source"
	(
		cd "$1"
		apt-ftparchive --arch amd64 packages pool
	) >"$at/binary-amd64/Packages"
	(
		cd "$1"
		apt-ftparchive sources pool
	) >"$at/source/Sources" 2>>"$TOP/gpg.log"
	for file in "$at/binary-amd64/Packages" "$at/source/Sources"; do
		xz -k -f "$file"
		gzip -k -n -f "$file"
		hash=$(dirname "$file")/by-hash/SHA256
		mkdir -p "$hash"
		for form in "$file" "$file.xz" "$file.gz"; do
			cp "$form" "$hash/$(sha256sum <"$form" | cut -d' ' -f1)"
		done
	done
}

# release ROOT SUITE DATE KEY [FIELD=VALUE]...: Release, and InRelease made at that time.
# Fields: Origin, Label, Suite, Codename, Valid-Until.
release() {
	local root=$1 suite=$2 date=$3 signer=$4 at="$1/dists/$2" field
	local -A fields=([Origin]=Test [Label]=Test [Suite]=$suite [Codename]=$suite)
	shift 4
	for field; do
		fields[${field%%=*}]=${field#*=}
	done
	rm -f "$at/Release" "$at/InRelease"
	{
		for field in "${!fields[@]}"; do
			echo "$field: ${fields[$field]}"
		done | sort
		echo "Date: $(date -u -R -d "$date" | sed 's/+0000/UTC/')"
		echo "Acquire-By-Hash: yes"
		echo "Architectures: amd64"
		echo "Components: main"
		(
			cd "$at"
			apt-ftparchive release . | sed -n '/^SHA256:/,/^[A-Z]*[a-z0-9]*: *$/{/^SHA512/d;p}' |
				grep -v by-hash
		)
	} >"$at/Release.new"
	mv "$at/Release.new" "$at/Release"
	sign "$at/InRelease" "$(date -u -d "$date" +%Y%m%dT%H%M%S)" SHA256 "$signer" <"$at/Release"
}

# archive ROOT SUITE DATE KEY [FIELD=VALUE]...: a small archive of two packages and a source
archive() {
	local root=$1 suite=$2
	deb "$root/pool/main/h/hello" hello 1.0 amd64 'Depends: libhello'
	deb "$root/pool/main/h/hello" libhello 1.0 amd64
	dsc "$root/pool/main/h/hello" hello 1.0
	indexes "$root" "$suite"
	release "$@"
}

finish() {
	gpgconf --homedir "$GNUPGHOME" --kill all
}
