/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

/*
 * Pins: the state of Debian archives that a build must use, as on snapshot.debian.org. Everything
 * here is trusted by digest alone: gpgv → InRelease → Packages and Sources → file.
 */
#include "snapshot/archive_files.h"
#include "snapshot/fetcher.h"
#include "snapshot/package_pool.h"
#include "snapshot/pins.h"
#include "snapshot/places.h"
#include "snapshot/serving.h"
#include "snapshot/solution.h"
#include "snapshot/source_packages.h"
#include "snapshot/stored.h"

#endif
