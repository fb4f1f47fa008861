/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"
#include "snapshot/clearsign.h"

#define STATUS_TEXT_LIMIT ((size_t)1024 * 1024)
#define GPGV_SECONDS	  60

static const char debian_keyring[] = "/usr/share/keyrings/debian-archive-keyring.gpg";
static const char debian_removed_keyring[] = "/usr/share/keyrings/debian-archive-removed-keys.gpg";

/* One signature as gpgv's status lines tell of it (GnuPG, doc/DETAILS). */
struct signature {
	char kind[16];	 /* GOODSIG, EXPKEYSIG, … or ERRSIG; "" before it is known */
	bool is_valid;	 /* VALIDSIG was seen */
	bool is_bad_key; /* ERRSIG, though the key is in the ring */
	char signer[65]; /* fingerprint of the primary key */
	int64_t made;
	int hash_algorithm;  /* RFC 4880, 9.4 */
	int64_t key_expired; /* the earliest of key and primary key; 0 when neither has */
};

/* What is to be verified: a clear-signed file, or a text and its signatures in another. */
struct subject {
	int text;		     /* the clear-signed file, or the text */
	int signature;		     /* -1: it is clear-signed */
	const struct buffer *inside; /* the text that was found between the marks, or the text */
};

/* What all signatures of a file come to. */
struct verdict {
	unsigned texts; /* PLAINTEXT lines */
	bool is_bad;	/* BADSIG, or a line that is not understood */
	bool is_in_future;
	bool is_weak;	 /* there was one, by a digest that is too weak */
	bool is_outside; /* there was one, made outside its key's life */
	bool is_revoked;
	struct signature good;	  /* by a key that is good now */
	struct signature expired; /* made within the life of a key that has expired since */
};

int64_t trust_now(const struct trust_options *options)
{
	return options->now ? options->now : clock_now();
}

void trust_note(const struct trust_options *options, const char *format, ...)
{
	struct buffer text = {0};
	va_list arguments;

	if (!options->notes)
		return;
	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	text_list_add(options->notes, buffer_text(&text));
	buffer_release(&text);
}

void signed_text_release(struct signed_text *result)
{
	buffer_release(&result->text);
	free(result->signer);
	*result = (struct signed_text){0};
}

/* gpgv reads binary keyrings and keyboxes; of an armoured one it says only "no public key". */
static enum status keyring_check(const char *keyring, struct error *err)
{
	unsigned char head[12] = {0};
	int fd = open(keyring, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		error_set_errno(err, "the keyring %s cannot be read", keyring);
		return err->status;
	}
	got = read(fd, head, sizeof(head));
	close(fd);
	if (got > 0 && ((head[0] & 0xfc) == 0x98 || head[0] == 0xc6))
		return STATUS_OK;
	if (got == (ssize_t)sizeof(head) && memcmp(head + 8, "KBXf", 4) == 0)
		return STATUS_OK;
	return error_set(err, STATUS_USAGE, "%s is no binary OpenPGP keyring%s", keyring,
		memchr(head, '-', sizeof(head)) == head
			? ": it is armoured; convert it with gpg --dearmor"
			: "");
}

/* Whether the signatures so far are one that counts, by the laws of trust T11. */
static void signature_judge(struct verdict *verdict, const struct signature *signature, int64_t now)
{
	bool is_expired = strcmp(signature->kind, "EXPKEYSIG") == 0;

	if (signature->is_bad_key && signature->made > now)
		verdict->is_in_future = true;
	if (!signature->is_valid)
		return;
	if (signature->made > now) {
		verdict->is_in_future = true;
	} else if (signature->hash_algorithm < 8 || signature->hash_algorithm > 10) {
		verdict->is_weak = true;
	} else if (strcmp(signature->kind, "REVKEYSIG") == 0) {
		/* When it was revoked is not told, so nothing shows that it was made before. */
		verdict->is_revoked = true;
	} else if (is_expired &&
		(!signature->key_expired || signature->made >= signature->key_expired)) {
		verdict->is_outside = true;
	} else if (is_expired) {
		verdict->expired = *signature;
	} else if (strcmp(signature->kind, "GOODSIG") == 0 && !verdict->good.is_valid) {
		verdict->good = *signature;
	}
}

/* "VALIDSIG fpr date timestamp expires version reserved pubkey-algo hash-algo class primary-fpr" */
static bool validsig_parse(const char *line, struct signature *signature)
{
	char key[65], class[3];
	int fields = sscanf(line, "%64s %*s %" SCNd64 " %*s %*s %*s %*s %d %2s %64s", key,
		&signature->made, &signature->hash_algorithm, class, signature->signer);

	if (fields < 4 || (strcmp(class, "00") != 0 && strcmp(class, "01") != 0))
		return false;
	if (fields < 5)
		memcpy(signature->signer, key, sizeof(key));
	signature->is_valid = true;
	return true;
}

/* "ERRSIG keyid pubkey-algo hash-algo class time reason fpr"; reason 9 is a missing key. */
static void errsig_parse(const char *line, struct signature *signature)
{
	int reason = 0;

	if (sscanf(line, "%*s %*s %*s %*s %" SCNd64 " %d", &signature->made, &reason) == 2)
		signature->is_bad_key = reason != 9;
}

static void status_line_read(
	struct verdict *verdict, struct signature *signature, const char *line, int64_t now)
{
	char word[16];
	const char *rest = strchr(line, ' ');
	int64_t expired;

	rest = rest ? rest + 1 : "";
	if (sscanf(line, "%15s", word) != 1)
		return;
	if (strcmp(word, "NEWSIG") == 0) {
		signature_judge(verdict, signature, now);
		*signature = (struct signature){0};
	} else if (strcmp(word, "PLAINTEXT") == 0) {
		verdict->texts++;
	} else if (strcmp(word, "BADSIG") == 0 || strcmp(word, "ERROR") == 0 ||
		strcmp(word, "NODATA") == 0 || strcmp(word, "UNEXPECTED") == 0) {
		/* The last three: packets among the signatures that do not belong there. */
		verdict->is_bad = true;
	} else if (strcmp(word, "KEYEXPIRED") == 0) {
		/* Told of the key and of its primary key; 0 for the one that has not. */
		if (sscanf(rest, "%" SCNd64, &expired) == 1 && expired > 0 &&
			(!signature->key_expired || expired < signature->key_expired))
			signature->key_expired = expired;
	} else if (strcmp(word, "VALIDSIG") == 0) {
		if (signature->is_valid || !validsig_parse(rest, signature))
			verdict->is_bad = true;
	} else if (strcmp(word, "ERRSIG") == 0) {
		errsig_parse(rest, signature);
	} else if (strcmp(word, "GOODSIG") == 0 || strcmp(word, "EXPSIG") == 0 ||
		strcmp(word, "EXPKEYSIG") == 0 || strcmp(word, "REVKEYSIG") == 0) {
		if (signature->kind[0])
			verdict->is_bad = true;
		memcpy(signature->kind, word, sizeof(word));
	}
}

static void status_read(struct verdict *verdict, const char *text, int64_t now)
{
	static const char prefix[] = "[GNUPG:] ";
	struct signature signature = {0};

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = xstrndup(text, len);

		if (strncmp(line, prefix, strlen(prefix)) == 0)
			status_line_read(verdict, &signature, line + strlen(prefix), now);
		free(line);
		text += len + (text[len] == '\n');
	}
	signature_judge(verdict, &signature, now);
}

static enum status file_rewind_read(int fd, struct buffer *text, struct error *err)
{
	ssize_t got;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "reading what gpgv said");
	while ((got = read(fd, buffer_reserve(text, 4096), 4096)) > 0) {
		text->len += (size_t)got;
		if (text->len > STATUS_TEXT_LIMIT)
			return error_set(err, STATUS_LIMIT, "gpgv says too much");
	}
	if (got < 0)
		return error_set_errno(err, "reading what gpgv said");
	buffer_add(text, "", 0);
	return STATUS_OK;
}

/*
 * Runs gpgv over the open files; the signed text and the status lines as they came. Of a detached
 * signature gpgv gives out no text, so that the status lines go there.
 */
static enum status gpgv_run(const char *keyring, const struct subject *subject, struct buffer *text,
	struct buffer *status_text, struct error *err)
{
	static const char *const environment[] = {
		"LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	struct buffer messages = {0};
	bool is_detached = subject->signature >= 0;
	enum status status;
	char *ring = NULL;
	char number[16], path[32];
	int status_fd = -1;

	status = path_resolve(keyring, &ring, err);
	if (status == STATUS_OK && !is_detached)
		status = tempfile_unlinked(&status_fd, err);
	if (status < 0)
		goto out;
	snprintf(number, sizeof(number), "%d", status_fd);
	snprintf(path, sizeof(path), "/dev/fd/%d", subject->signature);
	spec.argv = is_detached ? (const char *const[]){"gpgv", "--keyring", ring, "--status-fd",
					  "1", path, "-", NULL}
				: (const char *const[]){"gpgv", "--keyring", ring, "--status-fd",
					  number, "--output", "-", NULL};
	spec.environment = environment;
	spec.stdin_fd = subject->text;
	spec.pass_fd = is_detached ? subject->signature : status_fd;
	spec.timeout_seconds = GPGV_SECONDS;
	status = process_capture(&spec, is_detached ? STATUS_TEXT_LIMIT : INRELEASE_LIMIT,
		is_detached ? status_text : text, &messages, &result, err);
	if (status == STATUS_OK && (result.timed_out || result.signal))
		status = error_set(err, STATUS_IO, "gpgv did not end: %s", buffer_text(&messages));
	if (status == STATUS_OK && is_detached)
		buffer_add(text, buffer_text(subject->inside), subject->inside->len);
	else if (status == STATUS_OK)
		status = file_rewind_read(status_fd, status_text, err);
out:
	if (status_fd >= 0)
		close(status_fd);
	free(ring);
	buffer_release(&messages);
	return status;
}

/* Why nothing counts: a clock that is put right would mend no forgery, and so that is told first.
 */
static enum status verdict_refuse(const struct verdict *verdict, struct error *err)
{
	if (verdict->is_bad)
		return error_set(err, STATUS_TRUST,
			"BAD signature: its bytes are not the ones that were signed");
	if (verdict->is_revoked)
		return error_set(err, STATUS_TRUST, "it is signed by a revoked key: refused");
	if (verdict->is_in_future)
		return error_set(err, STATUS_CLOCK,
			"it is signed in this machine's future: set the clock and try again");
	if (verdict->is_outside)
		return error_set(err, STATUS_TRUST,
			"its signature was made after its key had expired: refused");
	if (verdict->is_weak)
		return error_set(err, STATUS_TRUST,
			"its signature uses a digest weaker than SHA-256: refused");
	return error_set(err, STATUS_TRUST, "it has no valid signature by a key of the keyring");
}

static enum status accept(const struct signature *signature, bool is_key_expired,
	const struct trust_options *options, bool digest_is_given, struct signed_text *result,
	struct error *err)
{
	if (is_key_expired && !digest_is_given && !options->accept_expired_key)
		return error_set(err, STATUS_TRUST,
			"it is signed by the key %s, which has since expired or been retired: to "
			"accept it on first use give --accept-expired-key",
			signature->signer);
	result->signer = xstrdup(signature->signer);
	result->signed_at = signature->made;
	result->is_key_expired = is_key_expired;
	return STATUS_OK;
}

/* STATUS_END when no key of this ring has signed it, so that another ring may be asked. */
static enum status ring_verify(const char *keyring, bool is_removed_ring,
	const struct subject *subject, const struct trust_options *options, bool digest_is_given,
	struct signed_text *result, struct error *err)
{
	unsigned texts = subject->signature < 0 ? 1 : 0;
	struct verdict verdict = {0};
	struct buffer status_text = {0};
	enum status status;

	buffer_clear(&result->text);
	if (lseek(subject->text, 0, SEEK_SET) < 0)
		return error_set_errno(err, "verifying");
	status = gpgv_run(keyring, subject, &result->text, &status_text, err);
	if (status < 0)
		goto out;
	status_read(&verdict, buffer_text(&status_text), trust_now(options));
	/* A text among detached signatures is one that nobody was asked about. */
	if (verdict.texts != texts || !clearsign_text_equal(subject->inside, &result->text))
		verdict.is_bad = true;
	if (verdict.is_bad || verdict.is_in_future)
		status = verdict_refuse(&verdict, err);
	else if (verdict.good.is_valid)
		status = accept(
			&verdict.good, is_removed_ring, options, digest_is_given, result, err);
	else if (verdict.expired.is_valid)
		status = accept(&verdict.expired, true, options, digest_is_given, result, err);
	else if (verdict.is_revoked || verdict.is_outside || verdict.is_weak)
		status = verdict_refuse(&verdict, err);
	else
		status = STATUS_END;
out:
	buffer_release(&status_text);
	return status;
}

static enum status input_open(const char *data, size_t len, int *fd, struct error *err)
{
	enum status status = tempfile_unlinked(fd, err);

	for (size_t at = 0; status == STATUS_OK && at < len;) {
		ssize_t put = write(*fd, data + at, len - at);

		if (put < 0 && errno != EINTR)
			status = error_set_errno(err, "writing a temporary file");
		else if (put > 0)
			at += (size_t)put;
	}
	return status;
}

static enum status rings_verify(const struct subject *subject, const struct trust_options *options,
	bool digest_is_given, struct signed_text *result, struct error *err)
{
	const char *rings[2] = {debian_keyring, debian_removed_keyring};
	enum status status = STATUS_END;
	size_t ring_count = 2;

	if (options->keyring) {
		rings[0] = options->keyring;
		ring_count = 1;
	} else if (access(debian_removed_keyring, R_OK) < 0) {
		ring_count = 1;
	}
	for (size_t i = 0; i < ring_count && status == STATUS_END; i++) {
		status = keyring_check(rings[i], err);
		if (status == STATUS_OK)
			status = ring_verify(
				rings[i], i > 0, subject, options, digest_is_given, result, err);
	}
	if (status == STATUS_END)
		status = verdict_refuse(&(struct verdict){0}, err);
	return status;
}

enum status trust_verify(const char *inrelease, size_t len, const struct trust_options *options,
	bool digest_is_given, struct signed_text *result, struct error *err)
{
	struct buffer inside = {0};
	struct subject subject = {.text = -1, .signature = -1, .inside = &inside};
	enum status status = clearsign_split(inrelease, len, &inside, err);

	*result = (struct signed_text){0};
	if (status == STATUS_OK)
		status = input_open(inrelease, len, &subject.text, err);
	if (status == STATUS_OK)
		status = rings_verify(&subject, options, digest_is_given, result, err);
	if (subject.text >= 0)
		close(subject.text);
	if (status < 0)
		signed_text_release(result);
	buffer_release(&inside);
	return status;
}

enum status trust_verify_detached(const struct buffer *release, const struct buffer *release_gpg,
	const struct trust_options *options, bool digest_is_given, struct signed_text *result,
	struct error *err)
{
	struct subject subject = {.text = -1, .signature = -1, .inside = release};
	enum status status = armour_check(buffer_text(release_gpg), release_gpg->len, err);

	*result = (struct signed_text){0};
	if (status < 0)
		return error_context(err, "Release.gpg");
	/* In text mode (RFC 4880, 5.2.4) a signature holds whatever the ends of lines are. */
	if (memchr(buffer_text(release), '\0', release->len) ||
		memchr(buffer_text(release), '\r', release->len))
		status = error_set(err, STATUS_TRUST, "it holds NUL or carriage return: refused");
	if (status == STATUS_OK)
		status = input_open(buffer_text(release), release->len, &subject.text, err);
	if (status == STATUS_OK)
		status = input_open(
			buffer_text(release_gpg), release_gpg->len, &subject.signature, err);
	if (status == STATUS_OK)
		status = rings_verify(&subject, options, digest_is_given, result, err);
	if (subject.text >= 0)
		close(subject.text);
	if (subject.signature >= 0)
		close(subject.signature);
	if (status < 0)
		signed_text_release(result);
	return status;
}
