/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SSH_KEY_H
#define DBDIFF_SSH_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* What a file of one key of OpenSSH holds. */
struct ssh_key {
	char type[32]; /* "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256" */
	bool is_private;
};

/*
 * Reads a public key (sshd(8), AUTHORIZED_KEYS, without options) or an unencrypted private one
 * (OpenSSH, PROTOCOL.key). False when the file is anything else, or holds anything else beside it.
 */
bool ssh_key_read(const char *data, size_t len, struct ssh_key *key);

#endif
