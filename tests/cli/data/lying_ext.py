#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of ext images, as NAME/a/x.img and NAME/b/x.img, of which the second has a table,
# counter, flag or copy that does not fit the rest of it, or bytes where nothing should be.
#
# usage: lying_ext.py
import os
import struct
import subprocess

UUID = "11111111-2222-3333-4444-555555555555"
ENVIRONMENT = dict(os.environ, E2FSPROGS_FAKE_TIME="1700000000", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
BLOCK = 1024
GROUP = 8192 * BLOCK
DESCRIPTORS = 2 * BLOCK


def make_tree():
    os.makedirs("tree/dir")
    for name in ("f1", "f2"):
        with open("tree/dir/" + name, "wb") as out:
            out.write(os.urandom(20000))
    with open("tree/fragments", "wb") as out:
        for i in range(40):
            out.seek(i * 8192)
            out.write(b"x" * 1024)
    with open("tree/tiny", "w") as out:
        out.write("tiny\n")
    os.symlink("target", "tree/link")
    for path in ("tree/dir/f1", "tree/dir/f2", "tree/dir", "tree/fragments", "tree/tiny", "tree/link", "tree"):
        os.utime(path, (1700000000, 1700000000), follow_symlinks=False)


def make_image(name, *options):
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-U", UUID, "-E", "hash_seed=" + UUID,
                    *options, "-d", "tree", name, "20M"], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    with open(name, "rb") as image:
        return image.read()


def debugfs(image, *requests):
    with open("edited.img", "wb") as out:
        out.write(image)
    subprocess.run(["debugfs", "-w", "-f", "-", "edited.img"], input="\n".join(requests), text=True, env=ENVIRONMENT,
                   check=True, capture_output=True)
    with open("edited.img", "rb") as edited:
        return edited.read()


def pair(name, a, b):
    assert a != b, name
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}", exist_ok=True)
        with open(f"{name}/{side}/x.img", "wb") as out:
            out.write(data)


def put(image, at, data):
    return image[:at] + data + image[at + len(data):]


def number(image, at):
    return struct.unpack_from("<I", image, at)[0]


def inode_places(image):
    size = struct.unpack_from("<H", image, 1024 + 88)[0]
    for i in range(10, 30):
        at = number(image, DESCRIPTORS + 8) * BLOCK + i * size
        yield at, struct.unpack_from("<H", image, at)[0], number(image, at + 4)


def put_in_inode(image, kind, length, offset, data):
    at = next(at for at, mode, size in inode_places(image) if mode >> 12 == kind and size == length)
    return put(image, at + 40 + offset, data)


make_tree()
summed = make_image("summed.img")
plain = make_image("plain.img", "-O", "^metadata_csum,^64bit")
inline = make_image("inline.img", "-O", "^metadata_csum,^64bit,inline_data")
blocks = subprocess.run(["debugfs", "-R", "blocks /dir/f2", "summed.img"], env=ENVIRONMENT, check=True,
                        capture_output=True, text=True).stdout.split()

# Bitmaps, counters and flags.
bitmap, inodes = (number(plain, DESCRIPTORS + at) * BLOCK for at in (0, 4))
pair("block-bitmap-summed", summed, debugfs(summed, *("freeb " + block for block in blocks)))
pair("block-bitmap-used", plain, put(plain, bitmap + 1000, b"\xff" * 20))
pair("block-bitmap-free", plain, put(plain, bitmap + 100, bytes(20)))
pair("inode-bitmap-summed", summed, debugfs(summed, "freei /dir/f1"))
pair("inode-bitmap", plain, put(plain, inodes, b"\x7f"))
pair("free-in-all", plain, put(plain, 1024 + 12, b"\7\0\0\0"))
pair("free-inodes-in-all", plain, put(plain, 1024 + 16, b"\7\0\0\0"))
pair("counters", plain, put(plain, DESCRIPTORS + 12, b"\1\0"))
for what, name, value in (("counters-summed", "free_inodes_count", 3), ("directories", "used_dirs_count", 9),
                          ("inodes-unset", "flags", 5), ("blocks-unset", "flags", 6), ("flags", "flags", 0x4004),
                          ("inodes-unused", "itable_unused", 2500)):
    pair(what, summed, debugfs(summed, f"set_bg 0 {name} {value}", "set_bg 0 checksum calc"))
pair("flags-plain", plain, put(plain, DESCRIPTORS + 18, b"\1"))
pair("descriptor-reserved", plain, put(plain, DESCRIPTORS + 20, b"HIDE"))
pair("bitmap-checksum", summed, debugfs(summed, "set_bg 0 block_bitmap_csum 77", "set_bg 0 checksum calc"))

# Copies of what is at the beginning, and what follows from it.
pair("backup-of-descriptors", plain, put(plain, GROUP + DESCRIPTORS + 8, b"\x39\x30"))
pair("backup-of-counters", plain, put(plain, GROUP + DESCRIPTORS + 12, b"\1\0"))
pair("backup-of-uuid", plain, put(plain, GROUP + 1024 + 0x68, b"ANOTHER UUID IS "))
pair("backup-of-size", plain, put(plain, GROUP + 1024 + 4, b"\1\2"))
pair("backup-of-free", plain, put(plain, GROUP + 1024 + 12, b"\1\2"))
pair("backup-of-checksum", summed, put(summed, GROUP + 1024 + 1020, b"NONE"))
pair("checksum-seed", plain, put(plain, 1024 + 0x270, b"SEED"))
pair("journal-uuid", plain, put(plain, plain.index(b"\xc0\x3b\x39\x98") + 48, b"ANOTHER UUID IS "))
pair("resize-cleared", summed, debugfs(summed, "clri <7>"))
pair("resize-size", summed, debugfs(summed, "sif <7> size 99"))
pair("resize-blocks", plain, put(plain, number(plain, number(plain, DESCRIPTORS + 8) * BLOCK +
                                               6 * 256 + 40 + 13 * 4) * BLOCK + 800, b"HIDE"))

# Bytes behind what is in use.
node = plain.index(b"\x0a\xf3\x28\0")
pair("node", plain, put(plain, node + 12 + 40 * 12, b"HIDDEN PAYLOAD " * 30))
pair("node-generation", plain, put(plain, node + 8, b"HIDE"))
pair("inode", plain, put_in_inode(plain, 8, 20000, 24, b"HIDDEN-PAYLOAD-OF-36-BYTES-IN-IBLOCK"))
link = put_in_inode(plain, 10, 6, 20, b"HIDDEN")
pair("link", plain, link)
pair("link-and-time", plain, debugfs(link, "sif /link mtime 1600000000"))
pair("inline", inline, put_in_inode(inline, 8, 5, 20, b"HIDDEN"))

# Beside what is told of a member: none of this is its time.
for what, request in (("blocks", "blocks 2"), ("links", "links_count 5"), ("storage", "flags 0x81000"),
                      ("deleted", "dtime 77")):
    pair(what + "-and-time", summed, debugfs(summed, "sif /dir/f1 " + request, "sif /dir/f1 mtime 1600000000"))
