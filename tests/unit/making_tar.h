/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_MAKING_TAR_H
#define TESTS_UNIT_MAKING_TAR_H

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

/* A tar as bytes, so that tests can make what no tar program writes. */
struct tar_member {
	const char *name;
	size_t name_len; /* 0: strlen(name) */
	char type;	 /* 0: '0' */
	unsigned mode;	 /* 0: 0644 */
	unsigned uid;
	unsigned mtime;
	const char *link;
	const char *data;
	size_t len; /* 0: strlen(data) */
	unsigned major, minor;
};

static inline void tar_octal(char *field, int digits, size_t value)
{
	for (int i = digits - 1; i >= 0; i--, value /= 8)
		field[i] = (char)('0' + value % 8);
}

static inline void tar_add(struct buffer *tar, const struct tar_member *member)
{
	char header[513] = {0};
	const char *data = member->data != NULL ? member->data : "";
	size_t name_len = member->name_len > 0 ? member->name_len : strlen(member->name);
	size_t len = member->len > 0 ? member->len : strlen(data);
	unsigned sum = 0;

	memcpy(header, member->name, name_len);
	tar_octal(header + 100, 7, member->mode != 0 ? member->mode : 0644);
	tar_octal(header + 108, 7, member->uid);
	tar_octal(header + 116, 7, 0U);
	tar_octal(header + 124, 11, len);
	tar_octal(header + 136, 11, member->mtime);
	memset(header + 148, ' ', 8);
	header[156] = member->type != 0 ? member->type : '0';
	if (member->link != NULL)
		memcpy(header + 157, member->link, strlen(member->link));
	memcpy(header + 257,
		"ustar\0"
		"00root",
		12);
	memcpy(header + 297, "root", 4);
	tar_octal(header + 329, 7, member->major);
	tar_octal(header + 337, 7, member->minor);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	tar_octal(header + 148, 6, sum);
	header[154] = '\0';
	buffer_add(tar, header, 512);
	buffer_add(tar, data, len);
	while (tar->len % 512 != 0)
		buffer_add_char(tar, '\0');
}

static inline void tar_end(struct buffer *tar)
{
	for (int i = 0; i < 1024; i++)
		buffer_add_char(tar, '\0');
}

#endif
