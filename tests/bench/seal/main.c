/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to seal and open a tip of 4 KiB, and the libsodium functions that this cannot be done without, each
 * measured in turn in the same run. Writes a JSON line for each: CPU microseconds of one operation, the median of the
 * rounds. Where an operation is given with `floor_us` this is the sum of its primitives, as often as it needs them:
 * curve arithmetic, HMAC, AEAD, hash, signature, random bytes; neither base64 nor copying, nor wiping.
 *
 * bench-seal FOLDER also leaves there, for the other implementations, a file to four recipients and their identities.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/frame.h"
#include "schema/hkdf.h"
#include "schema/keys.h"
#include "schema/seal.h"

#define PLAIN 4096
#define JSON (PLAIN - BODY_HEAD)
#define RECIPIENTS 4
#define ROUNDS 15
#define ROUND_NS 10000000.0 /* of one operation in one round */
#define COVERED_BYTES (22 + 98 * RECIPIENTS + 3)

struct bench {
	struct age_identity *identities[RECIPIENTS];
	struct age_recipient recipients[RECIPIENTS];
	struct seal_recipients intake;
	uint8_t sign_public[FRAME_SIGN_PUBLIC], sign_secret[FRAME_SIGN_SECRET];
	uint8_t plain[PLAIN], scratch[2 * PLAIN], key[32], point[32], shared[32], nonce[12], hash[64], signature[64];
	uint8_t wrapped[32];
	struct buf file, contact, frame, out;
	struct tip_id tip_id;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench-seal: %s\n", what);
	exit(70);
}

static void seal_file(struct bench *b)
{
	buf_clear(&b->out);
	age_seal(&b->out, b->recipients, RECIPIENTS, slice_of(b->plain, PLAIN));
}

static void open_as(struct bench *b, size_t who)
{
	buf_clear(&b->out);
	must(age_open(&b->out, &b->identities[who], 1, buf_slice(&b->file), NULL) == 0, "age_open");
}

static void open_first(struct bench *b)
{
	open_as(b, 0);
}

static void open_last(struct bench *b)
{
	open_as(b, RECIPIENTS - 1);
}

static void seal_tip_body(struct bench *b, struct buf *body_file)
{
	const struct seal_body body = { CHANNEL_WEB, b->tip_id, slice_of(b->plain, JSON) };

	must(seal_body(body_file, &b->intake, &body, NULL) == 0, "seal_body");
}

static void build_frame(struct bench *b, const struct buf *body_file)
{
	const struct frame frame = { .tip_id = b->tip_id, .adapter = 1, .day = 20000, .body = buf_slice(body_file),
				     .contact = buf_slice(&b->contact) };

	buf_clear(&b->frame);
	frame_build(&b->frame, &frame, b->sign_secret);
}

static void seal_tip(struct bench *b)
{
	buf_clear(&b->out);
	seal_tip_body(b, &b->out);
	build_frame(b, &b->out);
}

static void seal_tip_and_contact(struct bench *b)
{
	buf_clear(&b->contact);
	must(seal_contact(&b->contact, &b->intake, CONTACT_NONE, slice_str(""), NULL) == 0, "seal_contact");
	seal_tip(b);
}

static void open_tip(struct bench *b)
{
	struct seal_body body;
	struct frame frame;

	buf_clear(&b->out);
	must(frame_parse(&frame, buf_slice(&b->frame), NULL) == 0 && frame_verify(&frame, b->sign_public, NULL) == 0 &&
	     seal_body_open(&body, &b->out, &b->identities[0], 1, frame.body, NULL) == 0, "open_tip");
}

static void p_base(struct bench *b)
{
	crypto_scalarmult_base(b->shared, b->key);
}

static void p_mult(struct bench *b)
{
	must(crypto_scalarmult(b->shared, b->key, b->point) == 0, "crypto_scalarmult");
}

static void p_hmac(struct bench *b)
{
	crypto_auth_hmacsha256(b->shared, b->scratch, 64, b->key);
}

static void p_hmac_header(struct bench *b)
{
	crypto_auth_hmacsha256(b->shared, b->scratch, COVERED_BYTES, b->key);
}

static void p_wrap(struct bench *b)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(b->scratch, NULL, b->plain, 16, NULL, 0, NULL, b->nonce, b->key);
}

static void p_unwrap(struct bench *b)
{
	must(crypto_aead_chacha20poly1305_ietf_decrypt(b->scratch, NULL, NULL, b->wrapped, 32, NULL, 0, b->nonce,
						       b->key) == 0, "unwrap");
}

static void p_payload(struct bench *b)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(b->scratch, NULL, b->plain, PLAIN, NULL, 0, NULL, b->nonce, b->key);
}

static void p_payload_contact(struct bench *b)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(b->scratch, NULL, b->plain, CONTACT_PLAIN, NULL, 0, NULL, b->nonce,
						  b->key);
}

static void p_random(struct bench *b)
{
	randombytes_buf(b->scratch, 48);
}

static void p_hash(struct bench *b)
{
	crypto_generichash(b->hash, sizeof(b->hash), b->frame.data, b->frame.len - FRAME_SIGNATURE_BYTES, NULL, 0);
}

static void p_sign(struct bench *b)
{
	crypto_sign_detached(b->signature, NULL, b->hash, sizeof(b->hash), b->sign_secret);
}

static void p_verify(struct bench *b)
{
	must(crypto_sign_verify_detached(b->signature, b->hash, sizeof(b->hash), b->sign_public) == 0, "verify");
}

enum primitive {
	BASE, MULT, HMAC, HMAC_HEADER, WRAP, UNWRAP, PAYLOAD, PAYLOAD_CONTACT, RANDOM, HASH, SIGN, VERIFY, N_PRIMITIVES
};

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} primitives[N_PRIMITIVES] = {
	[BASE] = { "X25519 of the base point", p_base },
	[MULT] = { "X25519", p_mult },
	[HMAC] = { "HMAC-SHA-256 of 64 bytes", p_hmac },
	[HMAC_HEADER] = { "HMAC-SHA-256 of a header", p_hmac_header },
	[WRAP] = { "ChaCha20-Poly1305 of 16 bytes, seal", p_wrap },
	[UNWRAP] = { "ChaCha20-Poly1305 of 16 bytes, open", p_unwrap },
	[PAYLOAD] = { "ChaCha20-Poly1305 of 4 KiB", p_payload },
	[PAYLOAD_CONTACT] = { "ChaCha20-Poly1305 of 1 KiB", p_payload_contact },
	[RANDOM] = { "random bytes, a call", p_random },
	[HASH] = { "BLAKE2b-512 of a frame", p_hash },
	[SIGN] = { "Ed25519 sign", p_sign },
	[VERIFY] = { "Ed25519 verify", p_verify },
};

/*
 * HKDF is two HMACs. Sealing to R keys: a share, R products, R + 2 HKDFs, R wraps, the header's MAC, the payload, and
 * random bytes for keys, nonce, and each stanza that is fill. Opening tries the stanzas one after another: the first
 * costs a product, each an HKDF and an unwrap.
 */
static const struct {
	const char *name;
	void (*run)(struct bench *b);
	unsigned needs[N_PRIMITIVES];
} operations[] = {
	{ "seal", seal_file,
	  { [BASE] = 1, [MULT] = 4, [HMAC] = 12, [HMAC_HEADER] = 1, [WRAP] = 4, [PAYLOAD] = 1, [RANDOM] = 2 } },
	{ "open, first of four", open_first,
	  { [MULT] = 1, [HMAC] = 6, [HMAC_HEADER] = 1, [UNWRAP] = 1, [PAYLOAD] = 1 } },
	{ "open, last of four", open_last,
	  { [MULT] = 1, [HMAC] = 12, [HMAC_HEADER] = 1, [UNWRAP] = 4, [PAYLOAD] = 1 } },
	{ "seal and sign a tip", seal_tip,
	  { [BASE] = 1, [MULT] = 2, [HMAC] = 8, [HMAC_HEADER] = 1, [WRAP] = 2, [PAYLOAD] = 1, [RANDOM] = 4, [HASH] = 1,
	    [SIGN] = 1 } },
	{ "seal and sign a tip, contact file too", seal_tip_and_contact,
	  { [BASE] = 2, [MULT] = 4, [HMAC] = 16, [HMAC_HEADER] = 2, [WRAP] = 4, [PAYLOAD] = 1, [PAYLOAD_CONTACT] = 1,
	    [RANDOM] = 7, [HASH] = 1, [SIGN] = 1 } },
	{ "verify and open a tip", open_tip,
	  { [MULT] = 1, [HMAC] = 6, [HMAC_HEADER] = 1, [UNWRAP] = 1, [PAYLOAD] = 1, [HASH] = 1, [VERIFY] = 1 } },
};

#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Microseconds of one call, over some ROUND_NS. */
static double measure(struct bench *b, void (*run)(struct bench *b))
{
	double began = cpu_ns(), once;
	size_t n;

	run(b);
	once = cpu_ns() - began;
	n = 1 + (size_t)(ROUND_NS / (once > 200 ? once : 200));
	began = cpu_ns();
	for (size_t i = 0; i < n; i++)
		run(b);
	return (cpu_ns() - began) / (double)n / 1000;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double rounds[ROUNDS])
{
	qsort(rounds, ROUNDS, sizeof(double), by_size);
	return rounds[ROUNDS / 2];
}

static void write_file(const char *folder, const char *name, struct slice content)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	must(file && fwrite(content.data, 1, content.len, file) == content.len && fclose(file) == 0, path);
}

static void prepare(struct bench *b, const char *folder)
{
	struct buf texts = BUF_INIT;
	struct err err = ERR_INIT;

	must(keys_begin(&err) == 0, err.text);
	for (size_t i = 0; i < RECIPIENTS; i++) {
		char text[AGE_IDENTITY_TEXT];

		must(age_identity_generate(&b->identities[i], &err) == 0, err.text);
		age_identity_recipient(b->identities[i], &b->recipients[i]);
		age_identity_text(b->identities[i], text);
		buf_printf(&texts, "%s\n", text);
	}
	b->intake.triage = b->recipients[0];
	b->intake.recovery = b->recipients[1];
	b->intake.custodian = b->recipients[2];
	frame_sign_keypair(b->sign_public, b->sign_secret);
	randombytes_buf(b->plain, sizeof(b->plain));
	randombytes_buf(b->key, sizeof(b->key));
	crypto_scalarmult_base(b->point, b->key);
	age_seal(&b->file, b->recipients, RECIPIENTS, slice_of(b->plain, PLAIN));
	seal_tip_and_contact(b);
	p_sign(b);
	p_wrap(b);
	memcpy(b->wrapped, b->scratch, sizeof(b->wrapped));
	write_file(folder, "file.age", buf_slice(&b->file));
	write_file(folder, "identities", buf_slice(&texts));
	buf_release(&texts);
}

static void report(double primitive_us[N_PRIMITIVES], double operation_us[N_OPERATIONS])
{
	for (size_t i = 0; i < N_PRIMITIVES; i++)
		printf("{\"figure\":\"primitive\",\"name\":\"%s\",\"cpu_us\":%.3f}\n", primitives[i].name, primitive_us[i]);
	for (size_t i = 0; i < N_OPERATIONS; i++) {
		double floor_us = 0;

		for (size_t k = 0; k < N_PRIMITIVES; k++)
			floor_us += operations[i].needs[k] * primitive_us[k];
		printf("{\"figure\":\"operation\",\"by\":\"tipline\",\"name\":\"%s\",\"cpu_us\":%.2f,\"floor_us\":%.2f,"
		       "\"ratio\":%.3f}\n", operations[i].name, operation_us[i], floor_us, operation_us[i] / floor_us);
	}
}

int main(int argc, char **argv)
{
	static double primitive_rounds[N_PRIMITIVES][ROUNDS], operation_rounds[N_OPERATIONS][ROUNDS];
	double primitive_us[N_PRIMITIVES], operation_us[N_OPERATIONS];
	struct bench *b = mem_alloc(sizeof(*b));

	must(argc == 2, "usage: bench-seal FOLDER");
	prepare(b, argv[1]);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < N_PRIMITIVES; i++)
			primitive_rounds[i][round] = measure(b, primitives[i].run);
		for (size_t i = 0; i < N_OPERATIONS; i++)
			operation_rounds[i][round] = measure(b, operations[i].run);
	}
	for (size_t i = 0; i < N_PRIMITIVES; i++)
		primitive_us[i] = median(primitive_rounds[i]);
	for (size_t i = 0; i < N_OPERATIONS; i++)
		operation_us[i] = median(operation_rounds[i]);
	report(primitive_us, operation_us);
	return 0;
}
