/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/package_pool.h"

#include <solv/poolarch.h>
#include <solv/repo.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/snapshot.h"
#include "snapshot/solve_pool.h"

#define PROVIDERS_MOST 8 /* that a message names */

enum status package_pool_open(struct store *store, const struct pin_list *pins,
	const char *architecture, struct package_pool **pool, struct error *err)
{
	struct package_pool *made = xcalloc(1, sizeof(*made));
	enum status status = STATUS_OK;

	*pool = NULL;
	made->pool = pool_create();
	made->store = store;
	made->pins = pins;
	made->architecture = xstrdup(architecture);
	if (pool_setdisttype(made->pool, DISTTYPE_DEB) < 0)
		status = error_set(err, STATUS_UNSUPPORTED, "libsolv was built without Debian");
	pool_setarchpolicy(made->pool, architecture);
	if (status == STATUS_OK)
		status = solve_load(made->pool, store, pins, architecture, &made->facts, err);
	if (status < 0) {
		package_pool_free(made);
		return status;
	}
	pool_createwhatprovides(made->pool);
	*pool = made;
	return STATUS_OK;
}

void package_pool_free(struct package_pool *pool)
{
	if (!pool)
		return;
	archive_index_free(pool->index);
	pool_free(pool->pool);
	solve_facts_release(&pool->facts);
	free(pool->architecture);
	free(pool);
}

/* Whether a package of that very name is there, not only something that provides it. */
static bool name_is_real(Pool *pool, Id name)
{
	Id p, pp;

	FOR_PROVIDES(p, pp, name)
	{
		if (pool->solvables[p].name == name)
			return true;
	}
	return false;
}

bool package_pool_has(const struct package_pool *pool, const char *name)
{
	Id id = pool_str2id(pool->pool, name, 0);

	return id && name_is_real(pool->pool, id);
}

/* The one package that provides a virtual name; 0 when there is none or a choice. */
static Id provider_only(Pool *pool, Id name, struct text_list *providers)
{
	Id p, pp, only = 0;

	FOR_PROVIDES(p, pp, name)
	{
		only = pool->solvables[p].name;
		text_list_add(providers, pool_id2str(pool, only));
	}
	text_list_sort(providers);
	text_list_unique(providers);
	return providers->count == 1 ? only : 0;
}

static bool name_is_for_all(Pool *pool, Id name)
{
	Id p, pp;

	FOR_PROVIDES(p, pp, name)
	{
		if (pool->solvables[p].arch == ARCH_ALL)
			return true;
	}
	return false;
}

/* "openssl:amd64=3.0.17-1", as far as it is said. */
static char *asked_text(const struct asked *asked)
{
	return xasprintf("%s%s%s%s%s", asked->name, asked->architecture ? ":" : "",
		asked->architecture ? asked->architecture : "", asked->version ? "=" : "",
		asked->version ? asked->version : "");
}

/* What is solved for has packages of one architecture, and of "all" besides. */
static enum status architecture_check(const struct package_pool *pool, Id name,
	const struct asked *asked, const char *text, struct error *err)
{
	bool is_all = strcmp(asked->architecture, "all") == 0;

	if (is_all && !name_is_for_all(pool->pool, name))
		return error_set(err, STATUS_NOT_FOUND,
			"no package of the pins is %s: it is not for all architectures", text);
	if (!is_all && strcmp(asked->architecture, pool->architecture) != 0)
		return error_set(err, STATUS_NOT_FOUND,
			"%s: the packages are solved for %s alone; for another one give "
			"--architecture, and pins that were captured with it",
			text, pool->architecture);
	return STATUS_OK;
}

static Id version_find(const struct package_pool *pool, Id name, const struct asked *asked,
	enum asked_state *state, const char *text, struct error *err)
{
	Id job = pool_rel2id(
		pool->pool, name, pool_str2id(pool->pool, asked->version, 1), REL_EQ, 1);
	struct buffer versions = {0};

	if (pool_whatprovides_ptr(pool->pool, job)[0])
		return job;
	*state = ASKED_OTHER_VERSION;
	solve_versions_text(pool->pool, name, &versions);
	error_set(err, STATUS_NOT_FOUND, "no package of the pins is %s: they have %s of it", text,
		buffer_text(&versions));
	buffer_release(&versions);
	return 0;
}

/* "exim4-daemon-light, postfix, …" */
static void choice_tell(
	const struct asked *asked, const struct text_list *providers, struct error *err)
{
	struct buffer names = {0};

	for (size_t i = 0; i < providers->count && i < PROVIDERS_MOST; i++)
		buffer_add_format(&names, "%s%s", i ? ", " : "", providers->items[i]);
	if (providers->count > PROVIDERS_MOST)
		buffer_add_text(&names, ", …");
	error_set(err, STATUS_NOT_FOUND,
		"no package of the pins is called %s, and %zu provide it: name one of them (%s)",
		asked->name, providers->count, buffer_text(&names));
	buffer_release(&names);
}

Id solve_job_find(const struct package_pool *pool, const struct asked *asked,
	enum asked_state *state, struct error *err)
{
	char *text = asked_text(asked);
	Id name = pool_str2id(pool->pool, asked->name, 0);
	struct text_list providers = {0};

	*state = ASKED_FOUND;
	if (name && !name_is_real(pool->pool, name))
		name = provider_only(pool->pool, name, &providers);
	if (!name && providers.count) {
		*state = ASKED_AMBIGUOUS;
		choice_tell(asked, &providers, err);
	} else if (!name) {
		*state = ASKED_UNKNOWN;
		error_set(err, STATUS_NOT_FOUND,
			"no package of the pins is called %s: it may be misspelt, of an archive "
			"that the pins lack, or built for the image",
			asked->name);
	} else if (asked->architecture && architecture_check(pool, name, asked, text, err) < 0) {
		*state = ASKED_UNKNOWN;
		name = 0;
	} else if (asked->version) {
		name = version_find(pool, name, asked, state, text, err);
	}
	text_list_release(&providers);
	free(text);
	return name;
}
