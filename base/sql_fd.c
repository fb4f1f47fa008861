/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sql_fd.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"

#define VFS_NAME     "reproof-fd"
#define SECTOR_SIZE  4096
#define DAY_MS	     86400000.0
#define JULIAN_EPOCH 2440587.5 /* 1970-01-01 as a Julian day, sqlite.org/c3ref/vfs.html */

struct fd_file {
	sqlite3_file base;
	int fd;
};

static int fd_of(sqlite3_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static int file_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	char *to = data;

	while (len > 0) {
		ssize_t got = pread(fd_of(file), to, (size_t)len, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SQLITE_IOERR_READ;
		if (got == 0) {
			memset(to, 0, (size_t)len);
			return SQLITE_IOERR_SHORT_READ;
		}
		to += got;
		offset += got;
		len -= (int)got;
	}
	return SQLITE_OK;
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	const char *from = data;

	while (len > 0) {
		ssize_t written = pwrite(fd_of(file), from, (size_t)len, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && (errno == ENOSPC || errno == EDQUOT))
			return SQLITE_FULL;
		if (written <= 0)
			return SQLITE_IOERR_WRITE;
		from += written;
		offset += written;
		len -= (int)written;
	}
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return ftruncate(fd_of(file), size) < 0 ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	(void)file, (void)flags;
	return SQLITE_OK;
}

/* Not by fstat, which glibc asks for as a look-up of a path. */
static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = lseek(fd_of(file), 0, SEEK_END);
	return *size < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
	(void)file, (void)level;
	return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *file, int *result)
{
	(void)file;
	*result = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	(void)file, (void)operation, (void)argument;
	return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
	(void)file;
	return SECTOR_SIZE;
}

static int file_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 1, /* without shared memory: no WAL */
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
};

/* The name is the descriptor's number; journals and temporary files are refused. */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
	(void)vfs;
	file->pMethods = NULL;
	if (name == NULL || !(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN;
	((struct fd_file *)file)->fd = (int)strtol(name, NULL, 10);
	file->pMethods = &file_methods;
	if (given != NULL)
		*given = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs, (void)name, (void)sync;
	return SQLITE_IOERR_DELETE;
}

/* There is nothing beside the database: no journal to roll back. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	(void)vfs, (void)name, (void)flags;
	*result = 0;
	return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *vfs, int len, char *out)
{
	ssize_t got = getrandom(out, (size_t)len, 0);

	(void)vfs;
	return got < 0 ? 0 : (int)got;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, double *days)
{
	struct timespec now = {0};

	(void)vfs;
	clock_gettime(CLOCK_REALTIME, &now);
	*days = JULIAN_EPOCH + ((double)now.tv_sec * 1000.0 + (double)now.tv_nsec / 1e6) / DAY_MS;
	return SQLITE_OK;
}

static sqlite3_vfs vfs = {
	.iVersion = 1,
	.szOsFile = sizeof(struct fd_file),
	.mxPathname = 32,
	.zName = VFS_NAME,
	.xOpen = vfs_open,
	.xDelete = vfs_delete,
	.xAccess = vfs_access,
	.xFullPathname = vfs_full_name,
	.xRandomness = vfs_randomness,
	.xSleep = vfs_sleep,
	.xCurrentTime = vfs_time,
};

/* Read only, so that what a foreign file says of its journal moves nothing. */
static const char reader_pragmas[] = "PRAGMA temp_store = MEMORY";
static const char writer_pragmas[] = "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY;"
				     " PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE";

enum status sql_open_fd(struct sql *sql, int fd, enum sql_mode mode, const char *const *texts,
	size_t text_count, struct error *err)
{
	int flags = mode == SQL_READ ? SQLITE_OPEN_READONLY
				     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	char name[16];
	int code = sqlite3_vfs_find(VFS_NAME) != NULL ? SQLITE_OK : sqlite3_vfs_register(&vfs, 0);
	enum status status;

	snprintf(name, sizeof(name), "%d", fd);
	*sql = (struct sql){0};
	if (code == SQLITE_OK)
		code = sqlite3_open_v2(name, &sql->db, flags | SQLITE_OPEN_EXRESCODE, VFS_NAME);
	if (code != SQLITE_OK)
		status = error_set(
			err, STATUS_DATABASE, "database (temporary): %s", sqlite3_errstr(code));
	else
		status = sql_adopt(sql, texts, text_count, err);
	if (status == STATUS_OK)
		status = sql_exec(sql, mode == SQL_READ ? reader_pragmas : writer_pragmas, err);
	/* Opening reads nothing: a file that is no database shows itself only here. */
	if (status == STATUS_OK)
		status = sql_exec(sql, "PRAGMA schema_version", err);
	if (status != STATUS_OK)
		sql_release(sql);
	return status;
}
