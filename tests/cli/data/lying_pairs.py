#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of files whose difference somebody wants to be explained away, as NAME/a/FILE and
# NAME/b/FILE: what only one kind of reader obeys, damage behind which everything seems to be only
# elsewhere, more than a wrapper, and texts that look like a value of a cause.
#
# usage: lying_pairs.py
import os
import random
import struct
import zlib

noise = random.Random(1).randbytes


def header(name, size, kind=b"0"):
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def file(name, data, kind=b"0"):
    return header(name, len(data), kind) + data + bytes(-len(data) % 512)


def record(key, value):
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    while len(str(length)) + rest != length:
        length = len(str(length)) + rest
    return b"%d %s=%s\n" % (length, key, value)


def pax(records, kind=b"x"):
    return file(b"PaxHeaders/x", b"".join(record(*each) for each in records), kind)


def tar(*members):
    data = b"".join(members) + bytes(1024)
    return data + bytes(-len(data) % 10240)


def newc(name, data):
    numbers = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def make(name, artifact, a, b):
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}")
        with open(f"{name}/{side}/{artifact}", "wb") as out:
            out.write(data)


# From the third member on the other side is noise: what was behind it is not known to be the same.
members = [file(b"f%d" % i, noise(50000)) for i in range(9)]
whole = tar(*members)
cut = 2 * len(members[0])
make("noise-tar", "x.tar", whole, whole[:cut] + noise(len(whole) - cut))
whole = b"".join(newc(b"f%d" % i, noise(50000)) for i in range(9)) + newc(b"TRAILER!!!", b"")
cut = 2 * len(newc(b"f0", bytes(50000)))
make("noise-cpio", "x.cpio", whole, whole[:cut] + noise(len(whole) - cut))

# A size in front of the header overrules it: other bytes are the file's than the header says.
first, last, data = file(b"first", noise(2048)), file(b"last", b"last\n"), noise(4096)
comment = record(b"comment", b"z" * 11765)
for key in (b"size", b"SUN.holesdata"):
    pairs = [
        tar(
            first,
            pax([(name, b"16384"), (b"SCHILY.realsize", b"4096")]),
            header(b"f", 4096) + data,
            file(b"g", comment, b"g"),
            last,
        )
        for name in (key, key[:-1] + b"f")
    ]
    make(f"overruled-{key.decode().replace('.', '-').lower()}", "x.tar", *pairs)

# What other readers of a tar obey, and what is in a header for nobody.
content = file(b"f", b"text" * 64)
for key, a, b in ((b"path", b"etc/motd", b"etc/pass"), (b"uid", b"1000", b"0000")):
    pairs = [tar(pax([(key, value)], b"g"), content) for value in (a, b)]
    make(f"global-{key.decode()}", "x.tar", *pairs)
make("vendor", "x.tar", *(tar(pax([(b"X.y", each * 400)]), content) for each in (b"A", b"B")))
time = [(b"mtime", b"1577934245"), (b"mtime", b"1577934246")]
make("time-and-more", "x.tar", *(tar(pax([each, (b"X.y", each[1])]), content) for each in time))
make("label", "x.tar", *(tar(header(each, 0, b"V"), content) for each in (b"one", b"two")))
make("large-record", "x.tar", *(tar(pax([(b"X.y", each * 99999)]), content) for each in (b"A", b"B")))
order = [[(b"path", each) for each in pair] for pair in ((b"a", b"b"), (b"b", b"a"))]
make("order-of-records", "x.tar", *(tar(pax(each, b"g"), content) for each in order))
order = [pax([(b"SCHILY.xattr.user.x", each), (b"SCHILY.xattr.user.x", b"1")]) for each in (b"2", b"3")]
make("two-of-a-kind", "x.tar", *(tar(each, content) for each in order))
make("base64", "x.tar", *(tar(pax([(b"LIBARCHIVE.xattr.user.x", each)]), content) for each in (b"AA!!", b"AA##")))
later = header(b"f", 256)
later = bytearray(later[:136] + b"14000000000\0" + b" " * 8 + later[156:])
later[148:156] = b"%06o\0 " % sum(later)
time = pax([(b"mtime", b"7")])
make("overruled-time", "x.tar", tar(time, content), tar(time, bytes(later) + content[512:]))
sparse = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"f"), (b"GNU.sparse.realsize", b"1024")]
maps = [(b"1\n512\n512\n" + each).ljust(512, b"\0") + noise(512) for each in (b"", b"behind")]
maps[1] = maps[1][:512] + maps[0][512:]
make("behind-a-map", "x.tar", *(tar(pax(sparse), file(b"f", each)) for each in maps))
name = bytearray(content)
name[50:54] = b"more"
name[148:156] = b" " * 8
name[148:156] = b"%06o\0 " % sum(name[:512])
make("behind-a-name", "x.tar", tar(content), tar(bytes(name)))

# The same of cpio: the sum that only "crc" has, and what fills up behind a name.
whole = newc(b"f", b"text") + newc(b"TRAILER!!!", b"")
make("cpio-sum", "x.cpio", whole, whole[:102] + b"0BADC0DE" + whole[110:])
whole = newc(b"longer", b"text") + newc(b"TRAILER!!!", b"")
make("cpio-fill", "x.cpio", whole, whole[:117] + b"x" + whole[118:])

# A wrapper that carries something.
text = noise(2000) * 20
deflate = zlib.compressobj(6, 8, -15)
packed = deflate.compress(text) + deflate.flush()
packed += struct.pack("<II", zlib.crc32(text), len(text))
plain = b"\x1f\x8b\x08\0\0\0\0\0\0\3" + packed
for name, kept in (("gzip-name", b"n" * 60000), ("gzip-path", b"../x"), ("gzip-escape", b"\33[31m")):
    make(name, "x.gz", plain, b"\x1f\x8b\x08\x08\0\0\0\0\0\3" + kept + b"\0" + packed)
make("gzip-system", "x.gz", plain, plain[:8] + b"\x55\x77" + packed)

# Texts that look like a value of a cause.
long = b"#!/bin/sh\n[ $x \\> 2025-01-02 ]\n" + b"true\n" * 99999 + b"[ $x \\> 2025-01-02 ]\n"
lines = b"2024-01-01T00:00:00Z a\n"
later = b"2024-01-01T00:00:01Z a\n"
for name, path, a, b in (
    ("cron", b"etc/cron.d/x", b"* * * * * root /root/a/run.sh\n", b"* * * * * root /tmp/b/run.sh\n"),
    ("script", b"usr/bin/x", b"#!/bin/sh\n/root/a/run.sh\n", b"#!/bin/sh\n/tmp/b/run.sh\n"),
    ("preload", b"etc/ld.so.preload", b"/tmp/a/libx.so\n", b"/tmp/b/libx.so\n"),
    ("cache", b"var/cache/fontconfig/x.so", b"\x04\xfc\x02\xfc" + noise(500), b"\x04\xfc\x02\xfcx" + noise(500)),
    ("deep-log", b"opt/x/var/log/y", lines * 4, lines.replace(b"a", b"b") * 4),
    ("log", b"var/log/y", lines * 4, later * 3 + b"another line\n"),
    ("tool", b"etc/x", b"GCC: (Debian; good) 12.1;good\n", b"GCC: (Debian; $(b)) 12;$(b)\n"),
    ("guard", b"etc/cron.sh", b'#!/bin/sh\n[ "$(date +%F)" \\> 2025-01-02 ] && exit 0\n', b'#!/bin/sh\n[ "$(date +%F)" \\> 2035-01-02 ] && exit 0\n'),
    ("expiry", b"etc/x", b"[key]\nexpires = 2024-01-02\n", b"[key]\nexpires = 2034-01-02\n"),
    ("far-guard", b"usr/bin/x", long, long[:-9] + long[-9:].replace(b"1", b"2")),
    ("far-guards", b"usr/bin/x", long, long.replace(b"2025", b"2035")),
    ("builder", b"etc/x", b"echo Linux version 6 (a@b)\n", b"echo Linux version 6 (a@b;c)\n"),
):
    make(name, "x.tar", tar(file(path, a)), tar(file(path, b)))
