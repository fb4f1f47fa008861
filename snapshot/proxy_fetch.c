/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/proxy_fetch.h"

#include <pthread.h>

#include "base/alloc.h"

/* One file that is being fetched; on the list as long as it is. */
struct flight {
	struct flight *next;
	struct digest digest;
	unsigned users; /* who fetches and who waits; the last one frees it */
	bool is_over;
	enum status status;
	struct error err;
};

struct proxy_fetches {
	const struct proxy_config *config;
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct flight *flights;
};

struct proxy_fetches *proxy_fetches_new(const struct proxy_config *config)
{
	struct proxy_fetches *fetches = xcalloc(1, sizeof(*fetches));

	fetches->config = config;
	pthread_mutex_init(&fetches->lock, NULL);
	pthread_cond_init(&fetches->landed, NULL);
	return fetches;
}

void proxy_fetches_free(struct proxy_fetches *fetches)
{
	if (!fetches)
		return;
	pthread_cond_destroy(&fetches->landed);
	pthread_mutex_destroy(&fetches->lock);
	free(fetches);
}

static enum status fetch(
	const struct proxy_config *config, const struct archive_file *file, struct error *err)
{
	if (!config->fetcher)
		return error_set(err, STATUS_NETWORK,
			"%s of %s is not in the store, and this proxy is offline", file->path,
			file->archive);
	return archive_files_fetch(
		config->fetcher, config->store, config->pins, config->places, NULL, file, 1, err);
}

static struct flight *flight_find(const struct proxy_fetches *fetches, const struct digest *digest)
{
	for (struct flight *flight = fetches->flights; flight; flight = flight->next)
		if (digest_equal(&flight->digest, digest))
			return flight;
	return NULL;
}

static void flight_remove(struct proxy_fetches *fetches, const struct flight *flight)
{
	struct flight **at = &fetches->flights;

	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
}

enum status proxy_fetch(
	struct proxy_fetches *fetches, const struct archive_file *file, struct error *err)
{
	struct flight *flight;
	enum status status;

	pthread_mutex_lock(&fetches->lock);
	flight = flight_find(fetches, &file->digest);
	if (flight) {
		flight->users++;
		while (!flight->is_over)
			pthread_cond_wait(&fetches->landed, &fetches->lock);
	} else {
		flight = xcalloc(1, sizeof(*flight));
		*flight = (struct flight){
			.next = fetches->flights, .digest = file->digest, .users = 1};
		fetches->flights = flight;
		pthread_mutex_unlock(&fetches->lock);
		flight->status = fetch(fetches->config, file, &flight->err);
		pthread_mutex_lock(&fetches->lock);
		flight->is_over = true;
		flight_remove(fetches, flight);
		pthread_cond_broadcast(&fetches->landed);
	}
	status = flight->status;
	if (status != STATUS_OK)
		*err = flight->err;
	if (--flight->users == 0)
		free(flight);
	pthread_mutex_unlock(&fetches->lock);
	return status;
}
