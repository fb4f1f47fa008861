/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_METASNAP_H
#define TESTS_SERVER_METASNAP_H

/*
 * What metasnap.debian.net answers to a form (multipart/form-data, as debootsnap of devscripts
 * sends it) with the fields archive, arch and pkgs ("NAME:ARCH=VERSION,…"): lines "NAME ARCH
 * VERSION SUITE COMPONENT FIRST LAST" and 200 when it knows all of them; else 404, and lines "NAME
 * ARCH VERSION" of those that it does not know. 500 for a form that is none.
 *
 * `table` is a file of lines "ARCHIVE NAME ARCH VERSION SUITE COMPONENT FIRST LAST", which is
 * closed; the answer is a file of memory, or -1.
 */
int metasnap_answer(int table, const char *body, int *status);

#endif
