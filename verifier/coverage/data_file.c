/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/data_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"

bool data_is_url(const char *argument)
{
	static const char *const schemes[] = {"http://", "https://", "file://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(argument, schemes[i], strlen(schemes[i])) == 0)
			return true;
	}
	return false;
}

char *data_name(const char *argument)
{
	return data_is_url(argument) ? escape_url_secrets(argument) : xstrdup(argument);
}

/* Not O_NONBLOCK alone: a FIFO would be opened, and never end. */
static enum status path_add(
	struct store *store, const char *path, struct digest *digest, struct error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum status status;
	struct stat state;

	if (fd < 0)
		return error_set_errno(err, "%s", path);
	if (fstat(fd, &state) < 0)
		status = error_set_errno(err, "%s", path);
	else if (!S_ISREG(state.st_mode))
		status = error_set(err, STATUS_USAGE,
			"%s is no regular file; name a file, or an http or https URL", path);
	else if ((uint64_t)state.st_size > DATA_FILE_MAX)
		status = error_set(err, STATUS_LIMIT, "%s has more than %ju bytes", path,
			(uintmax_t)DATA_FILE_MAX);
	else
		status = store_add(store, fd, NULL, digest, NULL, err);
	close(fd);
	return status;
}

static enum status url_get(struct fetcher *fetcher, struct store *store, const char *url,
	struct data_file *file, struct digest *digest, struct error *err)
{
	char *served = NULL;
	enum status status;

	if (!fetcher)
		return error_set(err, STATUS_NETWORK,
			"%s is not fetched, as no server is to be asked; name a file that has it",
			file->name);
	status = fetcher_get(fetcher, store, url, DATA_FILE_MAX, digest, NULL, &served, err);
	if (status == STATUS_OK && served && strcmp(served, url) != 0)
		file->served = escape_url_secrets(served);
	free(served);
	return status;
}

static enum status refuse_empty(const struct data_file *file, struct error *err)
{
	if (file->size > 0)
		return STATUS_OK;
	return error_set(err, STATUS_FORMAT, "%s is empty", file->name);
}

enum status data_open(struct fetcher *fetcher, struct store *store, const char *argument,
	struct data_file *file, struct error *err)
{
	struct digest digest;
	enum status status;

	*file = (struct data_file){.fd = -1};
	file->name = data_name(argument);
	file->time = clock_now();
	if (data_is_url(argument))
		status = url_get(fetcher, store, argument, file, &digest, err);
	else
		status = path_add(store, argument, &digest, err);
	if (status == STATUS_OK) {
		file->sha256 = digest;
		status = store_read(store, &digest, &file->fd, &file->size, err);
	}
	if (status == STATUS_OK)
		status = refuse_empty(file, err);
	if (status < 0)
		data_file_release(file);
	return status;
}

enum status data_take(int fd, const char *name, struct data_file *file, struct error *err)
{
	enum status status;
	struct stat state;

	*file = (struct data_file){.fd = -1, .name = xstrdup(name), .time = clock_now()};
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (file->fd < 0 || fstat(file->fd, &state) < 0 || lseek(file->fd, 0, SEEK_SET) < 0)
		status = error_set_errno(err, "%s", name);
	else if (!S_ISREG(state.st_mode))
		status = error_set(err, STATUS_USAGE, "%s is no regular file", name);
	else if ((uint64_t)state.st_size > DATA_FILE_MAX)
		status = error_set(err, STATUS_LIMIT, "%s has more than %ju bytes", name,
			(uintmax_t)DATA_FILE_MAX);
	else
		status = hash_fd(file->fd, &file->sha256, &file->size, err);
	if (status == STATUS_OK)
		status = refuse_empty(file, err);
	if (status < 0)
		data_file_release(file);
	return status;
}

void data_file_release(struct data_file *file)
{
	if (file->name && file->fd >= 0)
		close(file->fd);
	free(file->name);
	free(file->served);
	*file = (struct data_file){.fd = -1};
}
