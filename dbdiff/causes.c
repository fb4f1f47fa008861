/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/causes.h"

#include <string.h>

#include "base/array.h"

/* In the order of ids; a test holds every id of the field table and of the matchers against it. */
const struct cause cause_catalogue[] = {
	{"archive-index", "another index of the package archive", SEVERITY_PACKAGES,
		"lists below var/lib/apt/lists differ.",
		"The build asked the archive at another moment.",
		"Pin the archive, and remove /var/lib/apt/lists from the image. ISAR does with "
		"clean-package-cache in ROOTFS_FEATURES, which images have unless it is taken "
		"out."},
	{"authenticode-signature", "another signature of an EFI program", SEVERITY_SIGNATURE,
		"The certificate table of a PE file differs; its code does not.",
		"The rebuilder does not have the publisher's key, or the signature holds a time.",
		"Nothing to mend where the published signature verifies: accept the wrapper by "
		"name. "
		"With one key on both sides, sign without a time (sbsign below faketime)."},
	{"build-id", "another build id of a program", SEVERITY_TOOLCHAIN,
		"The note .note.gnu.build-id differs.",
		"The linker hashes what it links: something in the program, or in its debug "
		"information, differs.",
		"Look at what else differs in the same program; map build paths away with "
		"-ffile-prefix-map."},
	{"build-id-string", "another version of the source tree in a text", SEVERITY_IDENTITY,
		"BUILD_ID of os-release or a similar text reads v1.8-dirty, or a bare commit id.",
		"The published image was built from a changed tree, or the rebuild from a clone "
		"without tags.",
		"Fetch tags (git fetch --tags), and publish from a clean checkout only."},
	{"build-path", "the path of the build", SEVERITY_TOOLCHAIN,
		"A text that people read, debug information, or the name of a source in a "
		"program names the directory that one side was built in. A path that something is "
		"run, loaded or written at is none.",
		"A compiler or a tool writes the path it works in into its output.",
		"Build in the path of the published build, or use -ffile-prefix-map."},
	{"cache-file", "a cache that programs make anew", SEVERITY_METADATA,
		"A time, a number of an inode or a place in a file differs that a program makes "
		"from other files. Where what it says differs, or is in a form that is not read, "
		"that is unexplained.",
		"Caches hold times, inode numbers and the order of directories.",
		"Remove it from the image; it is made again when needed. ISAR removes that of "
		"ldconfig, and those of apt, debconf and Python where ROOTFS_FEATURES has "
		"clean-package-cache, clean-debconf-cache and clean-pycache; any other in a "
		"function "
		"that is added to ROOTFS_POSTPROCESS_COMMAND."},
	{"cms-signature", "another signature of an update", SEVERITY_SIGNATURE,
		"The CMS structure beside sw-description differs; what it signs is the same, or "
		"differs for a reason that is named.",
		"The rebuilder does not have the publisher's key, or the signature holds a time.",
		"Accept the wrapper by name where the published one verifies; sign with openssl "
		"cms -noattr."},
	{"compression", "the same content, packed in other bytes", SEVERITY_TOOLCHAIN,
		"The stream differs and what it unpacks to does not.",
		"Another version, level or number of threads of the compressor.",
		"Fix all three (xz -T1, or --block-size with any number of threads); gzip -n."},
	{"debian-control-order", "the order of files in a package's control archive",
		SEVERITY_TOOLCHAIN, "The same members stand in another order in control.tar.",
		"The package was packed in the order of a directory.",
		"Sort them (dpkg-deb 1.17 or later does)."},
	{"derived", "computed from something else that differs", SEVERITY_METADATA,
		"A checksum, counter or bitmap that was computed again and is right on both sides.",
		"It follows from another difference.", "Mend that one."},
	{"disk-guid", "another identity of the disk", SEVERITY_IDENTITY,
		"The GUID of the partition table, or the id of the MBR, differs.",
		"It is drawn at random for each image.",
		"wic: set it from SOURCE_DATE_EPOCH (sfdisk --disk-id)."},
	{"document-id", "another identity of a document", SEVERITY_IDENTITY,
		"The serial number of a bill of materials, or the id at the end of its namespace, "
		"differs.",
		"The tool that writes it draws a UUID.",
		"Give the tool the same one, or let it be made from the content."},
	{"embedded-digest", "the hash of another file that differs", SEVERITY_METADATA,
		"A text holds a SHA-256 that on each side is that of the same member.",
		"It follows from the difference of that member.", "Mend that one."},
	{"embedded-timestamp", "a time in a file", SEVERITY_METADATA,
		"A field that holds a time differs, and nothing else there. A date in a script or "
		"a "
		"setting is none, unless a remark or its key says that something was built then.",
		"A tool writes the clock's time, not SOURCE_DATE_EPOCH.",
		"Give the tool SOURCE_DATE_EPOCH, or its own option for it."},
	{"filesystem-times", "times that a file system keeps for itself", SEVERITY_METADATA,
		"Creation, access or change times of the file system or its inodes differ.",
		"mke2fs takes the clock, and with -d the times of the source tree.",
		"E2FSPROGS_FAKE_TIME and e2fsprogs 1.47.1 or later; mksquashfs with "
		"SOURCE_DATE_EPOCH."},
	{"filesystem-uuid", "another identity of the file system", SEVERITY_IDENTITY,
		"The UUID in the superblock differs, and what is computed from it.",
		"It is drawn at random.", "wic: --fsuuid; mke2fs -U, mkfs.erofs -U."},
	{"hash-seed", "another seed of directory hashes", SEVERITY_IDENTITY,
		"s_hash_seed of an ext file system differs, and the order of large directories.",
		"mke2fs draws it at random.", "mke2fs -E hash_seed=UUID."},
	{"image-uuid", "another identity of the image", SEVERITY_IDENTITY,
		"IMAGE_UUID of os-release differs, and all that is computed from it: the salt of "
		"dm-verity, "
		"the root hash, the kernel's command line, signatures and update bundles.",
		"ISAR makes it from BitBake's task hash, which knows the build's directory and "
		"mirrors.",
		"Build in the directory of the published build with its configuration, or give "
		"IMAGE_UUID."},
	{"initrd-order", "the order of files in an initrd", SEVERITY_TOOLCHAIN,
		"The same members stand in another order.",
		"The archive was made in the order of a directory.",
		"Sort the list before cpio, and use --reproducible."},
	{"inode-number", "inode numbers and link counts", SEVERITY_METADATA,
		"The numbers that the build's file system gave are stored in an archive.",
		"cpio keeps them.", "cpio --reproducible (--renumber-inodes)."},
	{"kernel-build-stamp", "who built the kernel, and when", SEVERITY_IDENTITY,
		"The version text \"Linux version ... #1 SMP ...\" differs.",
		"The kernel's build keeps user, host and time.",
		"KBUILD_BUILD_TIMESTAMP, KBUILD_BUILD_USER and KBUILD_BUILD_HOST."},
	{"kernel-cmdline", "another command line of the kernel", SEVERITY_CONTENT,
		"The text that the boot loader or the unified kernel image gives to the kernel "
		"differs.",
		"It holds what else differs, such as the root hash, or was configured otherwise.",
		"See what differs in it; a root hash follows from the root file system."},
	{"layout", "members lie at other places", SEVERITY_METADATA,
		"What lies there is the same on both sides, at another offset, or is the table "
		"that says where.",
		"Something before it has another size, or was written in another order.",
		"Mend what differs in size."},
	{"log-file", "a log of the build", SEVERITY_METADATA,
		"A text below var/log has other times, process ids, durations, random names below "
		"/tmp, or the same lines in another order. Other words of it are unexplained.",
		"Programs that ran while the image was made logged the time.",
		"Empty /var/log. ISAR deletes what no package owns there where ROOTFS_FEATURES has "
		"clean-log-files; the rest in a function that is added to "
		"ROOTFS_POSTPROCESS_COMMAND."},
	{"machine-id", "another machine id", SEVERITY_IDENTITY,
		"etc/machine-id holds 32 hexadecimal digits on both sides, and other ones.",
		"systemd draws it when it is configured.",
		"Ship it empty, or with the word uninitialized: each machine makes its own. ISAR's "
		"image_postprocess_machine_id does, in images; look at what writes the file after "
		"it."},
	{"mode", "other permissions", SEVERITY_CONTENT,
		"The mode or the attributes of a file differ.",
		"Another umask, or another installation.",
		"Give the mode where the file is made: install -m in do_install of a recipe that "
		"inherits dpkg-raw, chmod in its postinst or in a function of "
		"ROOTFS_POSTPROCESS_COMMAND. Check out the layers with the same umask."},
	{"module-signature", "another signature of a kernel module", SEVERITY_SIGNATURE,
		"The bytes behind the module differ, up to its end mark.",
		"The kernel's build makes a key for itself.",
		"CONFIG_MODULE_SIG_KEY with a key that is kept, or no signatures."},
	{"mtime-only", "a modification time", SEVERITY_METADATA,
		"The time of a file differs; its content is looked at for itself.",
		"It was made or changed during the build.",
		"Clamp times to SOURCE_DATE_EPOCH (find -newermt ... touch, tar --clamp-mtime)."},
	{"order-only", "the order of members", SEVERITY_METADATA,
		"A container holds the same members in another order.",
		"It was made in the order of a directory.", "Sort (tar --sort=name)."},
	{"ownership", "another owner", SEVERITY_CONTENT, "User or group differ.",
		"Ids were given in another order, or the build ran as another user.",
		"Give fixed ids. ISAR: the flag gid of GROUP_name and the flags uid and gid of "
		"USER_name, for those that GROUPS and USERS name; for one that a package makes, "
		"adduser --uid in its postinst. An archive: tar --owner --group."},
	{"package-added", "a package that only the rebuild has", SEVERITY_PACKAGES,
		"A package list has a package more.", "Another pin, or another configuration.",
		"Pin the archive as the published image used it; build "
		"with the kas files of the published image, which decide IMAGE_PREINSTALL and "
		"IMAGE_INSTALL. Another version of a package may need one more, too."},
	{"package-removed", "a package that only the published side has", SEVERITY_PACKAGES,
		"A package list has a package less.", "Another pin, or another configuration.",
		"Pin the archive as the published image used it; build "
		"with the kas files of the published image, which decide IMAGE_PREINSTALL and "
		"IMAGE_INSTALL. One that ISAR builds is missing too where its recipe is chosen by "
		"an override that was not set."},
	{"package-version", "another version of a package", SEVERITY_PACKAGES,
		"A package list has another version of the same package.",
		"The rebuild used another state of the archive.",
		"Pin the archive as the published image used it."},
	{"partition-guid", "another identity of a partition", SEVERITY_IDENTITY,
		"The unique GUID of a partition differs.", "It is drawn at random.",
		"wic: --uuid."},
	{"password-salt", "a password hashed with another salt", SEVERITY_IDENTITY,
		"The second field of a line in etc/shadow is a hash of the same method on both "
		"sides.",
		"chpasswd and passwd draw a salt.",
		"Give the hash itself (usermod -p). It may as well be another password: look."},
	{"python-bytecode-mtime", "the source's time in Python bytecode", SEVERITY_METADATA,
		"Four bytes of the header of a .pyc file differ.",
		"Python keeps the time of the source file.",
		"Clamp the times of sources before compiling, or use unchecked hashes."},
	{"quoted-root-hash", "another root hash in a text", SEVERITY_CONTENT,
		"A text gives the root hash of a dm-verity tree, by its key and form.",
		"It follows where a tree with these two root hashes was compared too "
		"(verity-root); where it follows from nothing, it names another root file system.",
		"Mend what the tree differs in; alone, look at who wrote it."},
	{"random-seed", "a seed of random numbers", SEVERITY_IDENTITY,
		"var/lib/systemd/random-seed or a similar file differs.",
		"It was saved while the image was made.",
		"Remove it from the image, with a function that is added to "
		"ROOTFS_POSTPROCESS_COMMAND: ISAR has no feature for it."},
	{"signature-invalid", "a signature that does not verify", SEVERITY_CONTENT,
		"A signature is there and does not hold over exactly the other bytes.",
		"The file was changed after it was signed, or the signature is of another form "
		"than we accept.",
		"Sign again; this is never a mere wrapper."},
	{"ssh-host-key", "a host key of the SSH server", SEVERITY_IDENTITY,
		"A key below etc/ssh differs.", "openssh-server makes it when it is installed.",
		"Remove it from the image; make it at the first start. In ISAR the package of the "
		"recipe sshd-regen-keys does both, which CIP's customizations depend on: install "
		"it after openssh-server by IMAGE_INSTALL."},
	{"stored-form", "another form of the same header", SEVERITY_TOOLCHAIN,
		"Names or headers are stored in another form of the same format.",
		"Another version of the tool.", "Use the same one, or fix its format option."},
	{"toolchain-version", "made by another version of a tool", SEVERITY_TOOLCHAIN,
		"A text that names a tool and its version differs.",
		"The rebuild used another version of it.", "Pin the tools too."},
	{UNEXPLAINED, "nobody knows why", SEVERITY_CONTENT,
		"Bytes differ, and no cause of this list accounts for all of them.",
		"It may be a change of the program itself.",
		"Look at the difference: reproof compare --explain PATH."},
	{"uuid", "another UUID in a file", SEVERITY_CONTENT,
		"Both sides hold a UUID at the same place, and other ones. It follows where they "
		"are the image's (image-uuid).",
		"Where it follows from nothing, a tool drew it at random, or it names another "
		"thing: a partition to boot from, say.",
		"See what it identifies; give the tool a fixed one."},
	{"verity-root", "another root hash", SEVERITY_IDENTITY,
		"The root hash of a dm-verity tree differs, and the tree; both were computed "
		"again. The same two in a text beside it are this too.",
		"The data, or the salt, differs.", "Mend those."},
	{"verity-salt", "another salt of dm-verity", SEVERITY_IDENTITY,
		"The salt in the dm-verity superblock differs.",
		"veritysetup draws it at random; ISAR computes it from the image's UUID.",
		"veritysetup --salt; for ISAR see image-uuid."},
	{"verity-uuid", "another identity of a dm-verity tree", SEVERITY_IDENTITY,
		"The UUID in the dm-verity superblock differs.",
		"veritysetup draws it at random; ISAR takes it from the image's UUID.",
		"veritysetup --uuid; for ISAR see image-uuid."},
	{"volume-id", "another serial number of a FAT volume", SEVERITY_IDENTITY,
		"The volume id differs.", "mkfs.fat takes it from the clock.",
		"mkfs.fat -i, or dosfstools that know SOURCE_DATE_EPOCH."},
	{"wrapper-extra-bytes", "bytes slipped in beside a signature", SEVERITY_CONTENT,
		"A signature verifies, and its container holds more than it.",
		"Whoever made it put bytes where verifiers do not look.",
		"Find out who. This is never a mere wrapper."},
	{"xattr", "extended attributes", SEVERITY_CONTENT,
		"Capabilities, access lists or other attributes of a file differ.",
		"Another installation, or a tool that drops them.",
		"Look at the values; tar --xattrs, mke2fs -d keeps them."},
};

const size_t cause_catalogue_count = ARRAY_SIZE(cause_catalogue);

const struct cause *cause_find(const char *id)
{
	size_t low = 0, high = ARRAY_SIZE(cause_catalogue);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(id, cause_catalogue[middle].id);

		if (order == 0)
			return &cause_catalogue[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const char *severity_word(enum severity severity)
{
	static const char *const words[] = {
		[SEVERITY_METADATA] = "metadata",
		[SEVERITY_IDENTITY] = "identity",
		[SEVERITY_SIGNATURE] = "signature",
		[SEVERITY_TOOLCHAIN] = "toolchain",
		[SEVERITY_PACKAGES] = "packages",
		[SEVERITY_CONTENT] = "content",
	};

	return words[severity];
}
