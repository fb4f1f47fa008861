/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

struct parsing {
	XML_Parser parser;
	const struct xml_handler *handler;
	void *context;
	unsigned depth;
	struct error *err;
	enum status status; /* of a handler */
};

static const char *local_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

static void stop(struct parsing *parsing, enum status status)
{
	parsing->status = status;
	XML_StopParser(parsing->parser, XML_FALSE);
}

static enum status refuse(struct parsing *parsing, const char *what)
{
	return error_set(parsing->err, STATUS_FORMAT, "line %lu: %s",
		XML_GetCurrentLineNumber(parsing->parser), what);
}

static void XMLCALL refuse_doctype(void *data, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int has_subset)
{
	struct parsing *parsing = data;

	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	stop(parsing, refuse(parsing, "a document type declaration, which is refused"));
}

static void XMLCALL begin(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct parsing *parsing = data;
	enum status status = STATUS_OK;

	if (parsing->status != STATUS_OK)
		return;
	if (++parsing->depth > XML_DEPTH_MAX)
		status = refuse(parsing, "elements lie too deep in each other");
	else if (parsing->handler->begin)
		status = parsing->handler->begin(
			parsing->context, local_name(name), attributes, parsing->err);
	if (status != STATUS_OK)
		stop(parsing, status);
}

static void XMLCALL end(void *data, const XML_Char *name)
{
	struct parsing *parsing = data;
	enum status status = STATUS_OK;

	if (parsing->status != STATUS_OK)
		return;
	parsing->depth--;
	if (parsing->handler->end)
		status = parsing->handler->end(parsing->context, local_name(name), parsing->err);
	if (status != STATUS_OK)
		stop(parsing, status);
}

static void XMLCALL text(void *data, const XML_Char *characters, int len)
{
	struct parsing *parsing = data;
	enum status status = STATUS_OK;

	if (parsing->status != STATUS_OK)
		return;
	if (parsing->handler->text)
		status = parsing->handler->text(
			parsing->context, characters, (size_t)len, parsing->err);
	if (status != STATUS_OK)
		stop(parsing, status);
}

enum status xml_parse(const char *data, size_t len, const struct xml_handler *handler,
	void *context, struct error *err)
{
	struct parsing parsing = {.handler = handler, .context = context, .err = err};

	if (len > INT_MAX)
		return error_set(err, STATUS_LIMIT, "too large for a document of XML");
	parsing.parser = XML_ParserCreate(NULL);
	if (!parsing.parser)
		return error_set(err, STATUS_IO, "no memory for reading XML");
	XML_SetUserData(parsing.parser, &parsing);
	XML_SetElementHandler(parsing.parser, begin, end);
	XML_SetCharacterDataHandler(parsing.parser, text);
	XML_SetStartDoctypeDeclHandler(parsing.parser, refuse_doctype);
	if (XML_Parse(parsing.parser, data, (int)len, XML_TRUE) != XML_STATUS_OK &&
		parsing.status == STATUS_OK)
		parsing.status =
			refuse(&parsing, XML_ErrorString(XML_GetErrorCode(parsing.parser)));
	XML_ParserFree(parsing.parser);
	return parsing.status;
}

const char *xml_attribute(const char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (strcmp(local_name(attributes[0]), name) == 0)
			return attributes[1];
	return NULL;
}
