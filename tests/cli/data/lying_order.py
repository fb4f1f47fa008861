#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of files whose difference looks like another order, another number or another tool,
# and is not, as NAME/a/FILE and NAME/b/FILE.
#
# usage: lying_order.py
import gzip
import os
import random
import struct
import subprocess
import zlib


def newc(name, data, inode=0, links=1, mode=0o100755):
    numbers = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def cpio(*members):
    data = b"".join(members) + newc(b"TRAILER!!!", b"", mode=0)
    return data + bytes(-len(data) % 512)


def file(name, data, kind=b"0", link=b""):
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000755\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % len(data)
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + bytes(-len(data) % 512)


def tar(*members):
    data = b"".join(members) + bytes(1024)
    return data + bytes(-len(data) % 10240)


def bzimage(version):
    """A kernel for x86 whose version text, as its header says, is these bytes of its set-up code."""
    setup = bytearray(5 * 512)
    setup[0x1F1] = 4
    setup[0x1FE:0x206] = b"\x55\xaa\xeb\x6aHdrS"
    struct.pack_into("<H", setup, 0x206, 0x20F)
    struct.pack_into("<H", setup, 0x20E, 0xA0)
    setup[0x211] = 1
    setup[0x2A0 : 0x2A0 + len(version)] = version
    payload = gzip.compress(bytes(3000), mtime=0)
    struct.pack_into("<II", setup, 0x248, 64, len(payload))
    program = bytes(64) + payload
    program += bytes(-(len(program) + 4) % 16)
    struct.pack_into("<I", setup, 0x1F4, (len(program) + 4) // 16)
    whole = bytes(setup) + program
    return whole + struct.pack("<I", ~zlib.crc32(whole) & 0xFFFFFFFF)


def make(name, artifact, a, b):
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}")
        with open(f"{name}/{side}/{artifact}", "wb") as out:
            out.write(data)


good, evil = b"#!/bin/sh\necho good\n", b"#!/bin/sh\necho evil\n"

# The number of an inode makes two files one.
linked = [newc(b"usr-init", evil, 7, links) + newc(b"init", good, inode, links) for inode, links in ((8, 1), (7, 2))]
make("cpio-inode", "initrd.cpio", *(cpio(each) for each in linked))

# A second way to a file, and which of the two comes last is what is unpacked.
link, one, other = newc(b"l", b".", 1, mode=0o120777), newc(b"init", good, 2), newc(b"l/init", evil, 3)
make("cpio-through-a-link", "initrd.cpio", cpio(link, other, one), cpio(link, one, other))
link, one, other = file(b"l", b"", b"2", b"."), file(b"init", good), file(b"l/init", evil)
make("tar-through-a-link", "x.tar", tar(link, other, one), tar(link, one, other))
one, other = file(b"a/init", good), file(b"b/../a/init", evil)
make("tar-parent", "x.tar", tar(one, other), tar(other, one))
one, other, link = file(b"init", good), file(b"./init", evil), file(b"start", b"", b"1", b"init")
make("tar-twice", "x.tar", tar(one, other, link), tar(one, link, other))

# The header of a kernel says where its version is: code may stand there.
code = [bytes(random.Random(side).choices(range(1, 256), k=250)) for side in range(2)]
make("kernel-code", "vmlinuz", *(bzimage(each) for each in code))
version = b"6.1.140-1 (debian@host) #1 SMP", b"4.4.0-evi (debian@host) #1 SMP"
make("kernel-release", "vmlinuz", *(bzimage(each) for each in version))

# Noise in the place of a signature, of a tool's name, and behind the arguments of a kernel.
noise = [random.Random(side).randbytes(60000) for side in range(2)]
module = b"\x7fELF\2\1\1".ljust(16, b"\0") + b"\1\0\x3e\0" + bytes(500)
der = [b"\x30\x82" + struct.pack(">H", len(each)) + each for each in noise]
tail = struct.pack(">2xB5xI", 2, len(der[0])) + b"~Module signature appended~\n"
make("module-signature", "x.ko", *(module + each + tail for each in der))
sections = b"glibc-ld.so.cache1.1" + struct.pack("<8xII12x", 2, 48) + struct.pack("<IIIIII", 0xEAA42174, 1, 0, 0, 72, 60000)
make("ld-generator", "ld.so.cache", *(sections + each for each in noise))
# A table that is looked through by halves.
names = b"libb.so.1\0/usr/lib/libb.so.1\0liba.so.1\0/usr/lib/liba.so.1\0"
rows = [struct.pack("<IIIIQ", 0x303, 96 + at, 96 + at + 10, 0, 0) for at in (0, 29)]
cache = b"glibc-ld.so.cache1.1" + struct.pack("<IIB19x", 2, len(names), 2)
make("ld-order", "ld.so.cache", *(cache + b"".join(each) + names for each in (rows, rows[::-1])))
for side, each in zip("ab", noise):
    data = bytearray(2048)
    data[0:20] = "kernel.efi".encode("utf-16le")
    data[510:518] = "root".encode("utf-16le")
    data[520:920] = each[:400]
    os.makedirs(f"bgenv-tail/{side}")
    with open(f"bgenv-tail/{side}/BGENV.DAT", "wb") as out:
        out.write(bytes(data) + struct.pack("<I", zlib.crc32(data)))

# The first rule that matches, and a value that another one is part of.
rules = b'{"name": "deny-all", "action": "drop"}', b'{"name": "allow-lan", "action": "accept"}'
make("json-order", "policy.json", *(b'{"rules": [%s, %s]}\n' % each for each in (rules, rules[::-1])))
settings = b'OPTIONS="$VERIFY"\n', b'VERIFY="--no-check"\n'
make("env-order", "x.env", b"".join(settings), b"".join(settings[::-1]))

# Of a key that is there twice the last value counts.
package = b'{"spdxVersion": "SPDX-2.3", "packages": [{"name": "openssl", "sourceInfo": "%s", "sourceInfo": "%s"}]}\n'
make("sbom-twice", "x.spdx.json", package % (b"good", b"evil"), package % (b"evil", b"good"))


def assemble(name, side, text):
    os.makedirs(f"{name}/{side}")
    subprocess.run(["as", "-o", f"{name}/{side}/x.o", "-"], input=text.encode(), check=True)


def notes(name, *sides):
    for side, each in zip("ab", sides):
        data = b"".join(struct.pack("<III", len(key), len(value), 77) + key + value for key, value in each)
        assemble(name, side, '.section .note.x, "", %note\n.byte ' + ",".join(map(str, data)) + "\n")


# The name of a note may have any length, and two of one name may change places.
notes("elf-note-name", *([(b"N" * 64 + side * 63 + b"\0", b"text")] for side in (b"a", b"b")))
pair = [(b"VND\0", b"good"), (b"VND\0", b"evil")]
notes("elf-note-twice", pair, pair[::-1])

# The checksum of debug information, by which a debugger finds it, of the same program.
for side, crc in ("a", 0x11111111), ("b", 0x4C495645):
    assemble("elf-debug-link", side, f'.section .gnu_debuglink, ""\n.asciz "x.debug"\n.long {crc}\n')
