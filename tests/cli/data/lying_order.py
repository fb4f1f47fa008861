#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of files whose difference looks like another order, another number or another tool,
# and is not, as NAME/a/FILE and NAME/b/FILE.
#
# usage: lying_order.py
import os


def newc(name, data, inode=0, links=1, mode=0o100755):
    numbers = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def cpio(*members):
    data = b"".join(members) + newc(b"TRAILER!!!", b"", mode=0)
    return data + bytes(-len(data) % 512)


def make(name, artifact, a, b):
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}")
        with open(f"{name}/{side}/{artifact}", "wb") as out:
            out.write(data)


good, evil = b"#!/bin/sh\necho good\n", b"#!/bin/sh\necho evil\n"

# The number of an inode makes two files one.
linked = [newc(b"usr-init", evil, 7, links) + newc(b"init", good, inode, links) for inode, links in ((8, 1), (7, 2))]
make("cpio-inode", "initrd.cpio", *(cpio(each) for each in linked))
