#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of squashfs images, as NAME/a/x.img and NAME/b/x.img, of which the second says what is
# not so, or holds what no file does, and shows the same tree.
#
# usage: lying_squashfs.py    with mksquashfs in PATH
import os
import random
import shutil
import struct
import subprocess

PLAIN = ["-noI", "-noX", "-noId"]
HIDDEN = "".join(f"HIDDEN PAYLOAD {i}\n" for i in range(300)).encode()


def squash(tree, *options):
    subprocess.run(["mksquashfs", tree, "image", "-noappend", "-quiet", "-no-progress", "-all-time",
                    "1", "-mkfs-time", "1", *PLAIN, *options], check=True,
                   stdout=subprocess.DEVNULL)
    with open("image", "rb") as image:
        return Image(image.read())


class Image(bytearray):
    """With its inodes and listings stored as they are: positions are those of the file."""

    def super(self, at):
        return struct.unpack_from("<Q", self, at)[0]

    def get(self, form, at):
        return struct.unpack_from("<" + form, self, at)[0]

    def put(self, form, at, value):
        struct.pack_into("<" + form, self, at, value)

    def inodes(self):
        """(type, place, number) of each; for images with one block of inodes."""
        at, end = self.super(64) + 2, self.super(72)
        while at < end:
            kind, number = self.get("H", at), self.get("I", at + 12)
            yield kind, at, number
            if kind == 1:
                at += 32
            elif kind == 2:
                fragment, size = self.get("I", at + 20), self.get("I", at + 28)
                at += 32 + size // 131072 * 4 + (fragment == 2**32 - 1 and size % 131072 > 0) * 4
            elif kind == 3:
                at += 24 + self.get("I", at + 20)
            elif kind == 8:
                count, at = self.get("H", at + 32), at + 40
                for _ in range(count):
                    at += 13 + self.get("I", at + 8)
            elif kind == 9:
                at += 56
            else:
                raise ValueError(f"an inode of type {kind}")

    def find(self, kind, which=0):
        return [at for type, at, _ in self.inodes() if type == kind][which]


def pair(name, a, b):
    assert a != b, name
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}")
        with open(f"{name}/{side}/x.img", "wb") as out:
            out.write(data)


def write(path, data=b""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def changed(name, image, *changes):
    other = Image(image)
    for form, at, value in changes:
        other.put(form, at, value)
    pair(name, image, other)


for i in range(20):
    write(f"tree/etc/f{i}", b"file %d\n" % i * 200)
os.mkdir("tree/empty")
write("tree/bin/x", bytes(300000))
plain = squash("tree", "-all-root")
root = [at for kind, at, _ in plain.inodes() if kind == 1][-1]
first = plain.find(1)
tail = plain.find(2)
changed("links", plain, ("I", root + 20, 77))
changed("parent", plain, ("I", first + 28, 1))
changed("root-parent", plain, ("I", root + 28, 1))
changed("file-type", plain, ("H", tail + 2, plain.get("H", tail + 2) | 0o140000))
# No block of data, so that its place is none.
hole = [at for kind, at, _ in plain.inodes() if kind == 2 and plain.get("I", at + 28) == 300000][0]
changed("no-place", plain, ("I", hole + 16, 0x4C494548))
private = squash("tree", "-all-root", "-no-exports")
changed("inode-count", private, ("I", 4, private.get("I", 4) + 5))
block = plain.super(plain.super(88))
assert plain.get("H", block) & 0x8000
changed("export", plain, ("8s", block + 2, b"EVILEVIL"))
# An id that nobody has.
with_id = squash("tree", "-force-gid", "77", "-force-uid", "0")
without = Image(with_id)
for _, at, _ in with_id.inodes():
    without.put("H", at + 6, with_id.get("H", at + 4))
groupless = squash("tree", "-all-root")
pair("id", groupless, without)
# The root's last entry is cut off: its inode and its name stay.
write("tree/zz", b"")
os.symlink("H" * 200, "tree/zzz")
more = squash("tree", "-all-root")
root = [at for kind, at, _ in more.inodes() if kind == 1][-1]
directories = more.super(72)
listing = directories + 2 + more.get("H", root + 26)
more.put("I", listing, more.get("I", listing) - 1)
more.put("H", root + 24, more.get("H", root + 24) - 8 - 3)
os.remove("tree/zzz")
pair("orphan", squash("tree", "-all-root"), more)
os.remove("tree/zz")
# Two names that Linux does not find, as it looks for them in their order.
listing = plain.super(72) + 2
names = bytes(plain[listing : plain.super(72) + 2 + 400])
one, other = names.index(b"f10") - 8, names.index(b"f11") - 8
swapped = Image(plain)
swapped[listing + one : listing + one + 11] = names[other : other + 11]
swapped[listing + other : listing + other + 11] = names[one : one + 11]
pair("order", plain, swapped)
# One inode's number for two files.
twice = squash("tree", "-all-root", "-no-exports")
files = [(at, number) for kind, at, number in twice.inodes() if kind == 2]
doubled = Image(twice)
(_, kept), (lost, number) = files[1], files[2]
doubled.put("I", lost + 12, kept)
entry = doubled.index(struct.pack("<H", lost - doubled.super(64) - 2), doubled.super(72))
assert doubled.get("H", entry + 4) == 2
doubled.put("h", entry + 2, doubled.get("h", entry + 2) + kept - number)
pair("number", twice, doubled)
# Attributes that nobody has any more.
for i in range(3):
    os.setxattr(f"tree/etc/f{i}", "user.x", b"%d" % i)
valued = squash("tree", "-all-root")
forgotten = Image(valued)
extended = [at for kind, at, _ in valued.inodes() if kind == 9]
forgotten.put("I", extended[-1] + 52, valued.get("I", extended[0] + 52))
os.setxattr("tree/etc/f2", "user.x", b"0")
pair("xattr", squash("tree", "-all-root"), forgotten)
for i in range(3):
    os.removexattr(f"tree/etc/f{i}", "user.x")
# A directory with an index.
for i in range(900):
    write(f"large/big/a_file_with_a_long_name_{i:04}")
write("large/prog", b"x")
large = squash("large")
at = large.index(b"a_file_with_a_long_name_", large.super(64))
assert at < large.super(72)
changed("index", large, ("I", at - 8, 0x7FFF))
changed("index-name", large, ("B", at, ord("Z")))
prog = large.index(struct.pack("<6I", 1, 902, 0, 0, 0, 1), large.super(64))
changed("index-and-time", large, ("I", at - 8, 0x7FFF), ("I", prog, 77))
# What a file does not have of a block of several.
write("tree/etc/g", b"x")
short = squash("tree", "-all-root")
write("tree/etc/g", b"x" + HIDDEN)
long = squash("tree", "-all-root")
for kind, at, _ in long.inodes():
    if kind == 2 and long.get("I", at + 28) == 1 + len(HIDDEN):
        long.put("I", at + 28, 1)
pair("fragment", short, long)
# Bytes behind the packed stream in a block: those of the file that comes next, for want of others.
write("two/f", b"".join(b"%d\n" % i for i in range(40000))[:131072])
write("two/g", random.Random(1).randbytes(100000))
two = squash("two", "-no-fragments")
size = two.index(struct.pack("<I", 131072), two.super(64))
changed("behind-stream", two, ("I", size + 4, two.get("I", size + 4) + 100))
shutil.rmtree("tree")
shutil.rmtree("two")
shutil.rmtree("large")
os.remove("image")
