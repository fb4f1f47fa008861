/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/fields.h"

#include "base/array.h"

/* A value that only its bytes explain has this cause until somebody explains it. */
#define UNEXPLAINED "unexplained"

static const struct field field_table[] = {
	/* ---- of members of any format ---- */
	{"type", "file type", FIELD_OWN, UNEXPLAINED},
	{"mode", "permissions", FIELD_OWN, "mode"},
	{"uid", "owner id", FIELD_OWN, "ownership"},
	{"gid", "group id", FIELD_OWN, "ownership"},
	{"user", "owner name", FIELD_OWN, "ownership"},
	{"group", "group name", FIELD_OWN, "ownership"},
	{"size", "size", FIELD_OWN, UNEXPLAINED},
	{"mtime", "modification time", FIELD_OWN, "mtime-only"},
	{"atime", "access time", FIELD_TIME, "filesystem-times"},
	{"ctime", "change time", FIELD_TIME, "filesystem-times"},
	{"birthtime", "creation time", FIELD_TIME, "filesystem-times"},
	{"link-target", "link target", FIELD_OWN, UNEXPLAINED},
	{"hard-link", "hard link to", FIELD_OWN, UNEXPLAINED},
	{"device", "device numbers", FIELD_OWN, UNEXPLAINED},
	{"inode", "inode number", FIELD_OWN, "inode-number"},
	{"links", "link count", FIELD_OWN, "inode-number"},
	{"filesystem", "device numbers of its file system", FIELD_OWN, "inode-number"},
	{"acl-access", "access list", FIELD_OWN, "xattr"},
	{"acl-default", "default access list", FIELD_OWN, "xattr"},
	{"flags", "file flags", FIELD_OWN, "mode"},
	{"xattr:", "extended attribute", FIELD_OWN, "xattr"},
	{"sparse", "holes", FIELD_OWN, "layout"},
	{"name", "stored name", FIELD_OWN, "stored-form"},
	{"header", "header form", FIELD_OWN, "stored-form"},
	{"warning", "warning of the reader", FIELD_OWN, UNEXPLAINED},
	{"order", "order of members", FIELD_OWN, "order-only"},
	{"inode-times", "times that the file system keeps", FIELD_OWN, "filesystem-times"},

	/* ---- of any container: names of regions (dbdiff/members.h) ---- */
	{"layout", "where members lie", FIELD_FOLLOWS, "layout"},
	{"packed-data", "how members are packed", FIELD_FOLLOWS, "compression"},
	{"padding", "padding", FIELD_OWN, UNEXPLAINED},
	{"free-space", "free space", FIELD_OWN, UNEXPLAINED},
	{"checksum", "checksums", FIELD_FOLLOWS, "derived"},
	{"trailing-data", "bytes behind the end", FIELD_OWN, UNEXPLAINED},

	/* ---- file systems ---- */
	{"filesystem-uuid", "UUID", FIELD_OWN, "filesystem-uuid"},
	{"filesystem-label", "label", FIELD_OWN, UNEXPLAINED},
	{"filesystem-hash-seed", "directory hash seed", FIELD_OWN, "hash-seed"},
	{"filesystem-created", "time of creation", FIELD_OWN, "filesystem-times"},
	{"filesystem-written", "time last written", FIELD_OWN, "filesystem-times"},
	{"filesystem-mounted", "time last mounted", FIELD_OWN, "filesystem-times"},
	{"filesystem-last-checked", "time last checked", FIELD_OWN, "filesystem-times"},
	{"filesystem-checksum-seed", "checksum seed", FIELD_OWN, "filesystem-uuid"},
	{"filesystem-bytes", "size of the file system", FIELD_FOLLOWS, "layout"},
	{"filesystem-inodes", "number of inodes", FIELD_FOLLOWS, "layout"},
	{"filesystem-fragments", "number of fragments", FIELD_FOLLOWS, "layout"},
	{"filesystem-trailing-data", "bytes behind the file system", FIELD_OWN, UNEXPLAINED},
	{"filesystem-free-blocks", "free blocks", FIELD_FOLLOWS, "layout"},
	{"filesystem-free-inodes", "free inodes", FIELD_FOLLOWS, "layout"},

	/* ---- disks: GPT, MBR ---- */
	{"label", "label of the partition", FIELD_OWN, UNEXPLAINED},
	{"partition-type", "type of the partition", FIELD_OWN, UNEXPLAINED},
	{"partition-guid", "GUID of the partition", FIELD_OWN, "partition-guid"},
	{"partition-attributes", "attributes of the partition", FIELD_OWN, UNEXPLAINED},
	{"partition-flags", "flags of the partition", FIELD_OWN, UNEXPLAINED},
	{"partition-extent", "place of the partition", FIELD_OWN, "layout"},
	{"partition-chs", "place of the partition as cylinders", FIELD_OWN, "layout"},
	{"partition-entry", "rest of the partition's entry", FIELD_OWN, UNEXPLAINED},
	{"partition-overlap", "shares bytes with another partition", FIELD_OWN, UNEXPLAINED},
	{"partition-invalid", "partition that cannot be read", FIELD_OWN, UNEXPLAINED},
	{"disk-label", "kind of partition table", FIELD_OWN, UNEXPLAINED},
	{"disk-sector-size", "bytes of a sector", FIELD_OWN, UNEXPLAINED},
	{"disk-guid", "GUID of the disk", FIELD_OWN, "disk-guid"},
	{"disk-id", "id of the disk in its MBR", FIELD_OWN, "disk-guid"},
	{"mbr-partition:", "entry of the MBR", FIELD_OWN, UNEXPLAINED},
	{"mbr-chs", "size of the disk as cylinders", FIELD_FOLLOWS, "layout"},
	{"mbr-reserved", "reserved bytes of the MBR", FIELD_OWN, UNEXPLAINED},
	{"mbr-signature", "end of the first sector", FIELD_OWN, UNEXPLAINED},
	{"protective-mbr", "protective entry of the MBR", FIELD_FOLLOWS, "derived"},
	{"ebr-code", "code of an extended boot record", FIELD_OWN, UNEXPLAINED},
	{"ebr-link", "link to the next extended boot record", FIELD_FOLLOWS, "layout"},
	{"unused-entries", "unused entries of the partition table", FIELD_OWN, UNEXPLAINED},
	{"gpt-header", "header of the GPT", FIELD_OWN, UNEXPLAINED},
	{"gpt-layout", "places and sizes in the GPT", FIELD_FOLLOWS, "layout"},
	{"gpt-padding", "rest of the sector of a GPT header", FIELD_OWN, UNEXPLAINED},
	{"gpt-backup", "backup of the GPT", FIELD_OWN, UNEXPLAINED},
	{"gpt-primary", "first GPT, which is damaged", FIELD_OWN, UNEXPLAINED},
	{"gpt-invalid", "damage of the GPT", FIELD_OWN, UNEXPLAINED},
	{"boot-code", "boot code", FIELD_OWN, UNEXPLAINED},
	{"gap:", "bytes outside partitions", FIELD_OWN, UNEXPLAINED},

	/* ---- FAT ---- */
	{"volume-id", "volume id", FIELD_OWN, "volume-id"},
	{"oem-name", "OEM name", FIELD_OWN, "toolchain-version"},
	{"boot-label", "label in the boot sector", FIELD_OWN, UNEXPLAINED},
	{"filesystem-label-time", "time of the label", FIELD_OWN, "filesystem-times"},
	{"attributes", "attributes", FIELD_OWN, "mode"},
	{"short-name", "short name", FIELD_OWN, "stored-form"},
	{"name-case", "case flags of the short name", FIELD_OWN, "stored-form"},
	{"fat-type", "kind of FAT", FIELD_OWN, UNEXPLAINED},
	{"fat-type-text", "kind of FAT in the boot sector", FIELD_OWN, UNEXPLAINED},
	{"fat-geometry", "sizes of the file system", FIELD_OWN, "layout"},
	{"hidden-sectors", "sectors in front of the file system", FIELD_OWN, "layout"},
	{"boot-flags", "drive and state in the boot sector", FIELD_OWN, UNEXPLAINED},
	{"boot-reserved", "reserved bytes of the boot sector", FIELD_OWN, UNEXPLAINED},
	{"backup-boot-sector", "copy of the boot sector", FIELD_OWN, UNEXPLAINED},
	{"reserved-sectors", "reserved sectors", FIELD_OWN, UNEXPLAINED},
	{"fsinfo", "FSInfo sector", FIELD_OWN, UNEXPLAINED},
	{"fsinfo-free", "free clusters in FSInfo", FIELD_FOLLOWS, "layout"},
	{"fsinfo-next", "next free cluster in FSInfo", FIELD_FOLLOWS, "layout"},
	{"backup-fsinfo", "copy of the FSInfo sector", FIELD_FOLLOWS, "layout"},
	{"allocation-flags", "first two entries of the allocation table", FIELD_OWN, UNEXPLAINED},
	{"allocation-table", "allocation table", FIELD_FOLLOWS, "layout"},
	{"allocation-table-padding", "rest of the allocation table", FIELD_OWN, UNEXPLAINED},
	{"allocation-table-copy", "copy of the allocation table", FIELD_FOLLOWS, "layout"},
	{"first-cluster", "first cluster of a file", FIELD_FOLLOWS, "layout"},
	{"directory-entry", "directory entry", FIELD_OWN, UNEXPLAINED},
	{"dot-entries", "entries . and .. of a directory", FIELD_OWN, UNEXPLAINED},
	{"dot-times", "times in the entries . and .. of a directory", FIELD_TIME,
		"filesystem-times"},
	{"directory-slack", "bytes behind the end of a directory", FIELD_OWN, UNEXPLAINED},
	{"deleted-entries", "deleted directory entries", FIELD_OWN, UNEXPLAINED},
	{"orphan-long-names", "long names without a file", FIELD_OWN, UNEXPLAINED},
	{"file-slack", "bytes behind the end of files", FIELD_OWN, UNEXPLAINED},
	{"lost-clusters", "clusters that belong to no file", FIELD_OWN, UNEXPLAINED},
	{"bad-clusters", "clusters marked as bad", FIELD_OWN, UNEXPLAINED},
	{"unused-sectors", "sectors behind the last cluster", FIELD_OWN, UNEXPLAINED},

	/* ---- EFI Boot Guard ---- */
	{"boot-kernel", "kernel to boot", FIELD_OWN, UNEXPLAINED},
	{"boot-arguments", "arguments of the kernel", FIELD_OWN, "kernel-cmdline"},
	{"boot-in-progress", "update in progress", FIELD_OWN, UNEXPLAINED},
	{"boot-ustate", "state of the update", FIELD_OWN, UNEXPLAINED},
	{"boot-watchdog", "watchdog timeout in seconds", FIELD_OWN, UNEXPLAINED},
	{"boot-revision", "revision", FIELD_OWN, UNEXPLAINED},
	{"variable:", "user variable", FIELD_OWN, UNEXPLAINED},
	{"unused-variables", "room for user variables", FIELD_OWN, UNEXPLAINED},
	{"checksum-invalid", "checksum that does not fit", FIELD_OWN, UNEXPLAINED},

	/* ---- ext ---- */
	{"filesystem-boot-block", "boot block", FIELD_OWN, UNEXPLAINED},
	{"filesystem-written-kib", "KiB written to it", FIELD_OWN, "filesystem-times"},
	{"filesystem-superblock-rest", "rest of the superblock", FIELD_OWN, UNEXPLAINED},
	{"superblock-backup", "backups of the superblock", FIELD_FOLLOWS, "derived"},
	{"group-descriptors", "group descriptors", FIELD_FOLLOWS, "layout"},
	{"group-descriptors-backup", "backups of the group descriptors", FIELD_FOLLOWS, "derived"},
	{"group-counters", "counters of groups", FIELD_FOLLOWS, "layout"},
	{"reserved-group-descriptors", "blocks kept for descriptors", FIELD_OWN, UNEXPLAINED},
	{"block-bitmap", "block bitmaps", FIELD_FOLLOWS, "layout"},
	{"inode-bitmap", "inode bitmaps", FIELD_FOLLOWS, "layout"},
	{"inode-record", "bytes of inodes that no field stands for", FIELD_OWN, UNEXPLAINED},
	{"free-inodes", "inodes not in use", FIELD_OWN, UNEXPLAINED},
	{"reserved-inodes", "reserved inodes", FIELD_OWN, UNEXPLAINED},
	{"unnamed-inodes", "inodes in use without a name", FIELD_OWN, UNEXPLAINED},
	{"xattr-inode", "inodes with extended attributes", FIELD_OWN, "xattr"},
	{"xattr-block", "blocks with extended attributes", FIELD_OWN, "xattr"},
	{"extent-tree", "extent trees", FIELD_FOLLOWS, "layout"},
	{"indirect-blocks", "indirect blocks", FIELD_FOLLOWS, "layout"},
	{"directory-block", "directory blocks", FIELD_OWN, UNEXPLAINED},
	{"journal-superblock", "superblock of the journal", FIELD_OWN, UNEXPLAINED},
	{"journal-uuid", "UUID in the journal", FIELD_FOLLOWS, "filesystem-uuid"},
	{"journal", "journal", FIELD_OWN, UNEXPLAINED},
	{"orphan-file", "list of orphans", FIELD_OWN, UNEXPLAINED},
	{"quota", "quota files", FIELD_OWN, UNEXPLAINED},
	{"resize-inode", "inode of blocks kept for descriptors", FIELD_FOLLOWS, "layout"},
	{"mount-protection", "block of multiple mount protection", FIELD_OWN, UNEXPLAINED},
	{"slack", "bytes behind the ends of files", FIELD_OWN, UNEXPLAINED},
	{"unwritten", "blocks of files that were never written", FIELD_OWN, UNEXPLAINED},
	{"unreferenced-blocks", "blocks in use by nobody", FIELD_OWN, UNEXPLAINED},
	{"filesystem-type", "file system", FIELD_OWN, UNEXPLAINED},

	/* ---- squashfs, ISO 9660 ---- */
	{"filesystem-compressor", "compressor", FIELD_OWN, "compression"},
	{"filesystem-compressor-options", "options of the compressor", FIELD_OWN, "compression"},
	{"filesystem-padding", "zeros behind the file system", FIELD_FOLLOWS, "layout"},
	{"filesystem-ids", "number of owner ids", FIELD_FOLLOWS, "layout"},
	{"table-offsets", "where the tables lie", FIELD_FOLLOWS, "layout"},
	{"inode-table", "packed inodes", FIELD_FOLLOWS, "layout"},
	{"directory-table", "packed directories", FIELD_FOLLOWS, "layout"},
	{"fragment-table", "table of fragments", FIELD_FOLLOWS, "layout"},
	{"export-table", "table of inodes to export", FIELD_FOLLOWS, "layout"},
	{"id-table", "table of owner ids", FIELD_FOLLOWS, "layout"},
	{"xattr-table", "table of extended attributes", FIELD_FOLLOWS, "layout"},
	{"unreferenced-data", "data of no file", FIELD_OWN, UNEXPLAINED},

	/* ---- dm-verity ---- */
	{"verity-uuid", "UUID of the hash tree", FIELD_OWN, "verity-uuid"},
	{"verity-salt", "salt of the hash tree", FIELD_OWN, "verity-salt"},
	{"verity-root", "root hash", FIELD_OWN, "verity-root"},
	{"verity-tree", "hash tree", FIELD_FOLLOWS, "derived"},
	{"verity-tree-invalid", "hash tree that does not fit the data", FIELD_OWN, UNEXPLAINED},
	{"verity-hashes", "hashes of data that is elsewhere", FIELD_OWN, UNEXPLAINED},
	{"verity-unchecked", "hash tree that was not computed", FIELD_OWN, UNEXPLAINED},
	{"verity-data", "where the data is", FIELD_OWN, UNEXPLAINED},
	{"verity-gap", "bytes that the hash tree does not protect", FIELD_OWN, UNEXPLAINED},
	{"verity-header", "superblock of the hash tree", FIELD_OWN, UNEXPLAINED},
	{"verity-version", "version of the superblock", FIELD_OWN, UNEXPLAINED},
	{"verity-hash-type", "how salt and data are hashed", FIELD_OWN, UNEXPLAINED},
	{"verity-algorithm", "hash algorithm", FIELD_OWN, UNEXPLAINED},
	{"verity-data-block-size", "size of a block of data", FIELD_OWN, UNEXPLAINED},
	{"verity-hash-block-size", "size of a block of hashes", FIELD_OWN, UNEXPLAINED},
	{"verity-data-blocks", "blocks of data", FIELD_FOLLOWS, "layout"},

	/* ---- archives and compressors ---- */
	{"initrd-order", "order of members", FIELD_OWN, "initrd-order"},
	{"debian-control-order", "order of members", FIELD_OWN, "debian-control-order"},
	{"segments", "number of segments", FIELD_OWN, UNEXPLAINED},
	{"end-mark", "end mark", FIELD_OWN, UNEXPLAINED},
	{"checksum-invalid", "checksums that do not fit", FIELD_OWN, UNEXPLAINED},
	{"stream", "form of the compressed stream", FIELD_OWN, UNEXPLAINED},
	{"stream-settings", "settings of the compressor", FIELD_OWN, "compression"},
	{"stream-header", "headers of the second stream and on", FIELD_OWN, UNEXPLAINED},
	{"stream-padding", "zeros between streams", FIELD_OWN, UNEXPLAINED},
	{"stream-blocks", "number of blocks", FIELD_FOLLOWS, "compression"},
	{"skippable-frame", "skippable frames", FIELD_OWN, UNEXPLAINED},
	{"gzip-mtime", "time in the gzip header", FIELD_OWN, "mtime-only"},
	{"gzip-name", "name in the gzip header", FIELD_OWN, "stored-form"},
	{"gzip-flags", "flags in the gzip header", FIELD_OWN, "compression"},
	{"gzip-os", "system in the gzip header", FIELD_OWN, "compression"},
	{"gzip-extra", "extra field of the gzip header", FIELD_OWN, UNEXPLAINED},
	{"gzip-comment", "comment in the gzip header", FIELD_OWN, UNEXPLAINED},
	{"zip-comment", "comment of the archive", FIELD_OWN, UNEXPLAINED},
	{"zip-end", "end of the central directory", FIELD_OWN, UNEXPLAINED},
	{"zip-made-by", "system and version that wrote it", FIELD_OWN, "toolchain-version"},
	{"zip-method", "way it is packed", FIELD_OWN, "compression"},
	{"zip-flags", "general purpose flags", FIELD_OWN, UNEXPLAINED},
	{"zip-attributes", "internal and external attributes", FIELD_OWN, "mode"},
	{"zip-extra", "extra fields", FIELD_OWN, UNEXPLAINED},
	{"zip-time", "time in local time", FIELD_OWN, "mtime-only"},
	{"zip-local-extra", "extra fields of the local header", FIELD_OWN, UNEXPLAINED},
	{"zip-local", "what the local header says otherwise", FIELD_OWN, UNEXPLAINED},
	{"between-members", "bytes between members", FIELD_OWN, UNEXPLAINED},

	/* ---- PE/COFF, unified kernel images, boot loaders ---- */
	{"kind", "kind", FIELD_OWN, UNEXPLAINED},
	{"pe-machine", "machine", FIELD_OWN, UNEXPLAINED},
	{"pe-form", "form of the header", FIELD_OWN, "toolchain-version"},
	{"pe-subsystem", "subsystem", FIELD_OWN, UNEXPLAINED},
	{"pe-characteristics", "characteristics", FIELD_OWN, UNEXPLAINED},
	{"pe-timestamp", "time of linking", FIELD_OWN, "embedded-timestamp"},
	{"pe-header", "PE header", FIELD_OWN, UNEXPLAINED},
	{"pe-symbols", "COFF symbols", FIELD_OWN, UNEXPLAINED},
	{"section-address", "section address", FIELD_OWN, UNEXPLAINED},
	{"section-size", "size of the section in memory", FIELD_OWN, UNEXPLAINED},
	{"section-flags", "section flags", FIELD_OWN, UNEXPLAINED},
	{"section-header", "section header", FIELD_OWN, UNEXPLAINED},
	{"section-table", "section table", FIELD_OWN, UNEXPLAINED},
	{"signature-invalid", "signature that does not verify", FIELD_OWN, "signature-invalid"},
	{"wrapper-extra-bytes", "bytes that no signature needs", FIELD_OWN, "wrapper-extra-bytes"},
	{"checksum-invalid", "checksum that is not right", FIELD_OWN, UNEXPLAINED},
	{"authenticode-signature", "Authenticode signature", FIELD_OWN, "authenticode-signature"},
	{"authenticode-signer", "signer's certificate", FIELD_OWN, "authenticode-signature"},
	{"authenticode-time", "time of signing", FIELD_OWN, "authenticode-signature"},
	{"authenticode-digest", "digest without signatures", FIELD_FOLLOWS, "derived"},

	/* ---- kernels, modules, device trees, FIT, uImage ---- */
	{"kernel-version", "kernel version and build stamp", FIELD_OWN, "kernel-build-stamp"},
	{"kernel-release", "kernel release", FIELD_OWN, UNEXPLAINED},
	{"kernel-cmdline", "kernel command line", FIELD_OWN, "kernel-cmdline"},
	{"boot-protocol", "boot protocol", FIELD_OWN, UNEXPLAINED},
	{"load-flags", "load flags", FIELD_OWN, UNEXPLAINED},
	{"text-offset", "load offset", FIELD_OWN, UNEXPLAINED},
	{"image-size", "size in memory", FIELD_OWN, UNEXPLAINED},
	{"image-header", "image header", FIELD_OWN, UNEXPLAINED},
	{"setup-header", "set-up header", FIELD_OWN, UNEXPLAINED},
	{"setup-code", "set-up code", FIELD_OWN, UNEXPLAINED},
	{"payload-size", "size of the payload unpacked", FIELD_FOLLOWS, "derived"},
	{"kernel-sum", "last bytes of the kernel", FIELD_FOLLOWS, UNEXPLAINED},
	{"module-signature", "module signature", FIELD_OWN, "module-signature"},
	{"module-signature-form", "form of the module signature", FIELD_OWN, UNEXPLAINED},
	{"uimage-timestamp", "time of the image", FIELD_OWN, "embedded-timestamp"},
	{"uimage-load", "load address", FIELD_OWN, UNEXPLAINED},
	{"uimage-entry", "entry point", FIELD_OWN, UNEXPLAINED},
	{"uimage-type", "type of image", FIELD_OWN, UNEXPLAINED},
	{"uimage-name", "name of the image", FIELD_OWN, UNEXPLAINED},
	{"uimage-header", "image header", FIELD_OWN, UNEXPLAINED},
	{"uimage-sizes", "sizes of the images", FIELD_OWN, UNEXPLAINED},
	{"fit-timestamp", "time of the FIT", FIELD_OWN, "embedded-timestamp"},
	{"tree-version", "version of the tree", FIELD_OWN, "toolchain-version"},
	{"tree-boot-cpu", "boot processor", FIELD_OWN, UNEXPLAINED},
	{"tree-header", "header of the tree", FIELD_OWN, UNEXPLAINED},
	{"tree-structure", "structure of the tree", FIELD_OWN, UNEXPLAINED},
	{"tree-strings", "names of properties", FIELD_OWN, UNEXPLAINED},
	{"memory-reservation", "reserved memory", FIELD_OWN, UNEXPLAINED},
	{"memory-reservations", "table of reserved memory", FIELD_OWN, UNEXPLAINED},
	{"node", "node", FIELD_OWN, UNEXPLAINED},
	{"property", "property", FIELD_OWN, UNEXPLAINED},
	{"property:", "property", FIELD_OWN, UNEXPLAINED},

	/* ---- sw-description, CMS, deltas ---- */
	{"cms-signature", "CMS signature", FIELD_OWN, "cms-signature"},
	{"cms-signer", "signer's certificate", FIELD_OWN, "cms-signature"},
	{"cms-signing-time", "time of signing", FIELD_OWN, "cms-signature"},
	{"swu:", "what the update says of itself", FIELD_OWN, UNEXPLAINED},
	{"sw-description-invalid", "description that cannot be read", FIELD_OWN, UNEXPLAINED},
	{"image-sha256", "hash of a file, as described", FIELD_FOLLOWS, "derived"},
	{"image-sha256-mismatch:", "hash that is not that of its file", FIELD_OWN, UNEXPLAINED},
	{"image-sha256-missing:", "described without a hash", FIELD_OWN, UNEXPLAINED},
	{"checksum-invalid:", "checksum that does not fit", FIELD_OWN, UNEXPLAINED},
	{"setting", "name of a setting", FIELD_OWN, UNEXPLAINED},
	{"text-between", "text between settings", FIELD_OWN, UNEXPLAINED},
	{"delta-header", "header of the delta", FIELD_OWN, UNEXPLAINED},
	{"delta-command", "commands of the delta", FIELD_OWN, UNEXPLAINED},
	{"delta-literal", "bytes that the delta adds", FIELD_OWN, UNEXPLAINED},
	{"delta-end", "end of the delta", FIELD_OWN, UNEXPLAINED},
	{"delta-literals", "what the delta adds", FIELD_FOLLOWS, UNEXPLAINED},
	{"zchunk-header", "header of the zchunk file", FIELD_OWN, UNEXPLAINED},
	{"zchunk-index", "index of chunks", FIELD_OWN, UNEXPLAINED},
	{"zchunk-entry", "sizes of a chunk", FIELD_FOLLOWS, UNEXPLAINED},
	{"zchunk-chunk-sum", "checksum of a chunk", FIELD_FOLLOWS, "derived"},
	{"zchunk-header-sum", "checksum of the header", FIELD_FOLLOWS, "derived"},
	{"zchunk-data-sum", "checksum of all chunks", FIELD_FOLLOWS, "derived"},
	{"zchunk-chunks", "number of chunks", FIELD_FOLLOWS, UNEXPLAINED},
	{"zchunk-dictionary", "dictionary", FIELD_OWN, UNEXPLAINED},
	{"zchunk-compression", "compression", FIELD_OWN, "compression"},
	{"chunk-bytes", "size of the chunk", FIELD_OWN, UNEXPLAINED},
	{"delta-copies", "what the delta copies", FIELD_FOLLOWS, UNEXPLAINED},

	/* ---- ELF ---- */
	{"build-id", "build id", FIELD_OWN, "build-id"},
	{"toolchain-version", "tools that made it", FIELD_OWN, "toolchain-version"},
	{"build-id-link", "debug information, by the build id", FIELD_FOLLOWS, "build-id"},
	{"debug-link", "file with debug information", FIELD_OWN, UNEXPLAINED},
	{"debug-link-crc", "checksum of the debug information", FIELD_FOLLOWS, "build-id"},
	{"debug-alternate", "file with shared debug information", FIELD_OWN, UNEXPLAINED},
	{"debug-alternate-id", "build id of shared debug information", FIELD_FOLLOWS, "build-id"},
	{"elf-form", "form of the ELF file", FIELD_OWN, UNEXPLAINED},
	{"elf-type", "type", FIELD_OWN, UNEXPLAINED},
	{"elf-machine", "machine", FIELD_OWN, UNEXPLAINED},
	{"elf-entry", "entry point", FIELD_OWN, UNEXPLAINED},
	{"elf-flags", "flags of the processor", FIELD_OWN, UNEXPLAINED},
	{"elf-layout", "where the header tables lie", FIELD_FOLLOWS, "layout"},
	{"segment:", "program header", FIELD_OWN, UNEXPLAINED},
	{"program-headers", "program headers", FIELD_OWN, UNEXPLAINED},
	{"section-type", "section type", FIELD_OWN, UNEXPLAINED},
	{"elf-gap", "zeros between sections", FIELD_FOLLOWS, "layout"},
	{"section-place", "where sections lie", FIELD_FOLLOWS, "layout"},
	{"section-link", "section that it refers to", FIELD_OWN, UNEXPLAINED},
	{"section-info", "what else the section refers to", FIELD_OWN, UNEXPLAINED},
	{"section-alignment", "section alignment", FIELD_OWN, UNEXPLAINED},
	{"section-entry-size", "size of an entry", FIELD_OWN, UNEXPLAINED},
	{"content-form", "form of the content", FIELD_OWN, UNEXPLAINED},
	{"note:", "note", FIELD_OWN, UNEXPLAINED},

	/* ---- lists of packages ---- */
	{"package-version", "version of the package", FIELD_OWN, "package-version"},
	{"package-source", "source package", FIELD_OWN, UNEXPLAINED},
	{"package-source-version", "version of the source package", FIELD_OWN, UNEXPLAINED},
	{"package-status", "state of the package", FIELD_OWN, UNEXPLAINED},
	{"package-order", "order of the package's fields", FIELD_OWN, UNEXPLAINED},
	{"package-field:", "field of the package", FIELD_OWN, UNEXPLAINED},

	/* ---- texts read by key ---- */
	{"text", "text", FIELD_OWN, UNEXPLAINED},
	{"written-as", "as it is written", FIELD_OWN, UNEXPLAINED},
	{"bmap-element", "element around a value", FIELD_OWN, UNEXPLAINED},
	{"bmap-text", "text between elements", FIELD_OWN, UNEXPLAINED},
	{"bmap-checksum", "checksum of the block map", FIELD_FOLLOWS, "derived"},
	{"bmap-checksum-invalid", "checksum that does not fit", FIELD_OWN, UNEXPLAINED},
	{"env-line", "line around a value", FIELD_OWN, UNEXPLAINED},
	{"env-other", "lines without a value", FIELD_OWN, UNEXPLAINED},

	/* What has no row of its own. */
	{"", "field", FIELD_OWN, UNEXPLAINED},
};

/* What belongs to a version of a package, and says nothing of its own when that is another one. */
static const struct {
	const char *field, *of;
} with_versions[] = {
	{"package-source", "package-version"},
	{"package-source-version", "package-version"},
	{"package-order", "package-version"},
	{"package-field:", "package-version"},
};

bool fields_has(const struct buffer *differences, const char *name)
{
	const char *at = differences->data;
	const char *end = differences->len > 0 ? at + differences->len : at;

	while (at < end) {
		if (strcmp(at, name) == 0)
			return true;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return false;
}

const char *fields_cause(const struct buffer *differences, const char *name)
{
	const struct field *row = field_find(name);

	for (size_t i = 0; i < ARRAY_SIZE(with_versions); i++) {
		if (strcmp(row->name, with_versions[i].field) == 0 &&
			fields_has(differences, with_versions[i].of))
			return NULL;
	}
	return row->cause;
}

const char *fields_single_cause(const char *fields, size_t len, bool is_added)
{
	struct field_cursor cursor;

	field_cursor_init(&cursor, fields, len);
	while (field_cursor_next(&cursor)) {
		if (strcmp(cursor.name, "package-version") == 0)
			return is_added ? "package-added" : "package-removed";
	}
	return NULL;
}

const struct field *fields_first(void)
{
	return field_table;
}

const struct field *fields_after(const struct field *field)
{
	size_t next = (size_t)(field - field_table) + 1;

	return next < ARRAY_SIZE(field_table) ? &field_table[next] : NULL;
}

const struct field *field_find(const char *name)
{
	size_t last = ARRAY_SIZE(field_table) - 1;

	for (size_t i = 0; i < last; i++) {
		size_t len = strlen(field_table[i].name);

		if (field_table[i].name[len - 1] == ':'
				? strncmp(name, field_table[i].name, len) == 0
				: strcmp(name, field_table[i].name) == 0)
			return &field_table[i];
	}
	return &field_table[last];
}

int field_compare(const char *a, const char *b)
{
	const struct field *row_a = field_find(a);
	const struct field *row_b = field_find(b);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	return strcmp(a, b);
}

void field_cursor_init(struct field_cursor *cursor, const char *fields, size_t len)
{
	*cursor = (struct field_cursor){.at = fields, .end = len > 0 ? fields + len : fields};
}

static const char *cursor_text(struct field_cursor *cursor)
{
	const char *text = cursor->at;
	const char *nul;

	if (text == cursor->end)
		return NULL;
	nul = memchr(text, '\0', (size_t)(cursor->end - text));
	if (nul != NULL)
		cursor->at = nul + 1;
	return nul != NULL ? text : NULL;
}

bool field_cursor_next(struct field_cursor *cursor)
{
	cursor->name = cursor_text(cursor);
	cursor->value = cursor->name != NULL ? cursor_text(cursor) : NULL;
	return cursor->value != NULL;
}

struct pair {
	const char *name;
	const char *value;
};

static int pair_compare(const void *a, const void *b)
{
	const struct pair *pair_a = a;
	const struct pair *pair_b = b;
	int order = field_compare(pair_a->name, pair_b->name);

	return order != 0 ? order : strcmp(pair_a->value, pair_b->value);
}

void fields_sort(struct buffer *fields, const char *dropped)
{
	struct pair *pairs = NULL;
	size_t count = 0, capacity = 0;
	struct buffer sorted = {0};
	struct field_cursor cursor;

	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor)) {
		if (dropped != NULL && strcmp(cursor.name, dropped) == 0)
			continue;
		ARRAY_GROW(pairs, count, capacity);
		pairs[count++] = (struct pair){cursor.name, cursor.value};
	}
	if (count > 1)
		qsort(pairs, count, sizeof(pairs[0]), pair_compare);
	for (size_t i = 0; i < count; i++) {
		buffer_add(&sorted, pairs[i].name, strlen(pairs[i].name) + 1);
		buffer_add(&sorted, pairs[i].value, strlen(pairs[i].value) + 1);
	}
	buffer_clear(fields);
	if (sorted.len > 0)
		buffer_add(fields, sorted.data, sorted.len);
	buffer_release(&sorted);
	free(pairs);
}

enum field_weight fields_weight(const struct buffer *differences)
{
	enum field_weight weightiest = FIELD_OWN;
	const char *at = differences->data;
	const char *end = at + differences->len;
	bool first = true;

	while (differences->len > 0 && at < end) {
		enum field_weight weight = field_find(at)->weight;

		if (first || weight < weightiest)
			weightiest = weight;
		first = false;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return weightiest;
}
