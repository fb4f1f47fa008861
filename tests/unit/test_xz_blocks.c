/* SPDX-License-Identifier: Apache-2.0 */
#include <lzma.h>

#include "base/alloc.h"
#include "dbdiff/format/stream.h"
#include "dbdiff/format/xz_ahead.h"
#include "dbdiff/make_index.h"
#include "tests/unit/opening.h"

/*
 * Blocks of .xz files that are decoded ahead of their reader, by several decoders: whether that is
 * done shows in nothing but time. The index that it goes by is a stranger's word.
 */
static struct limits limits;

static void setup(void)
{
	comparing_setup();
	limits = limits_default;
	limits.window_bytes = UINT64_C(1) << 30;
	/* Text, holes, a file in several blocks, and what does not compress. */
	shell("mkdir d; seq 200000 >d/a; head -c 700000 /dev/zero >d/b; seq -w 90000 >d/c;"
	      "openssl enc -aes-128-ctr -K 0 -iv 0 -nosalt </dev/zero 2>/dev/null |"
	      " head -c 300000 >d/e || :; tar -cf x.tar --mtime=@0 --sort=name d");
}

static void teardown(void)
{
	index_close();
	comparing_teardown();
}

/* The index that so many decoders make of a file, which is read in a worker as always. */
static char *make_index(const char *name, unsigned decoders, size_t *len)
{
	char *path = path_join(comparing.directory, "x.idx");
	struct tempfile out = TEMPFILE_INIT;
	struct indexed indexed;
	int fd = file_open(name);
	enum status status;
	char *data;

	limits.decoders = decoders;
	ck_assert_int_eq(tempfile_open(&out, path, 0600, &comparing.err), STATUS_OK);
	status = dbdiff_index(name, fd, &limits, &out, &indexed, &comparing.err);
	ck_assert_msg(status == STATUS_OK, "%s: %s", name, comparing.err.text);
	ck_assert_int_eq(tempfile_commit(&out, &comparing.err), STATUS_OK);
	tempfile_release(&out);
	close(fd);
	free(path);
	data = file_read("x.idx", len);
	return data;
}

/* All that is known of its members and bytes, when this process reads it. */
static char *read_here(const char *name, unsigned decoders)
{
	struct buffer text = {0};
	sqlite3_stmt *select;

	limits.decoders = decoders;
	index_limits = &limits;
	index_file(name);
	index_limits = &limits_default;
	select = index_select("SELECT path || ' ' || coalesce(size, '-') || ' ' || hex(fields) ||"
			      " inspected || coalesce(reason, '') || coalesce(hex(sha256), '')"
			      " FROM member ORDER BY id");
	while (sqlite3_step(select) == SQLITE_ROW)
		buffer_add_format(&text, "%s\n", (const char *)sqlite3_column_text(select, 0));
	sqlite3_finalize(select);
	buffer_add_text(&text, index_regions(1));
	buffer_add_text(&text, index_regions(2));
	return buffer_detach(&text);
}

static void expect_same_here(const char *name)
{
	char *alone = read_here(name, 1), *other = read_here(name, 3);

	ck_assert_str_eq(alone, other);
	free(alone);
	free(other);
}

/* The same index whatever the number of decoders. */
static void expect_same_index(const char *name)
{
	static const unsigned decoders[] = {2, 8};
	size_t len, other_len;
	char *index = make_index(name, 1, &len), *other;

	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++) {
		other = make_index(name, decoders[i], &other_len);
		ck_assert_msg(len == other_len && memcmp(index, other, len) == 0,
			"%s: %u decoders make another index", name, decoders[i]);
		free(other);
	}
	free(index);
}

static struct source *open_xz(const char *name)
{
	int fd = file_open(name);

	return source_file_new(fd, (uint64_t)lseek(fd, 0, SEEK_END));
}

/* Whether it is decoded ahead at all, into which kind of place. */
static bool is_taken(const char *name, enum spool_place place)
{
	const struct unpack_room room = {.place = place};
	struct source *source = open_xz(name);
	struct xz_ahead *ahead = xz_ahead_new(source, &room, &limits);
	bool is_ahead = ahead != NULL;

	ck_assert(!is_ahead || (xz_ahead_file(ahead) >= 0) == (place == SPOOL_OUTERMOST));
	xz_ahead_free(ahead);
	source_free(source);
	return is_ahead;
}

static const char *const packings[] = {
	"xz -c -T1 --block-size=200000 x.tar", /* sizes in the index only */
	"xz -c -T2 --block-size=200000 x.tar", /* and in the blocks' headers */
	"xz -c -T2 -0 -C sha256 --block-size=131072 x.tar",
	"xz -c -C none --block-size=60000 x.tar",
	"xz -c -C crc32 --x86 --lzma2=dict=1MiB --block-size=777777 x.tar",
	"xz -c --delta=dist=4 --lzma2=preset=0 --block-list=100000,1,300000,4096 x.tar",
	/* Several streams, with padding between and behind them. */
	("{ xz -c -C sha256 --block-size=250000 d/a; head -c 8 /dev/zero; xz -c d/b;"
	 " xz -c </dev/null; xz -c -C crc32 d/c; head -c 4 /dev/zero; }"),
};

START_TEST(nothing_but_time_shows)
{
	struct buffer script = {0};

	buffer_add_format(&script, "%s >x.tar.xz", packings[_i]);
	shell(buffer_text(&script));
	buffer_release(&script);
	limits.decoders = 2;
	ck_assert(is_taken("x.tar.xz", SPOOL_OUTERMOST));
	ck_assert(is_taken("x.tar.xz", SPOOL_AHEAD));
	expect_same_index("x.tar.xz");
	expect_same_here("x.tar.xz");
}
END_TEST

/* In this process alone, where a tool that watches threads sees them. */
START_TEST(threads_do_not_race)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		"{ %s; } >x.tar.xz; cp x.tar.xz y.tar.xz; printf x |"
		" dd of=y.tar.xz bs=1 seek=30000 conv=notrunc status=none",
		packings[_i]);
	shell(buffer_text(&script));
	buffer_release(&script);
	expect_same_here("x.tar.xz");
	expect_same_here("y.tar.xz");
	limits.decoders = 8;
	for (int i = 0; i < 20; i++)
		ck_assert(is_taken("x.tar.xz", i % 2 ? SPOOL_OUTERMOST : SPOOL_AHEAD));
}
END_TEST

/* Whatever the windows are in which what is inside is read. */
START_TEST(small_blocks_hold_the_same)
{
	char *regions;

	shell("for i in 1 2 3 4 5 6 7 8 9; do seq $i$i >d/$i; done; tar -cf x.tar d;"
	      "xz -c0 --block-size=300 x.tar >x.xz; xz -c0 x.tar >y.xz");
	index_file("y.xz");
	regions = xstrdup(index_regions(2));
	index_file("x.xz");
	ck_assert_str_eq(index_regions(2), regions);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region WHERE name = 'padding'"), 0);
	free(regions);
}
END_TEST

static const struct {
	const char *make; /* x.tar.xz */
	const char *limit;
} alone[] = {
	{"xz -c x.tar", NULL},
	{"xz -c --block-size=1000 d/a | head -c 5000", NULL},
	{"head -c 200000 d/a | xz -c --block-size=50000", NULL},
	{"xz -c --block-size=200000 x.tar; printf x", NULL},
	{"xz -c --block-size=200000 x.tar; printf '\\000'", NULL},
	{"printf x; xz -c --block-size=200000 x.tar", NULL},
	{"xz -c --block-size=200000 x.tar | tail -c +13", NULL},
	{"cat d/a", NULL},
	{"head -c 40000000 /dev/zero | xz -c0 --block-size=1000000", "bytes"},
	{"head -c 70000000 /dev/zero | xz -c0 --block-size=10000000", "ratio"},
	{"xz -c --block-size=200000 x.tar", "windows"},
	{"xz -c --block-size=200000 x.tar", "decoders"},
};

START_TEST(what_is_not_worth_it_is_read_alone)
{
	const char *limit = alone[_i].limit != NULL ? alone[_i].limit : "";
	struct buffer script = {0};

	buffer_add_format(&script, "{ %s; } >x.tar.xz", alone[_i].make);
	shell(buffer_text(&script));
	buffer_release(&script);
	limits.decoders = 2;
	if (strcmp(limit, "bytes") == 0)
		limits.member_bytes = 39999999;
	else if (strcmp(limit, "ratio") == 0)
		limits.ratio = 5000;
	if (limit[0] != '\0' && strcmp(limit, "ratio") != 0 && strcmp(limit, "bytes") != 0) {
		ck_assert(is_taken("x.tar.xz", SPOOL_OUTERMOST));
		limits.decoders = strcmp(limit, "decoders") == 0 ? 1 : 2;
		/* Of 8 MiB each, and something besides. */
		limits.window_bytes = strcmp(limit, "windows") == 0 ? 16 << 20 : 1 << 30;
	}
	ck_assert(!is_taken("x.tar.xz", SPOOL_OUTERMOST));
}
END_TEST

/* A reader that wants less than all, and one that is gone before the threads are. */
START_TEST(it_ends_when_nobody_reads)
{
	shell("head -c 30000000 /dev/zero | xz -c0 --block-size=1000000 >x.xz");
	limits.decoders = 8;
	for (int i = 0; i < 20; i++)
		ck_assert(is_taken("x.xz", i % 2 ? SPOOL_OUTERMOST : SPOOL_AHEAD));
}
END_TEST

/* ---- damage: what is before it is read, whoever reads it ---- */

START_TEST(damage_is_found_where_it_is)
{
	size_t len;
	char *data;

	shell(_i % 2 ? "xz -c0 -T1 --block-size=200000 x.tar >x.tar.xz"
		     : "xz -c0 -T2 -C sha256 --block-size=200000 x.tar >x.tar.xz");
	data = file_read("x.tar.xz", &len);
	for (size_t part = 1; part < 6; part++) {
		char *path = path_join(comparing.directory, "damaged.tar.xz");
		size_t at = part == 5 ? len - 30 : len / 6 * part;

		data[at] ^= 0x10;
		ck_assert_int_eq(
			tempfile_write_all(path, data, len, 0600, &comparing.err), STATUS_OK);
		data[at] ^= 0x10;
		expect_same_index("damaged.tar.xz");
		free(path);
	}
	free(data);
}
END_TEST

START_TEST(a_cut_file_is_read_to_the_cut)
{
	shell("xz -c0 --block-size=200000 x.tar >x.tar.xz;"
	      "for n in 1 13 100 1000; do head -c -$n x.tar.xz >cut$n.tar.xz; done");
	expect_same_index("cut1.tar.xz");
	expect_same_index("cut13.tar.xz");
	expect_same_index("cut100.tar.xz");
	expect_same_index("cut1000.tar.xz");
}
END_TEST

/* ---- an index that lies, with right checksums ---- */

struct lie {
	lzma_vli unpadded[64], unpacked[64];
	size_t count;
};

static void say_truth(const lzma_index *index, struct lie *lie)
{
	lzma_index_iter at;

	lzma_index_iter_init(&at, index);
	while (!lzma_index_iter_next(&at, LZMA_INDEX_ITER_BLOCK)) {
		ck_assert_uint_lt(lie->count, ARRAY_SIZE(lie->unpacked));
		lie->unpadded[lie->count] = at.block.unpadded_size;
		lie->unpacked[lie->count++] = at.block.uncompressed_size;
	}
}

static void swap(lzma_vli *numbers)
{
	lzma_vli first = numbers[1];

	numbers[1] = numbers[2];
	numbers[2] = first;
}

static void other_sizes(struct lie *lie)
{
	swap(lie->unpacked);
}

static void other_places(struct lie *lie)
{
	swap(lie->unpadded);
}

static void both(struct lie *lie)
{
	swap(lie->unpacked);
	swap(lie->unpadded);
}

/* Two blocks as one: the sums are right. */
static void fewer(struct lie *lie)
{
	lie->unpadded[1] = ((lie->unpadded[1] + 3) & ~(lzma_vli)3) + lie->unpadded[2];
	lie->unpacked[1] += lie->unpacked[2];
	for (size_t i = 2; i + 1 < lie->count; i++) {
		lie->unpadded[i] = lie->unpadded[i + 1];
		lie->unpacked[i] = lie->unpacked[i + 1];
	}
	lie->count--;
}

static void more_bytes(struct lie *lie)
{
	lie->unpacked[2] += 1;
}

static void fewer_bytes(struct lie *lie)
{
	lie->unpacked[2] -= 1;
}

static void no_bytes(struct lie *lie)
{
	lie->unpacked[1] = 0;
}

/* As many as there may be for so few. */
static void many_bytes(struct lie *lie)
{
	lie->unpacked[lie->count - 1] += 60 << 20;
}

static void too_many_bytes(struct lie *lie)
{
	lie->unpacked[1] = (lzma_vli)1 << 60;
}

static const struct {
	void (*tell)(struct lie *lie);
	bool is_taken;
} lies[] = {
	{other_sizes, true},
	{other_places, true},
	{both, true},
	{fewer, true},
	{more_bytes, true},
	{fewer_bytes, true},
	{no_bytes, true},
	{many_bytes, true},
	{too_many_bytes, false},
};

static void write_lie(const char *name, const char *liar, void (*tell)(struct lie *lie))
{
	struct source *source = open_xz(name);
	lzma_index *truth = xz_index_read(source, &limits), *index = lzma_index_init(NULL);
	lzma_stream_flags flags = {.version = 0};
	struct lie lie = {.count = 0};
	char *path = path_join(comparing.directory, liar), *data;
	uint8_t packed[2000];
	size_t len, size = 0, blocks;

	ck_assert_ptr_nonnull(truth);
	say_truth(truth, &lie);
	data = file_read(name, &len);
	blocks = len - LZMA_STREAM_HEADER_SIZE - (size_t)lzma_index_size(truth);
	tell(&lie);
	for (size_t i = 0; i < lie.count; i++)
		ck_assert_int_eq(
			lzma_index_append(index, NULL, lie.unpadded[i], lie.unpacked[i]), LZMA_OK);
	ck_assert_int_eq(lzma_index_buffer_encode(index, packed, &size, sizeof(packed)), LZMA_OK);
	ck_assert_int_eq(lzma_stream_header_decode(&flags, (uint8_t *)data), LZMA_OK);
	flags.backward_size = size;
	ck_assert_int_eq(lzma_stream_footer_encode(&flags, packed + size), LZMA_OK);
	data = xrealloc(data, blocks + sizeof(packed));
	memcpy(data + blocks, packed, size + LZMA_STREAM_HEADER_SIZE);
	ck_assert_int_eq(tempfile_write_all(path, data, blocks + size + LZMA_STREAM_HEADER_SIZE,
				 0600, &comparing.err),
		STATUS_OK);
	lzma_index_end(truth, NULL);
	lzma_index_end(index, NULL);
	source_free(source);
	free(data);
	free(path);
}

START_TEST(a_lying_index_is_found_out)
{
	shell(_i % 2 ? "xz -c0 -T1 --block-list=300000,200000,400000,300000 x.tar >x.tar.xz"
		     : "xz -c0 -T2 --block-list=300000,200000,400000,300000 x.tar >x.tar.xz");
	write_lie("x.tar.xz", "lie.tar.xz", lies[_i / 2].tell);
	limits.decoders = 2;
	ck_assert_int_eq(is_taken("lie.tar.xz", SPOOL_OUTERMOST), lies[_i / 2].is_taken);
	expect_same_index("lie.tar.xz");
	expect_same_here("lie.tar.xz");
	index_file("lie.tar.xz");
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 0);
}
END_TEST

/* Blocks that want more memory than the first are decoded by the reader. */
START_TEST(a_larger_window_is_no_surprise)
{
	shell("{ xz -c --lzma2=preset=0,dict=64KiB --block-size=200000 d/a;"
	      " xz -c --lzma2=preset=0,dict=16MiB --block-size=200000 d/c d/a; } >x.xz");
	limits.decoders = 2;
	ck_assert(is_taken("x.xz", SPOOL_OUTERMOST));
	expect_same_index("x.xz");
}
END_TEST

/* Inside others: it has a spool of its own, or none when another has it. */
START_TEST(streams_are_in_streams)
{
	shell("xz -c0 --block-size=200000 x.tar >x.tar.xz; cp x.tar.xz d; tar -cf y.tar d;"
	      "xz -c0 --block-size=300000 y.tar >y.tar.xz; xz -c0 --block-size=300000 y.tar.xz"
	      " >z.xz; truncate -s 8M e.img; mkfs.ext4 -qF -d d e.img;"
	      "xz -c0 --block-size=300000 e.img >e.img.xz");
	expect_same_index("y.tar");
	expect_same_index("y.tar.xz");
	expect_same_index("z.xz");
	expect_same_index("e.img.xz");
}
END_TEST

/* What was decoded ahead is what differences are counted and bytes are read again in. */
START_TEST(comparisons_are_the_same)
{
	char *first = NULL;

	shell("xz -c0 --block-size=200000 x.tar >x.xz; sed -i s/77777/77778/ d/a;"
	      "tar -cf y.tar --mtime=@0 --sort=name d; xz -c0 --block-size=200000 y.tar >y.xz;"
	      "truncate -s 8M e.img f.img; mkfs.ext4 -qF -U clear -d d e.img;"
	      "sed -i s/88888/88889/ d/a; mkfs.ext4 -qF -U clear -d d f.img;"
	      "for i in e f; do xz -c0 --block-size=300000 $i.img >$i.xz; done");
	comparing.options.limits.window_bytes = limits.window_bytes;
	for (int i = 0; i < 6; i++) {
		struct buffer text = {0};
		enum status status;

		comparing.options.limits.decoders = i < 3 ? (unsigned)i * 4 + 1 : (unsigned)i - 2;
		status = compare_fds(
			file_open(i < 3 ? "x.xz" : "e.xz"), file_open(i < 3 ? "y.xz" : "f.xz"));
		ck_assert_msg(status == STATUS_OK, "%s", comparing.err.text);
		ck_assert_msg(comparing.result.inspected, "%s", buffer_text(&comparing.text));
		buffer_add_format(&text, "%s%s%" PRId64 " %" PRId64 " %" PRId64,
			buffer_text(&comparing.text), buffer_text(&comparing.diffs),
			comparing.result.differing_bytes, comparing.result.unattributed_bytes,
			comparing.result.unexplained_bytes);
		ck_assert_int_gt(comparing.result.differing_bytes, 0);
		if (i % 3 == 0) {
			free(first);
			first = xstrdup(buffer_text(&text));
		}
		ck_assert_str_eq(buffer_text(&text), first);
		buffer_release(&text);
	}
	free(first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xz_blocks");
	TCase *tcase = tcase_create("xz_blocks"), *here = tcase_create("here");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, nothing_but_time_shows, 0, (int)ARRAY_SIZE(packings));
	tcase_add_test(tcase, small_blocks_hold_the_same);
	tcase_add_loop_test(tcase, what_is_not_worth_it_is_read_alone, 0, (int)ARRAY_SIZE(alone));
	tcase_add_test(tcase, it_ends_when_nobody_reads);
	tcase_add_loop_test(tcase, damage_is_found_where_it_is, 0, 2);
	tcase_add_test(tcase, a_cut_file_is_read_to_the_cut);
	tcase_add_loop_test(tcase, a_lying_index_is_found_out, 0, 2 * (int)ARRAY_SIZE(lies));
	tcase_add_test(tcase, a_larger_window_is_no_surprise);
	tcase_add_test(tcase, streams_are_in_streams);
	tcase_add_test(tcase, comparisons_are_the_same);
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(here, setup, teardown);
	tcase_set_timeout(here, 120);
	tcase_add_loop_test(here, threads_do_not_race, 0, (int)ARRAY_SIZE(packings));
	suite_add_tcase(suite, here);
	return run_suite(suite);
}
