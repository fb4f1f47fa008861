# SPDX-License-Identifier: Apache-2.0
#
# Sourced: functions that make and sign the EFI programs.

stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
bootguard=/usr/lib/x86_64-linux-gnu/efibootguard/efibootguardx64.efi
snakeoil_key=/usr/share/ovmf/PkKek-1-snakeoil.key
snakeoil_certificate=/usr/share/ovmf/PkKek-1-snakeoil.pem

# signing_key OUT: the snakeoil key that Debian's ovmf has, out of its passphrase.
signing_key() {
	openssl pkey -in $snakeoil_key -passin pass:snakeoil -out "$1"
}

# unified_kernel OUT OSREL CMDLINE UNAME INITRD KERNEL: all but OUT are files, which become sections
# behind the stub's own, each at the next page.
unified_kernel() {
	local out=$1 at=0 name size vma options=()
	while read -r size vma; do
		[ $at -ge $((16#$vma + 16#$size)) ] || at=$((16#$vma + 16#$size))
	done < <(objdump -h $stub | awk 'NF == 7 && $1 ~ /^[0-9]+$/ { print $3, $4 }')
	[ $at -gt 0 ] || fail "$stub has no sections"
	shift
	for name in .osrel .cmdline .uname .initrd .linux; do
		at=$(((at + 4095) / 4096 * 4096))
		options+=(--add-section "$name=$1" --change-section-vma "$name=$(printf '%#x' $at)")
		at=$((at + $(stat -c %s "$1")))
		shift
	done
	# It puts the time of the clock into the header.
	from_epoch objcopy "${options[@]}" $stub "$out"
}

# sign_efi KEY CERTIFICATE IN OUT. The signature has its time in it, and sbsign no option for that.
sign_efi() {
	from_epoch sbsign --key "$1" --cert "$2" --output "$4" "$3" >"$work/log" 2>&1 &&
		sbverify --cert "$2" "$4" >>"$work/log" 2>&1 || { cat "$work/log" >&2; false; }
}
