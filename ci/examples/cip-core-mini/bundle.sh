# SPDX-License-Identifier: Apache-2.0
#
# Sourced: functions that make the update bundle.

# sign_description KEY CERTIFICATE FILE: FILE.sig, a CMS without attributes, so without a time.
sign_description() {
	openssl cms -sign -binary -noattr -nosmimecap -md sha256 -signer "$2" -inkey "$1" \
		-in "$3" -outform DER -out "$3.sig"
}

# pack_bundle OUT DIRECTORY: sw-description and its signature first, as SWUpdate reads them.
pack_bundle() {
	local rest
	rest=$(cd "$2" && ls -I sw-description -I sw-description.sig)
	touch --date="@$SOURCE_DATE_EPOCH" "$2"/*
	(cd "$2" && printf '%s\n' sw-description sw-description.sig $rest |
		cpio --quiet --create --format=crc --reproducible --owner=+0:+0) >"$1"
}

# describe DIRECTORY UUID ROOT: writes DIRECTORY/sw-description for the files of DIRECTORY: ROOT goes
# into the slot that is not in use, linux.efi beside it, bootx64.efi onto the EFI partition.
describe() {
	sha256() { sha256sum "$1" | cut -d' ' -f1; }
	cat >"$1/sw-description" <<END
software =
{
    version = "0.2";
    name = "secure boot update";
    images: (
        {
            filename = "$3";
            device = "C:BOOT0:linux.efi->$(uuid_of "partition systema"),C:BOOT1:linux.efi->$(uuid_of "partition systemb")";
            type = "roundrobin";
            compressed = "zlib";
            properties: {
                subtype = "image";
                configfilecheck = "/etc/os-release@not_match@IMAGE_UUID=$2";
            };
            sha256 = "$(sha256 "$1/$3")";
        }
    );
    files: (
        {
            filename = "linux.efi";
            path = "linux.efi";
            type = "roundrobin";
            device = "C:BOOT0:linux.efi->BOOT0,C:BOOT1:linux.efi->BOOT1";
            filesystem = "vfat";
            properties: {
                subtype = "kernel";
            };
            sha256 = "$(sha256 "$1/linux.efi")";
        },
        {
            filename = "bootx64.efi";
            path = "EFI/BOOT/bootx64.efi";
            device = "/dev/disk/by-partlabel/efi";
            filesystem = "vfat";
            sha256 = "$(sha256 "$1/bootx64.efi")";
        }
    );
}
END
}
