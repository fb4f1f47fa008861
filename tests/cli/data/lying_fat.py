#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes pairs of FAT images, as NAME/a/x.img and NAME/b/x.img, that differ in what only some readers
# look at: a second table that is no copy, reserved bits, and short names that files are meant by.
#
# usage: lying_fat.py FAT32 FAT12    two images: the first with a file of one cluster, and the second
#                                    with two files with long names
import os
import random
import struct
import sys


def make(name, a, b):
    for side, data in (("a", a), ("b", b)):
        os.makedirs(f"{name}/{side}", exist_ok=True)
        with open(f"{name}/{side}/x.img", "wb") as out:
            out.write(data)


def place(image):
    reserved, = struct.unpack_from("<H", image, 14)
    sectors, = struct.unpack_from("<I", image, 36)
    return reserved * 512, sectors * 512


def with_noise(image, seed):
    image = bytearray(image)
    table, length = place(image)
    image[table + length + 4096 : table + length + 8192] = random.Random(seed).randbytes(4096)
    return image


def with_reserved_bits(image, seed):
    image = bytearray(image)
    table, length = place(image)
    noise = random.Random(seed)
    for entry in range(1000, 2000):
        image[table + 4 * entry + 3] |= noise.randrange(16) << 4
    image[table + length : table + 2 * length] = image[table : table + length]
    return image


def with_entry(image, *entries):
    image = bytearray(image)
    table, length = place(image)
    for number, value in entries:
        struct.pack_into("<I", image, table + 4 * number, value)
    image[table + length : table + 2 * length] = image[table : table + length]
    return image


def with_number(image, at, value):
    image = bytearray(image)
    struct.pack_into("<I", image, 512 + at, value)
    return image


def checksum(name):
    total = 0
    for byte in name:
        total = ((total & 1) << 7 | total >> 1) + byte & 255
    return total


def with_short_names(image, names):
    image = bytearray(image)
    reserved, = struct.unpack_from("<H", image, 14)
    sectors, = struct.unpack_from("<H", image, 22)
    at = (reserved + image[16] * sectors) * 512
    names, long_names = list(names), []
    while image[at]:
        if image[at + 11] == 0x0F:
            long_names.append(at)
        else:
            image[at : at + 11] = name = names.pop(0)
            for entry in long_names:
                image[entry + 13] = checksum(name)
            long_names = []
        at += 32
    return image


with open(sys.argv[1], "rb") as file:
    fat32 = file.read()
with open(sys.argv[2], "rb") as file:
    fat12 = file.read()
make("copy", with_noise(fat32, 1), with_noise(fat32, 2))
make("bits", with_reserved_bits(fat32, 1), with_reserved_bits(fat32, 2))
make("bad", fat32, with_entry(fat32, (500, 0x0FFFFFF7)))
make("long", fat32, with_entry(fat32, (3, 500), (500, 0x0FFFFFFF)))
make("free", fat32, with_number(fat32, 488, 1))
make("next", fat32, with_number(fat32, 492, 0x7FFFFFFF))
ours, others = b"BOOTX64 EFI", b"DEBUGX64EFI"
make("name", with_short_names(fat12, (ours, others)), with_short_names(fat12, (others, ours)))
ours, others = b"VENDOR~1EFI", b"VENDOR~2EFI"
make("made-up", with_short_names(fat12, (ours, others)), with_short_names(fat12, (others, ours)))
