/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, age files and bus seals, as libsodium's own functions. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "schema/frame.h"
#include "schema/seal.h"
#include "tests/bench/primitives/primitives.h"

#define BODY_PLAIN 4096  /* the smallest size a body is padded to, which nearly all tips have */
#define HEADER_BYTES 500 /* of an age file with four stanzas */

struct seal {
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[crypto_sign_BYTES];
	uint8_t scalar[crypto_scalarmult_BYTES], point[crypto_scalarmult_BYTES], key[32];
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint8_t *plain, *sealed;
	size_t len;
};

static void hash_frame(const struct seal *seal, uint8_t hash[64])
{
	crypto_generichash(hash, 64, seal->plain, seal->len, NULL, 0);
}

static void *prepare_bytes(size_t len)
{
	struct seal *seal = mem_alloc(sizeof(*seal));
	uint8_t hash[64];

	seal->len = len;
	seal->plain = mem_alloc(len);
	seal->sealed = mem_alloc(len + 64);
	randombytes_buf(seal->plain, len);
	randombytes_buf(seal->scalar, sizeof(seal->scalar));
	randombytes_buf(seal->key, sizeof(seal->key));
	crypto_scalarmult_base(seal->point, seal->scalar);
	crypto_sign_keypair(seal->public_key, seal->secret_key);
	hash_frame(seal, hash);
	crypto_sign_detached(seal->signature, NULL, hash, sizeof(hash), seal->secret_key);
	return seal;
}

static void *prepare(const struct bench *bench, int size)
{
	return prepare_bytes(bench->sizes[size]);
}

static void *prepare_body(const struct bench *bench, int arg)
{
	(void)bench;
	(void)arg;
	return prepare_bytes(BODY_PLAIN);
}

static void release(void *state)
{
	struct seal *seal = state;

	free(seal->plain);
	free(seal->sealed);
	free(seal);
}

static void run_sign(void *state, size_t n)
{
	struct seal *seal = state;
	uint8_t hash[64];

	for (size_t i = 0; i < n; i++) {
		hash_frame(seal, hash);
		crypto_sign_detached(seal->signature, NULL, hash, sizeof(hash), seal->secret_key);
	}
}

static void run_verify(void *state, size_t n)
{
	struct seal *seal = state;
	uint8_t hash[64];

	for (size_t i = 0; i < n; i++) {
		hash_frame(seal, hash);
		if (crypto_sign_verify_detached(seal->signature, hash, sizeof(hash), seal->public_key) != 0)
			bench_fail("verify", "a good signature does not hold");
	}
}

static void hkdf(uint8_t out[32], const uint8_t *key, size_t len)
{
	crypto_auth_hmacsha256_state state;

	for (int i = 0; i < 2; i++) { /* extract, expand */
		crypto_auth_hmacsha256_init(&state, i ? out : key, i ? 32 : len);
		crypto_auth_hmacsha256_update(&state, key, len);
		crypto_auth_hmacsha256_final(&state, out);
	}
}

static void multiply(struct seal *seal)
{
	uint8_t shared[crypto_scalarmult_BYTES];

	if (crypto_scalarmult(shared, seal->scalar, seal->point) != 0)
		bench_fail("X25519", "refused its arguments");
	hkdf(seal->key, shared, sizeof(shared));
}

/* The header's MAC and the payload's key: the same work for whoever seals and whoever opens. */
static void authenticate_header(struct seal *seal)
{
	uint8_t key[32], mac[crypto_auth_hmacsha256_BYTES];

	hkdf(key, seal->key, sizeof(seal->key));
	crypto_auth_hmacsha256(mac, seal->plain, HEADER_BYTES < seal->len ? HEADER_BYTES : seal->len, key);
	hkdf(key, seal->key, sizeof(seal->key));
}

static void run_open(void *state, size_t n)
{
	struct seal *seal = state;
	unsigned long long len;

	for (size_t i = 0; i < n; i++) {
		multiply(seal);
		authenticate_header(seal);
		crypto_aead_chacha20poly1305_ietf_encrypt(seal->sealed, &len, seal->plain, seal->len, NULL, 0, NULL,
							  seal->nonce, seal->key);
	}
}

static void run_share(void *state, size_t n)
{
	struct seal *seal = state;
	uint8_t share[crypto_scalarmult_BYTES];

	for (size_t i = 0; i < n; i++)
		crypto_scalarmult_base(share, seal->scalar);
}

static void run_recipient(void *state, size_t n)
{
	struct seal *seal = state;

	for (size_t i = 0; i < n; i++)
		multiply(seal);
}

static void run_payload(void *state, size_t n)
{
	struct seal *seal = state;
	unsigned long long len;

	for (size_t i = 0; i < n; i++) {
		authenticate_header(seal);
		crypto_aead_chacha20poly1305_ietf_encrypt(seal->sealed, &len, seal->plain, seal->len, NULL, 0, NULL,
							  seal->nonce, seal->key);
	}
}

/* Sealing and opening cost the same. */
static void run_bus(void *state, size_t n)
{
	struct seal *seal = state;
	unsigned long long len;

	for (size_t i = 0; i < n; i++) {
		randombytes_buf(seal->nonce, sizeof(seal->nonce));
		crypto_aead_xchacha20poly1305_ietf_encrypt(seal->sealed, &len, seal->plain, seal->len, NULL, 0, NULL,
							   seal->nonce, seal->key);
	}
}

const struct primitive seal_primitives[] = {
	{ "sign", "BLAKE2b of a frame, Ed25519", 500, SIZE_FRAME, prepare, run_sign, release, RUNS },
	{ "verify", "BLAKE2b of a frame, Ed25519", 500, SIZE_FRAME, prepare, run_verify, release, RUNS },
	{ "open", "an age body: X25519, SHA-256, ChaCha20-Poly1305", 500, 0, prepare_body, run_open, release, RUNS },
	{ "seal-share", "an ephemeral share", 500, 0, prepare_body, run_share, release, RUNS },
	{ "seal-recipient", "an age file for one more recipient", 500, 0, prepare_body, run_recipient, release, RUNS },
	{ "seal-body", "header MAC and payload of a body", 1000, 0, prepare_body, run_payload, release, RUNS },
	{ "seal-case", "header MAC and payload of a case", 1000, SIZE_CASE, prepare, run_payload, release, RUNS },
	{ "bus-classified", "XChaCha20-Poly1305 of a record", 2000, SIZE_CLASSIFIED, prepare, run_bus, release, RUNS },
	{ "bus-linked", "XChaCha20-Poly1305 of a record", 2000, SIZE_LINKED, prepare, run_bus, release, RUNS },
	{ "bus-index", "XChaCha20-Poly1305 of an index entry", 2000, SIZE_INDEX, prepare, run_bus, release, RUNS },
	{ "bus-routed", "XChaCha20-Poly1305 of a record", 2000, SIZE_ROUTED, prepare, run_bus, release, RUNS },
	{ 0 },
};
