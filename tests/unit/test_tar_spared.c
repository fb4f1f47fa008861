/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "tests/unit/indexing_format.h"

/*
 * Members of a tar whose bytes are the same at the same place are not read. What is told must be
 * what is told when all is read, whichever byte differs and however the tar stores its files.
 */

#define NEVER UINT64_MAX /* nothing is spared */

/* Each file ends in the one Z of it: the last byte that its place must reach. */
#define FILES                                                                                      \
	"mkdir d; for i in 1 511 512 513 4095 4096 4097 5000 5600 6200 6800 7400 8000 8600 9200"   \
	" 9800 40000; do { head -c $((i - 1)) /dev/zero | tr '\\0' a; printf Z; } >d/f$i; done;"   \
	"truncate -s 19999 d/sparse; printf Z >>d/sparse; printf data | dd of=d/sparse bs=1"       \
	" seek=9000 conv=notrunc status=none; n=$(printf %0150d 7); cp d/f9200 d/$n;"              \
	"find d -exec touch -d @1 {} +;"
/*
 * A sparse file without a hole (GNU tar's manual, "PAX Format, Version 1.0"): its map stands in
 * front of its content, and libarchive says nothing of it. Ten of them, so that one ends where a
 * block has just begun.
 */
#define MAPPED                                                                                     \
	"perl -e 'sub put { my ($size, $type, $data) = @_;"                                        \
	" my $h = pack(\"a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a235 a12\", \"f\", "               \
	"\"0000644\\0\","                                                                          \
	" \"0000000\\0\", \"0000000\\0\", sprintf(\"%011o\\0\", $size), \"00000000001\\0\","       \
	" \" \" x 8, $type, \"\", \"ustar\\0\", \"00\", \"\", \"\");"                              \
	" substr($h, 148, 8) = sprintf(\"%06o\\0 \", unpack(\"%32C*\", $h));"                      \
	" print $h, $data, \"\\0\" x (-length($data) % 512) }"                                     \
	" for my $i (1 .. 10) { my $n = 5000 + 600 * $i; my $pax = join(\"\", map { my $r ="       \
	" \" GNU.sparse.$_\\n\"; (length($r) + 2) . $r } \"major=1\", \"minor=0\", \"name=f$i\","  \
	" sprintf(\"realsize=%06d\", $n)); put(length($pax), \"x\", $pax);"                        \
	" my $map = \"1\\n0\\n$n\\n\"; $map .= \"\\0\" x (512 - length($map));"                    \
	" put(512 + $n, \"0\", $map . (\"a\" x ($n - 1)) . \"Z\") } print \"\\0\" x 1024' >tar;"   \
	"tar -tf tar | grep -qx f10"

static const char *const makers[] = {
	"tar --sort=name --format=gnu -S -cf tar d",
	"tar --sort=name --format=v7 --exclude='d/0*' -cf tar d",
	"tar --sort=name --format=pax -S --sparse-version=1.0 -cf tar d",
	MAPPED,
};

static void read_file(const char *name, struct buffer *data)
{
	int fd = file_open(name);
	off_t size = lseek(fd, 0, SEEK_END);

	buffer_clear(data);
	ck_assert_int_eq(pread(fd, buffer_reserve(data, (size_t)size), (size_t)size, 0), size);
	data->len = (size_t)size;
	close(fd);
}

/* What is told of two files in memory: the differences and how many bytes are whose. */
static void tell(
	const struct buffer *a, const struct buffer *b, uint64_t settle, struct buffer *told)
{
	comparing.options.settle_milliseconds = settle;
	ck_assert_msg(compare_fds(memory_file(a->data, a->len), memory_file(b->data, b->len)) ==
			STATUS_OK,
		"%s", comparing.err.text);
	buffer_clear(told);
	buffer_add_format(told, "%s%lld %lld %lld\n", buffer_text(&comparing.text),
		(long long)comparing.result.differing_bytes,
		(long long)comparing.result.unattributed_bytes,
		(long long)comparing.result.unexplained_bytes);
}

static void flip(const struct buffer *a, size_t at, const char *how)
{
	struct buffer b = {0}, spared = {0}, read = {0};

	buffer_add(&b, a->data, a->len);
	b.data[at] = (char)(b.data[at] ^ 1);
	tell(a, &b, 0, &spared);
	tell(a, &b, NEVER, &read);
	ck_assert_msg(strcmp(buffer_text(&spared), buffer_text(&read)) == 0,
		"byte %zu of %s:\n%sand all read:\n%s", at, how, buffer_text(&spared),
		buffer_text(&read));
	/* Of a tar that cannot be read to its end a byte may be nobody's. */
	ck_assert_msg(strstr(buffer_text(&spared), "\n1 0 ") != NULL ||
			(strstr(buffer_text(&spared), "not inspected") != NULL &&
				strstr(buffer_text(&spared), "\n1 1 0\n") != NULL),
		"byte %zu:\n%s", at, buffer_text(&spared));
	buffer_release(&b);
	buffer_release(&spared);
	buffer_release(&read);
}

START_TEST(any_byte_is_told_as_if_all_were_read)
{
	struct buffer a = {0};
	unsigned ends = 0;

	shell(FILES);
	shell(makers[_i]);
	read_file("tar", &a);
	comparing.with_causes = true;
	for (size_t at = 0; at < a.len; at++) {
		if (a.data[at] == 'Z') {
			flip(&a, at, makers[_i]);
			ends++;
		} else if (at % (a.len / 4) == 3) {
			flip(&a, at, makers[_i]);
		}
	}
	ck_assert_uint_ge(ends, 10);
	buffer_release(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tar_spared");
	TCase *tests = tcase_create("tar_spared");

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_loop_test(
		tests, any_byte_is_told_as_if_all_were_read, 0, (int)ARRAY_SIZE(makers));
	return run_cases(suite);
}
