# SPDX-License-Identifier: Apache-2.0
#
# Sourced: make_verity SQUASHFS BASE UUID makes BASE.verity, the squashfs with its dm-verity tree
# behind it, and BASE.verity.env, as isar-cip-core does: UUID and salt follow from the image's UUID.
# Gives $root_hash.
make_verity() {
	local size
	size=$(stat -c %s "$1")
	[ $((size % 1024)) = 0 ] || fail "the squashfs does not end at a block"
	cp --sparse=never "$1" "$2.verity"
	veritysetup format --data-block-size 1024 --hash-block-size 1024 --hash-offset "$size" \
		--data-blocks $((size / 1024)) --salt "$(printf %s "$3" | sha256sum | cut -d' ' -f1)" \
		--uuid "$3" "$2.verity" "$2.verity" >"$work/log"
	{
		# "Root hash:   	0123..." becomes ROOT_HASH=0123...
		sed -nE '/^VERITY header/d; s/^([A-Za-z ]+):[[:space:]]*([^[:space:]]*).*/\1=\2/p' "$work/log" |
			awk -F= -v OFS== '{ gsub(" ", "_", $1); $1 = toupper($1); print }'
		echo "HASH_OFFSET=$size"
	} >"$2.verity.env"
	root_hash=$(sed -n 's/^ROOT_HASH=//p' "$2.verity.env")
	[[ $root_hash =~ ^[0-9a-f]{64}$ ]] || fail "veritysetup gave no root hash"
}
