/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/number.h"

#define READ_SIZE ((size_t)128 * 1024) /* stays in the processor's cache */

void hash_must_work(int result)
{
	if (result != 1) {
		fputs("reproof: OpenSSL cannot compute a hash; nothing was decided\n", stderr);
		_exit(3);
	}
}

static void start(struct hash *hash)
{
	hash_must_work(EVP_DigestInit_ex2(hash->context, EVP_sha256(), NULL));
}

void hash_init(struct hash *hash)
{
	hash->context = EVP_MD_CTX_new();
	hash_must_work(hash->context != NULL);
	start(hash);
}

void hash_update(struct hash *hash, const void *data, size_t len)
{
	if (len)
		hash_must_work(EVP_DigestUpdate(hash->context, data, len));
}

void hash_finish(struct hash *hash, struct digest *digest)
{
	unsigned len = 0;

	hash_must_work(EVP_DigestFinal_ex(hash->context, digest->bytes, &len));
	hash_must_work(len == SHA256_SIZE);
	start(hash);
}

void hash_release(struct hash *hash)
{
	EVP_MD_CTX_free(hash->context);
	hash->context = NULL;
}

void hash_memory(const void *data, size_t len, struct digest *digest)
{
	struct hash hash;

	hash_init(&hash);
	hash_update(&hash, data, len);
	hash_finish(&hash, digest);
	hash_release(&hash);
}

enum status hash_fd(int fd, struct digest *digest, uint64_t *size, struct error *err)
{
	enum status status = STATUS_OK;
	unsigned char *block = xmalloc(READ_SIZE);
	uint64_t total = 0;
	struct hash hash;

	hash_init(&hash);
	for (;;) {
		ssize_t got = read(fd, block, READ_SIZE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			status = error_set_errno(err, "reading");
			goto out;
		}
		if (got == 0)
			break;
		hash_update(&hash, block, (size_t)got);
		total += (uint64_t)got;
	}
	hash_finish(&hash, digest);
	if (size)
		*size = total;
out:
	hash_release(&hash);
	free(block);
	return status;
}

enum status hash_file(const char *path, struct digest *digest, uint64_t *size, struct error *err)
{
	enum status status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, "%s", path);
	status = hash_fd(fd, digest, size, err);
	if (status < 0)
		error_context(err, "%s", path);
	close(fd);
	return status;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_SIZE) == 0;
}

int digest_compare(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_SIZE);
}

void digest_hex(const struct digest *digest, char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[digest->bytes[i] >> 4];
		hex[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	hex[2 * SHA256_SIZE] = '\0';
}

bool digest_parse(const char *hex, size_t len, struct digest *digest)
{
	if (len != 2 * SHA256_SIZE)
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

uint64_t hash_xxh3(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}
