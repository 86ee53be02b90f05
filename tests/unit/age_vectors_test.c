/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public CCTV vectors for age: each has its stated result, and where it opens or fails in the payload, what comes
 * out is what it states. Binary ones are opened whole and in pieces, those in text form in pieces.
 *
 * Left out, since they are sealed in ways that tipline refuses by design: those to a passphrase (scrypt), and those to
 * post-quantum identities (AGE-SECRET-KEY-PQ-). Each of them is refused here with a reason code, whatever it states.
 *
 * The vectors are not part of this repository: `make setup` fetches them into build/age-vectors (npm package cctv-age,
 * pinned in tests/interop); TIPLINE_AGE_VECTORS names another folder. Without them this is skipped.
 * A file: lines "key: value", an empty line, an age file (through zlib where "compressed: zlib" says so).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/age_stream.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/reason.h"

#define DEFAULT_FOLDER "build/age-vectors"
#define IDENTITIES_MAX 4
#define INFLATED_MAX (32u << 20)
#define BINARY 67
#define ARMOURED 31
#define PASSPHRASE 26
#define POST_QUANTUM 19

struct vector {
	char expect[32], payload[65];
	struct age_identity *identities[IDENTITIES_MAX];
	size_t n;
	bool compressed, armoured, passphrase, post_quantum;
	struct buf age;
};

static const struct {
	const char *expect, *reason;
} verdicts[] = {
	{ "success", NULL },
	{ "no match", REASON_KEY_UNKNOWN },
	{ "HMAC failure", REASON_AGE_MAC },
	{ "header failure", REASON_AGE_HEADER },
	{ "payload failure", REASON_AGE_PAYLOAD },
	{ "armor failure", REASON_AGE_ARMOUR },
};

static void read_whole(struct buf *out, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t got;

	assert_non_null(file);
	while ((got = fread(buf_reserve(out, 65536), 1, 65536, file)) > 0)
		out->len += got;
	fclose(file);
}

/* zlib is there wherever librdkafka is; opened here, so that nothing of ours links it for the tests' sake. */
static void inflate_into(struct buf *out, struct slice packed)
{
	int (*uncompress)(uint8_t *, unsigned long *, const uint8_t *, unsigned long);
	unsigned long len = INFLATED_MAX;
	void *zlib = dlopen("libz.so.1", RTLD_NOW);

	if (zlib == NULL) {
		print_message("skipped: some age vectors are compressed, and no libz.so.1 is here\n");
		skip();
	}
	*(void **)&uncompress = dlsym(zlib, "uncompress");
	assert_non_null(uncompress);
	assert_int_equal(uncompress(buf_reserve(out, len), &len, packed.data, packed.len), 0);
	out->len += len;
	dlclose(zlib);
}

static void take_line(struct vector *vector, const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (strcmp(key, "expect") == 0)
		snprintf(vector->expect, sizeof(vector->expect), "%s", value);
	else if (strcmp(key, "payload") == 0)
		snprintf(vector->payload, sizeof(vector->payload), "%s", value);
	else if (strcmp(key, "compressed") == 0)
		vector->compressed = true;
	else if (strcmp(key, "armored") == 0)
		vector->armoured = true;
	else if (strcmp(key, "passphrase") == 0)
		vector->passphrase = true;
	else if (strcmp(key, "identity") == 0 && strncmp(value, "AGE-SECRET-KEY-PQ-", 18) == 0)
		vector->post_quantum = true;
	else if (strcmp(key, "identity") == 0) {
		assert_true(vector->n < IDENTITIES_MAX);
		assert_int_equal(age_identity_parse(&vector->identities[vector->n], value, strlen(value), &err), 0);
		vector->n++;
	}
}

static void vector_load(struct vector *vector, const char *path)
{
	struct buf file = BUF_INIT;
	char *at, *end, *colon;

	memset(vector, 0, sizeof(*vector));
	read_whole(&file, path);
	buf_append_byte(&file, 0);
	for (at = (char *)file.data; *at != '\n'; at = end + 1) {
		end = strchr(at, '\n');
		colon = strstr(at, ": ");
		assert_true(end != NULL && colon != NULL && colon < end);
		*end = *colon = '\0';
		take_line(vector, at, colon + 2);
	}
	at++;
	end = (char *)file.data + file.len - 1;
	if (vector->compressed)
		inflate_into(&vector->age, slice_of(at, (size_t)(end - at)));
	else
		buf_append(&vector->age, at, (size_t)(end - at));
	buf_release(&file);
}

static void vector_release(struct vector *vector)
{
	for (size_t i = 0; i < vector->n; i++)
		age_identity_free(vector->identities[i]);
	buf_release(&vector->age);
}

static bool has_verdict(const struct vector *vector, const char *reason)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strcmp(verdicts[i].expect, vector->expect) == 0)
			return verdicts[i].reason == NULL ? reason == NULL :
							    reason != NULL && strcmp(reason, verdicts[i].reason) == 0;
	return false;
}

static bool is_payload(const struct vector *vector, const struct buf *plain)
{
	uint8_t hash[32], want[32];

	crypto_hash_sha256(hash, plain->data, plain->len);
	return hex_decode(want, 32, vector->payload, strlen(vector->payload)) == 0 && memcmp(hash, want, 32) == 0;
}

static bool is_known(const char *reason)
{
	return reason != NULL && reason_find(reason, strlen(reason)) != NULL;
}

/* All or nothing. */
static const char *open_whole(struct vector *vector, struct buf *plain)
{
	struct err err = ERR_INIT;

	if (age_open(plain, vector->identities, vector->n, buf_slice(&vector->age), &err) == 0)
		return NULL;
	assert_int_equal(plain->len, 0);
	return err.reason;
}

static const char *open_in_pieces(struct vector *vector, struct buf *plain, size_t piece)
{
	struct age_opener *opener = age_opener_new(vector->identities, vector->n,
						   vector->armoured ? AGE_ARMOURED : AGE_BINARY);
	struct err err = ERR_INIT;
	int result = 0;

	for (size_t at = 0; result == 0 && at < vector->age.len; at += piece) {
		size_t left = vector->age.len - at;

		result = age_opener_update(opener, plain, slice_of(vector->age.data + at, left < piece ? left : piece),
					   &err);
	}
	if (result == 0)
		result = age_opener_final(opener, plain, &err);
	age_opener_free(opener);
	return result == 0 ? NULL : err.reason;
}

/* What comes out is stated of files that open, and of those that a reader of pieces finds damaged on the way. */
static bool in_pieces_holds(struct vector *vector, size_t piece)
{
	struct buf plain = BUF_INIT;
	const char *reason = open_in_pieces(vector, &plain, piece);
	bool holds = has_verdict(vector, reason);

	if (reason == NULL || reason == REASON_AGE_PAYLOAD)
		holds = holds && is_payload(vector, &plain);
	else
		holds = holds && plain.len == 0;
	buf_release(&plain);
	return holds;
}

static bool whole_holds(struct vector *vector)
{
	struct buf plain = BUF_INIT;
	const char *reason = open_whole(vector, &plain);
	bool holds = has_verdict(vector, reason) && (reason != NULL || is_payload(vector, &plain));

	buf_release(&plain);
	return holds;
}

static bool vector_holds(struct vector *vector)
{
	static const size_t pieces[] = { 1000, 65536, SIZE_MAX / 2 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		if (!in_pieces_holds(vector, pieces[i]))
			return false;
	return vector->armoured || whole_holds(vector);
}

/* Whatever it states: refused, with a code, and nothing comes out. */
static bool is_refused(struct vector *vector)
{
	struct buf plain = BUF_INIT;
	bool refused = is_known(open_in_pieces(vector, &plain, 1000)) && plain.len == 0 &&
		       (vector->armoured || is_known(open_whole(vector, &plain)));

	buf_release(&plain);
	return refused;
}

struct counts {
	size_t binary, armoured, passphrase, post_quantum, failed;
};

static void take_vector(struct counts *counts, struct vector *vector, const char *name)
{
	bool holds;

	if (vector->passphrase || vector->post_quantum) {
		counts->passphrase += vector->passphrase;
		counts->post_quantum += !vector->passphrase;
		print_message("left out: %s: %s\n", name, vector->passphrase ? "a passphrase" : "post-quantum");
		holds = is_refused(vector);
	} else {
		counts->armoured += vector->armoured;
		counts->binary += !vector->armoured;
		holds = vector_holds(vector);
	}
	if (!holds)
		print_message("%s does not hold: %s is wanted\n", name, vector->expect);
	counts->failed += !holds;
}

static void every_vector_has_its_verdict(void **state)
{
	const char *folder = getenv("TIPLINE_AGE_VECTORS");
	struct counts counts = { 0 };
	struct dirent *entry;
	DIR *dir;

	(void)state;
	if (folder == NULL)
		folder = DEFAULT_FOLDER;
	dir = opendir(folder);
	if (dir == NULL) {
		print_message("skipped: no age vectors here (make setup; or set TIPLINE_AGE_VECTORS)\n");
		skip();
	}
	while ((entry = readdir(dir)) != NULL) {
		struct vector vector;
		char path[4096];

		if (strchr(entry->d_name, '.') != NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		vector_load(&vector, path);
		take_vector(&counts, &vector, entry->d_name);
		vector_release(&vector);
	}
	closedir(dir);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.binary, BINARY);
	assert_int_equal(counts.armoured, ARMOURED);
	assert_int_equal(counts.passphrase, PASSPHRASE);
	assert_int_equal(counts.post_quantum, POST_QUANTUM);
}

static int begin(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return keys_begin(&err);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_has_its_verdict),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
