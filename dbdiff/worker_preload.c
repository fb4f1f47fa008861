/* SPDX-License-Identifier: Apache-2.0 */
#include <iconv.h>
#include <locale.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sqlite3.h>

#include "base/hash.h"
#include "dbdiff/worker_walls.h"

#define SORTED 1024 /* over 1 KiB glibc's qsort() asks how much memory the machine has, once */

#define ARENAS 8 /* of malloc(), each 64 MiB of addresses; threads share them */

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Pieces of a thread's memory: more of it than malloc() keeps when they are free again. */
#define PIECES	   32
#define PIECE_SIZE ((size_t)100000)

static void *give_memory_back(void *context)
{
	void *volatile pieces[PIECES];

	for (int i = 0; i < PIECES; i++)
		pieces[i] = malloc(PIECE_SIZE);
	for (int i = 0; i < PIECES; i++)
		free(pieces[i]);
	return context;
}

static enum status preload_libc(struct error *err)
{
	int numbers[SORTED];
	pthread_t thread;

	/* Without a bound, malloc() asks how many processors there are when it has made some. */
	mallopt(M_ARENA_MAX, ARENAS);
	/* The first thread that gives some back reads how the machine overcommits memory, once. */
	if (pthread_create(&thread, NULL, give_memory_back, NULL) != 0)
		return error_set(err, STATUS_LIMIT, "worker: no thread can be made");
	pthread_join(thread, NULL);

	/* Times in archives are read as they are stored, wherever the machine is. */
	setenv("TZ", "UTC0", 1);
	tzset();
	for (int i = 0; i < SORTED; i++)
		numbers[i] = -i;
	qsort(numbers, SORTED, sizeof(numbers[0]), compare_ints);
	return STATUS_OK;
}

/* libarchive turns names into the locale's characters, as the formats have them use it. */
static enum status preload_names(struct error *err)
{
	/* The names of zip; what is UTF-8 is not converted. */
	static const char *const sets[] = {"CP437", "UTF-8"};
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	if (locale == (locale_t)0)
		return error_set_errno(err, "worker: the locale C.UTF-8");
	/* Neither locale nor converters are freed: they would be loaded again. */
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (iconv_open("UTF-8", sets[i]) == (iconv_t)-1)
			return error_set_errno(
				err, "worker: the converter of %s (package libc6)", sets[i]);
	return STATUS_OK;
}

static enum status preload_libraries(struct error *err)
{
	struct digest digest;
	unsigned char byte;

	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_ADD_ALL_DIGESTS |
			    OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_LOAD_CONFIG |
			    OPENSSL_INIT_NO_ATEXIT,
		    NULL) != 1)
		return error_set(err, STATUS_IO, "worker: OpenSSL cannot start");
	hash_memory("", 0, &digest);
	if (sqlite3_initialize() != SQLITE_OK)
		return error_set(err, STATUS_IO, "worker: SQLite cannot start");
	sqlite3_randomness(1, &byte);
	return STATUS_OK;
}

enum status worker_preload(struct error *err)
{
	enum status status = preload_libc(err);

	if (status == STATUS_OK)
		status = preload_names(err);
	if (status == STATUS_OK)
		status = preload_libraries(err);
	return status;
}
