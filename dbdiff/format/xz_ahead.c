/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/xz_ahead.h"

#include <pthread.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pread.h"
#include "base/pwrite.h"
#include "dbdiff/format/stream.h"

#define SLOTS_PER_DECODER 3 /* blocks that may be under way or ready before the reader's */
#define HEADER_MOST	  ((size_t)1024)
#define IN_SIZE		  ((size_t)64 * 1024)
#define STACK_SIZE	  ((size_t)512 * 1024)

/* A block under way. */
struct slot {
	lzma_index_iter at;
	uint64_t done; /* bytes of it that stand in the spool */
	lzma_vli compressed;
	bool is_whole;
	bool is_failed;
};

struct xz_ahead {
	int in_fd;
	uint64_t in_base; /* where the .xz file begins in it */
	int out_fd;
	struct spool_pool *pool; /* out_fd's */
	bool is_kept;		 /* the whole content comes to stand in out_fd */
	uint64_t decoder_memory; /* the most that one decoder may take */

	pthread_mutex_t lock; /* of all that follows, and the slots */
	pthread_cond_t has_news;
	pthread_cond_t has_room;
	lzma_index *index;
	lzma_index_iter next;
	uint64_t taken;	  /* blocks that were begun */
	uint64_t current; /* the reader's block */
	bool is_over;	  /* no block is begun any more */

	struct slot *slots; /* block n is in n modulo their count */
	size_t slot_count;
	pthread_t *threads;
	size_t thread_count;
};

/* ---- a thread ---- */

/* False when there is nothing more to do. */
static bool take_block(struct xz_ahead *ahead, struct slot **slot)
{
	bool has_one = false;

	pthread_mutex_lock(&ahead->lock);
	while (!ahead->is_over && ahead->taken - ahead->current >= ahead->slot_count)
		pthread_cond_wait(&ahead->has_room, &ahead->lock);
	if (!ahead->is_over && !lzma_index_iter_next(&ahead->next, LZMA_INDEX_ITER_BLOCK)) {
		*slot = &ahead->slots[ahead->taken++ % ahead->slot_count];
		**slot = (struct slot){.at = ahead->next};
		has_one = true;
		pthread_cond_signal(&ahead->has_news);
	}
	pthread_mutex_unlock(&ahead->lock);
	return has_one;
}

/* False when nobody wants more of it. */
static bool tell(struct xz_ahead *ahead, struct slot *slot, size_t more)
{
	bool is_wanted;

	pthread_mutex_lock(&ahead->lock);
	slot->done += more;
	is_wanted = !ahead->is_over;
	pthread_cond_signal(&ahead->has_news);
	pthread_mutex_unlock(&ahead->lock);
	return is_wanted;
}

/* A block being decoded. */
struct decoding {
	struct xz_ahead *ahead;
	struct slot *slot;
	uint64_t in_at, in_left;
	uint64_t done;
	unsigned char *in, *out;
	lzma_stream decoder;
};

static bool feed(struct decoding *decoding)
{
	size_t len = decoding->in_left < IN_SIZE ? (size_t)decoding->in_left : IN_SIZE;
	struct error ignored;

	if (pread_exactly(decoding->ahead->in_fd, decoding->in, len, decoding->in_at, &ignored) !=
		STATUS_OK)
		return false;
	decoding->decoder.next_in = decoding->in;
	decoding->decoder.avail_in = len;
	decoding->in_at += len;
	decoding->in_left -= len;
	return true;
}

/* Writes what there is; never a byte behind the block's own place. */
static bool put_out(struct decoding *decoding)
{
	const lzma_index_iter *at = &decoding->slot->at;
	size_t len = STREAM_OUT_SIZE - decoding->decoder.avail_out;
	struct error ignored;

	if (len > at->block.uncompressed_size - decoding->done ||
		pwrite_sparse(decoding->ahead->out_fd, decoding->out, len,
			at->block.uncompressed_file_offset + decoding->done, &ignored) < 0)
		return false;
	decoding->done += len;
	decoding->decoder.next_out = decoding->out;
	decoding->decoder.avail_out = STREAM_OUT_SIZE;
	return tell(decoding->ahead, decoding->slot, len);
}

static bool run_decoder(struct decoding *decoding)
{
	lzma_ret result = LZMA_OK;

	decoding->decoder.next_out = decoding->out;
	decoding->decoder.avail_out = STREAM_OUT_SIZE;
	while (result == LZMA_OK) {
		if (decoding->decoder.avail_in == 0 && decoding->in_left > 0 && !feed(decoding))
			return false;
		result = lzma_code(&decoding->decoder, LZMA_RUN);
		if ((decoding->decoder.avail_out == 0 || result != LZMA_OK) && !put_out(decoding))
			return false;
	}
	return result == LZMA_STREAM_END && decoding->decoder.avail_in == 0 &&
		decoding->in_left == 0 &&
		decoding->done == decoding->slot->at.block.uncompressed_size;
}

static bool decode(struct decoding *decoding)
{
	const lzma_index_iter *at = &decoding->slot->at;
	struct xz_ahead *ahead = decoding->ahead;
	struct xz_block block;
	struct error ignored;
	uint64_t memory = 0;
	bool is_whole;
	size_t len;

	decoding->in_at = ahead->in_base + at->block.compressed_file_offset;
	decoding->in_left = at->block.total_size;
	len = decoding->in_left < HEADER_MOST ? (size_t)decoding->in_left : HEADER_MOST;
	if (pread_exactly(ahead->in_fd, decoding->in, len, decoding->in_at, &ignored) != STATUS_OK)
		return false;
	is_whole = xz_index_block(at, decoding->in, len, &block, &memory) &&
		memory <= ahead->decoder_memory &&
		lzma_block_decoder(&decoding->decoder, &block.block) == LZMA_OK;
	if (is_whole) {
		decoding->in_at += block.block.header_size;
		decoding->in_left -= block.block.header_size;
		is_whole = run_decoder(decoding);
		decoding->slot->compressed = block.block.compressed_size;
	}
	xz_block_release(&block);
	return is_whole;
}

static void *run_thread(void *context)
{
	struct xz_ahead *ahead = context;
	struct decoding decoding = {
		.ahead = ahead,
		.in = xmalloc(IN_SIZE),
		.out = xmalloc(STREAM_OUT_SIZE),
		.decoder = LZMA_STREAM_INIT,
	};
	struct slot *slot;

	while (take_block(ahead, &slot)) {
		bool is_whole;

		decoding.slot = slot;
		decoding.done = 0;
		decoding.decoder.avail_in = 0;
		is_whole = decode(&decoding);
		pthread_mutex_lock(&ahead->lock);
		slot->is_whole = is_whole;
		slot->is_failed = !is_whole;
		pthread_cond_signal(&ahead->has_news);
		pthread_mutex_unlock(&ahead->lock);
	}
	lzma_end(&decoding.decoder);
	free(decoding.in);
	free(decoding.out);
	return NULL;
}

/* ---- the reader ---- */

static void end_threads(struct xz_ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	ahead->is_over = true;
	pthread_cond_broadcast(&ahead->has_room);
	pthread_mutex_unlock(&ahead->lock);
	while (ahead->thread_count > 0)
		pthread_join(ahead->threads[--ahead->thread_count], NULL);
}

static bool start_threads(struct xz_ahead *ahead, size_t count)
{
	pthread_attr_t attributes;

	ahead->threads = xcalloc(count, sizeof(ahead->threads[0]));
	if (pthread_attr_init(&attributes) != 0)
		return false;
	if (pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0)
		while (ahead->thread_count < count &&
			pthread_create(&ahead->threads[ahead->thread_count], &attributes,
				run_thread, ahead) == 0)
			ahead->thread_count++;
	pthread_attr_destroy(&attributes);
	return ahead->thread_count > 0;
}

/* How many may run, by what the first block takes: those behind it may take no more. */
static size_t count_decoders(
	struct xz_ahead *ahead, const lzma_index_iter *first, const struct limits *limits)
{
	size_t count = limits->decoders;
	unsigned char header[HEADER_MOST];
	size_t len = first->block.total_size < HEADER_MOST ? (size_t)first->block.total_size
							   : HEADER_MOST;
	struct xz_block block;
	struct error ignored;
	bool is_block;

	if (pread_exactly(ahead->in_fd, header, len,
		    ahead->in_base + first->block.compressed_file_offset, &ignored) != STATUS_OK)
		return 0;
	is_block = xz_index_block(first, header, len, &block, &ahead->decoder_memory);
	xz_block_release(&block);
	if (!is_block)
		return 0;
	if (count > limits->window_bytes / ahead->decoder_memory)
		count = (size_t)(limits->window_bytes / ahead->decoder_memory);
	return count;
}

static bool begin(struct xz_ahead *ahead, struct source *source, const struct limits *limits)
{
	lzma_index_iter first;
	size_t count;

	ahead->in_fd = source_file(source, &ahead->in_base);
	if (ahead->in_fd < 0 || limits->decoders < 2)
		return false;
	ahead->index = xz_index_read(source, limits);
	if (ahead->index == NULL)
		return false;
	lzma_index_iter_init(&ahead->next, ahead->index);
	first = ahead->next;
	if (lzma_index_iter_next(&first, LZMA_INDEX_ITER_BLOCK))
		return false;
	count = count_decoders(ahead, &first, limits);
	if (count > lzma_index_block_count(ahead->index))
		count = (size_t)lzma_index_block_count(ahead->index);
	if (count < 2)
		return false;
	ahead->slot_count = SLOTS_PER_DECODER * count;
	ahead->slots = xcalloc(ahead->slot_count, sizeof(ahead->slots[0]));
	return ftruncate(ahead->out_fd, (off_t)lzma_index_uncompressed_size(ahead->index)) == 0 &&
		start_threads(ahead, count);
}

struct xz_ahead *xz_ahead_new(
	struct source *source, const struct unpack_room *room, const struct limits *limits)
{
	struct xz_ahead *ahead;
	struct error ignored;

	if (room == NULL || source->offset != 0 || !source_can_seek(source) ||
		source->size == SOURCE_SIZE_UNKNOWN)
		return NULL;
	ahead = xcalloc(1, sizeof(*ahead));
	ahead->out_fd = -1;
	ahead->pool = room->pool;
	ahead->is_kept = room->place == SPOOL_OUTERMOST;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->has_news, NULL);
	pthread_cond_init(&ahead->has_room, NULL);
	if (spool_take(room->pool, room->place, &ahead->out_fd, &ignored) == STATUS_OK &&
		begin(ahead, source, limits))
		return ahead;
	xz_ahead_free(ahead);
	return NULL;
}

void xz_ahead_free(struct xz_ahead *ahead)
{
	if (ahead == NULL)
		return;
	end_threads(ahead);
	pthread_cond_destroy(&ahead->has_room);
	pthread_cond_destroy(&ahead->has_news);
	pthread_mutex_destroy(&ahead->lock);
	lzma_index_end(ahead->index, NULL);
	if (ahead->out_fd >= 0)
		spool_give_back(ahead->pool, ahead->out_fd);
	free(ahead->threads);
	free(ahead->slots);
	free(ahead);
}

bool xz_ahead_has(struct xz_ahead *ahead, uint64_t packed, uint64_t unpacked)
{
	const struct slot *slot = &ahead->slots[ahead->current % ahead->slot_count];
	bool is_one;

	pthread_mutex_lock(&ahead->lock);
	/* Nobody waits for ever: whoever would begin it ends only at the last. */
	while (!ahead->is_over && ahead->taken <= ahead->current &&
		ahead->current < lzma_index_block_count(ahead->index))
		pthread_cond_wait(&ahead->has_news, &ahead->lock);
	is_one = !ahead->is_over && ahead->current < ahead->taken &&
		slot->at.block.compressed_file_offset == packed &&
		slot->at.block.uncompressed_file_offset == unpacked;
	pthread_mutex_unlock(&ahead->lock);
	if (!is_one)
		end_threads(ahead);
	return is_one;
}

enum xz_ahead_state xz_ahead_read(struct xz_ahead *ahead, uint64_t done, void *data, size_t *len)
{
	struct slot *slot = &ahead->slots[ahead->current % ahead->slot_count];
	enum xz_ahead_state state = XZ_AHEAD_BYTES;
	struct error ignored;
	uint64_t ready;

	pthread_mutex_lock(&ahead->lock);
	while (slot->done <= done && !slot->is_whole && !slot->is_failed)
		pthread_cond_wait(&ahead->has_news, &ahead->lock);
	ready = slot->done - done;
	if (ready == 0)
		state = slot->is_whole ? XZ_AHEAD_END : XZ_AHEAD_FAILED;
	pthread_mutex_unlock(&ahead->lock);
	*len = ready < STREAM_OUT_SIZE ? (size_t)ready : STREAM_OUT_SIZE;
	if (*len > 0 &&
		pread_exactly(ahead->out_fd, data, *len,
			slot->at.block.uncompressed_file_offset + done, &ignored) != STATUS_OK) {
		*len = 0;
		state = XZ_AHEAD_FAILED;
	}
	if (state == XZ_AHEAD_FAILED)
		end_threads(ahead);
	return state;
}

void xz_ahead_next(struct xz_ahead *ahead, lzma_vli *compressed, lzma_vli *uncompressed)
{
	const struct slot *slot = &ahead->slots[ahead->current % ahead->slot_count];

	pthread_mutex_lock(&ahead->lock);
	*compressed = slot->compressed;
	*uncompressed = slot->at.block.uncompressed_size;
	ahead->current++;
	pthread_cond_broadcast(&ahead->has_room);
	pthread_mutex_unlock(&ahead->lock);
}

int xz_ahead_file(const struct xz_ahead *ahead)
{
	return ahead != NULL && ahead->is_kept ? ahead->out_fd : -1;
}

enum status xz_ahead_keep(
	struct xz_ahead *ahead, const void *data, size_t len, uint64_t offset, struct error *err)
{
	return ahead->is_kept ? pwrite_exactly(ahead->out_fd, data, len, offset, err) : STATUS_OK;
}

enum status xz_ahead_finish(struct xz_ahead *ahead, uint64_t size, struct error *err)
{
	end_threads(ahead);
	if (!ahead->is_kept || ftruncate(ahead->out_fd, (off_t)size) == 0)
		return STATUS_OK;
	return error_set_errno(err, "cannot write a temporary file");
}
