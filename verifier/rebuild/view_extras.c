/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/rebuild/uplink.h"

/* Configuration is text: what is larger is none. */
#define FILE_LIMIT ((size_t)1 * 1024 * 1024)
#define DEPTH	   8u
#define RESOLVER   "/etc/resolv.conf"

bool view_has_own(const struct view_request *request, const char *place)
{
	for (size_t i = 0; i < request->file_count; i++)
		if (strcmp(request->files[i].place, place) == 0)
			return true;
	return false;
}

/* The text of a file of the host, links followed: what it says now, whoever writes it. */
static enum status host_text_add(
	struct view *view, const char *path, mode_t mode, struct error *err)
{
	char *text;
	size_t len;

	if (path_read_file(path, FILE_LIMIT, &text, &len, err) < 0)
		return err->status == STATUS_NOT_FOUND ? STATUS_OK : err->status;
	view_entry_add(view, VIEW_TEXT, path, text, mode);
	free(text);
	return STATUS_OK;
}

static enum status copy_add(struct view *view, const char *path, unsigned depth, struct error *err);

static enum status directory_add(
	struct view *view, const char *path, unsigned depth, struct error *err)
{
	struct dirent **names = NULL;
	enum status status = STATUS_OK;
	int count = scandir(path, &names, NULL, alphasort);

	if (count < 0)
		return error_set_errno(err, "cannot read %s", path);
	for (int i = 0; i < count; i++) {
		if (status == STATUS_OK && strcmp(names[i]->d_name, ".") != 0 &&
			strcmp(names[i]->d_name, "..") != 0) {
			char *below = path_join(path, names[i]->d_name);

			status = copy_add(view, below, depth + 1, err);
			free(below);
		}
		free(names[i]);
	}
	free(names);
	return status;
}

/* A copy of configuration that a build is to add to: files, directories and links. */
static enum status copy_add(struct view *view, const char *path, unsigned depth, struct error *err)
{
	struct stat info;

	if (lstat(path, &info) < 0)
		return errno == ENOENT && depth == 0 ? STATUS_OK : error_set_errno(err, "%s", path);
	if (depth > DEPTH)
		return error_set(
			err, STATUS_LIMIT, "%s: more than %u directories deep", path, DEPTH);
	if (S_ISLNK(info.st_mode))
		return view_shown_add(view, path, err);
	if (S_ISREG(info.st_mode))
		return host_text_add(view, path, info.st_mode & 07777, err);
	if (!S_ISDIR(info.st_mode))
		return STATUS_OK;
	view_entry_add(view, VIEW_DIRECTORY, path, NULL, info.st_mode & 07777);
	return directory_add(view, path, depth, err);
}

/* The host's, but for whom it asks: a name server on its loopback is not in reach. */
static enum status resolver_add(struct view *view, struct error *err)
{
	struct buffer text = {0};
	char *data = NULL;
	size_t len;

	if (path_read_file(RESOLVER, FILE_LIMIT, &data, &len, err) < 0 &&
		err->status != STATUS_NOT_FOUND)
		return err->status;
	for (const char *line = data; line && *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");

		if (strncmp(line, "nameserver", 10) != 0)
			buffer_add_format(&text, "%.*s\n", (int)length, line);
		if (!line[length])
			break;
	}
	buffer_add_text(&text, "nameserver " UPLINK_NAMESERVER "\n");
	view_entry_add(view, VIEW_TEXT, RESOLVER, buffer_text(&text), 0644);
	buffer_release(&text);
	free(data);
	return STATUS_OK;
}

enum status view_extras_add(
	struct view *view, const struct view_request *request, struct error *err)
{
	enum status status = STATUS_OK;

	view->copied_first = view->count;
	for (size_t i = 0; request->changed && i < request->changed->count && status == STATUS_OK;
		i++)
		status = copy_add(view, request->changed->items[i], 0, err);
	view->copied_end = view->count;
	for (size_t i = 0; i < request->file_count; i++)
		view_entry_add(view, request->files[i].text ? VIEW_TEXT : VIEW_DIRECTORY,
			request->files[i].place, request->files[i].text, request->files[i].mode);
	/* Last, and so in place of a file of the request: prepare looks names up as the host does.
	 */
	if (status == STATUS_OK && request->network != NETWORK_LOOPBACK)
		status = host_text_add(view, "/etc/hosts", 0644, err);
	if (status == STATUS_OK && request->network == NETWORK_HOST)
		status = host_text_add(view, RESOLVER, 0644, err);
	if (status == STATUS_OK && request->network == NETWORK_OWN)
		status = resolver_add(view, err);
	return status;
}

enum status view_tools_add(struct view *view, const struct text_list *tools, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; tools && i < tools->count && status == STATUS_OK; i++)
		status = view_shown_add(view, tools->items[i], err);
	return status;
}
