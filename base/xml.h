/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stddef.h>

#include "base/error.h"

/*
 * Reads an XML document of hostile origin as events. A document type declaration is refused, and
 * with it entities of its own and external ones.
 */
struct xml_handler {
	/* Names come without their prefix. Any may be NULL; an error ends the reading. */
	enum status (*begin)(
		void *context, const char *name, const char **attributes, struct error *err);
	enum status (*end)(void *context, const char *name, struct error *err);
	/* Part of the text between two tags. */
	enum status (*text)(void *context, const char *text, size_t len, struct error *err);
};

#define XML_DEPTH_MAX 256

/* STATUS_FORMAT, "line N: …", for what is not well-formed, and elements too deep in each other. */
enum status xml_parse(const char *data, size_t len, const struct xml_handler *handler,
	void *context, struct error *err);

/* The value of an attribute, its prefix aside, or NULL. */
const char *xml_attribute(const char **attributes, const char *name);

#endif
