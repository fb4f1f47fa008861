/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_RESIDUE_H
#define DBDIFF_RESIDUE_H

#include "dbdiff/attribute.h"

/*
 * Whether two artifacts are the same once the wrappers are taken off that were verified on each
 * side, and what was recomputed from the rest and fits (trust T8): the bytes that remain have the
 * same SHA-256. Wrappers of the published side are added to the findings, and without any, or with
 * one that nobody signed, it is false. To be asked only when all bytes that differ are such.
 */
enum status residue_is_equal(const struct side_bytes sides[SIDES], struct findings *findings,
	bool *is_equal, struct error *err);

#endif
