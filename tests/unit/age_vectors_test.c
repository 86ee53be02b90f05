/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public CCTV vectors for age, of which those for X25519 without armour apply. They are not part of this
 * repository: TIPLINE_AGE_VECTORS names a folder of them, or ../shared/data/age-vectors has them; else this is
 * skipped.
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

#include "schema/age.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/reason.h"

#define DEFAULT_FOLDER "../shared/data/age-vectors"
#define IDENTITIES_MAX 4
#define INFLATED_MAX (32u << 20)
#define APPLY 67

struct vector {
	char expect[32], payload[65];
	struct age_identity *identities[IDENTITIES_MAX];
	size_t n;
	bool applies, compressed;
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
	else if (strcmp(key, "armored") == 0 || strcmp(key, "passphrase") == 0)
		vector->applies = false;
	else if (strcmp(key, "identity") == 0 && strncmp(value, "AGE-SECRET-KEY-PQ-", 18) == 0)
		vector->applies = false;
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
	vector->applies = true;
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
	if (vector->applies && vector->compressed)
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

static bool vector_holds(const struct vector *vector, const char *name)
{
	uint8_t hash[32], want[32];
	struct buf plain = BUF_INIT;
	struct err err = ERR_INIT;
	bool holds;
	int result = age_open(&plain, vector->identities, vector->n, buf_slice(&vector->age), &err);

	holds = has_verdict(vector, result == 0 ? NULL : err.reason);
	if (holds && result == 0) {
		crypto_hash_sha256(hash, plain.data, plain.len);
		holds = hex_decode(want, 32, vector->payload, strlen(vector->payload)) == 0 &&
			memcmp(hash, want, 32) == 0;
	}
	if (result != 0 && plain.len != 0)
		holds = false;
	if (!holds)
		print_message("%s: want %s, got %s\n", name, vector->expect, result == 0 ? "success" : err.text);
	buf_release(&plain);
	return holds;
}

static void every_vector_has_its_verdict(void **state)
{
	const char *folder = getenv("TIPLINE_AGE_VECTORS");
	size_t applied = 0, held = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	if (folder == NULL)
		folder = DEFAULT_FOLDER;
	dir = opendir(folder);
	if (dir == NULL) {
		print_message("skipped: no age vectors here (set TIPLINE_AGE_VECTORS to a folder of them)\n");
		skip();
	}
	while ((entry = readdir(dir)) != NULL) {
		struct vector vector;
		char path[4096];

		if (entry->d_name[0] == '.' || strchr(entry->d_name, '.') != NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		vector_load(&vector, path);
		if (vector.applies) {
			applied++;
			held += vector_holds(&vector, entry->d_name);
		}
		vector_release(&vector);
	}
	closedir(dir);
	assert_int_equal(held, applied);
	assert_in_range(applied, APPLY, 10 * APPLY);
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
