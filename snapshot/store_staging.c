/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/store.h"

#define STAGING_PREFIX "import-"

/* What imports that were killed have left: of those that nobody holds any more. */
static enum status stale_remove(struct store *store, struct error *err)
{
	char *tmp = xasprintf("%s/tmp", store_directory(store));
	int fd = openat(store_tmp_fd(store), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct text_list names = {0};
	enum status status = path_names(fd, tmp, &names, err);
	struct error ignored;

	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		struct store *stale = NULL;
		char *path;

		if (strncmp(names.items[i], STAGING_PREFIX, strlen(STAGING_PREFIX)) != 0)
			continue;
		path = path_join(tmp, names.items[i]);
		if (store_open(path, &stale, &ignored) == STATUS_OK &&
			store_hold_alone(stale, &ignored) == STATUS_OK)
			(void)path_remove_tree(path, &ignored);
		store_free(stale);
		free(path);
	}
	text_list_release(&names);
	free(tmp);
	return status < 0 ? error_context(err, "store") : STATUS_OK;
}

enum status store_staging_open(struct store *store, struct store **staging, struct error *err)
{
	char *path = xasprintf("%s/tmp/" STAGING_PREFIX "XXXXXX", store_directory(store));
	int lock;
	/* From being made until it is held, another import would take it for what was left. */
	enum status status = store_lock(store, &lock, err);

	*staging = NULL;
	if (status == STATUS_OK) {
		status = stale_remove(store, err);
		if (status == STATUS_OK && !mkdtemp(path))
			status = error_set_errno(err, "store: cannot make a directory in %s/tmp",
				store_directory(store));
		if (status == STATUS_OK)
			status = store_open(path, staging, err);
		close(lock);
	}
	free(path);
	return status;
}

enum status store_staging_publish(
	struct store *store, struct store *staging, const struct digest *digest, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct sha1 sha1;
	char *name;
	enum status status;
	int fd;

	/* One file under several names was taken over with the first of them. */
	if (!store_has(staging, digest) && store_has(store, digest))
		return STATUS_OK;
	/* What goes over is hashed once more, and its SHA-1 with it. */
	status = store_read_sha1(staging, digest, &fd, NULL, &sha1, err);
	if (status != STATUS_OK)
		return status;
	close(fd);
	digest_hex(digest, hex);
	name = xasprintf(
		"%s/sha256/%.2s/%s", path_basename(store_directory(staging)), hex, hex + 2);
	status = store_publish(store, name, digest, &sha1, err);
	free(name);
	return status;
}

void store_staging_free(struct store *staging)
{
	struct error ignored;

	/* What stays behind is removed by the next import. */
	if (staging)
		(void)path_remove_tree(store_directory(staging), &ignored);
	store_free(staging);
}
