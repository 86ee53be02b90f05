/* SPDX-License-Identifier: Apache-2.0 */
/* age: our own round trips and refusals. The age command line: age_cli_test.c. Vectors: age_vectors_test.c. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/age_parts.h"
#include "schema/hkdf.h"
#include "schema/reason.h"
#include "tests/unit/age_fixture.h"

static const size_t sizes[] = { 0, 1, 4096, 16384, 65535, 65536, 65537, 131072, 262144, 1048576 };

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void assert_refused(struct fixture *f, struct slice file, const char *reason)
{
	struct buf plain = BUF_INIT;
	struct err err = ERR_INIT;

	buf_append_str(&plain, "kept");
	assert_int_equal(age_open(&plain, f->identities, 1, file, &err), -1);
	if (reason != NULL)
		assert_string_equal(err.reason, reason);
	assert_int_equal(err.kind, ERR_DATA);
	assert_string_equal(buf_text(&plain), "kept");
	buf_release(&plain);
}

static void opens_what_it_seals(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N_SIZES; i++) {
		random_bytes(&plain, sizes[i]);
		for (size_t n = 1; n <= KEYS; n++) {
			buf_clear(&file);
			age_seal(&file, f->recipients, n, buf_slice(&plain));
			assert_int_equal(file.len, age_sealed_size(n, sizes[i]));
			buf_clear(&opened);
			assert_int_equal(age_open(&opened, &f->identities[n - 1], 1, buf_slice(&file), &err), 0);
			assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
			if (n < KEYS)
				assert_int_equal(age_open(&opened, &f->identities[n], 1, buf_slice(&file), &err), -1);
		}
	}
	assert_int_equal(age_sealed_size(4, 4096), 4590);
	buf_release(&plain);
	buf_release(&file);
	buf_release(&opened);
}

static void tries_every_identity(void **state)
{
	struct fixture *f = *state;
	struct buf file = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	age_seal(&file, &f->recipients[5], 1, slice_str("for the sixth"));
	assert_int_equal(age_open(&opened, f->identities, 5, buf_slice(&file), &err), -1);
	assert_string_equal(err.reason, REASON_KEY_UNKNOWN);
	assert_int_equal(age_open(&opened, f->identities, 0, buf_slice(&file), &err), -1);
	assert_string_equal(err.reason, REASON_KEY_UNKNOWN);
	assert_int_equal(age_open(&opened, f->identities, KEYS, buf_slice(&file), &err), 0);
	assert_string_equal(buf_text(&opened), "for the sixth");
	buf_release(&file);
	buf_release(&opened);
}

/* The share's text is the same in each stanza: one ephemeral key serves all. */
static void stanzas_share_one_ephemeral_key(void **state)
{
	struct fixture *f = *state;
	struct buf file = BUF_INIT;
	const char *first, *second;

	age_seal(&file, f->recipients, 2, slice_str(""));
	first = strstr(buf_text(&file), "-> X25519 ");
	second = strstr(first + 1, "-> X25519 ");
	assert_memory_equal(first, second, strlen("-> X25519 ") + 43);
	buf_release(&file);
}

static void other_case(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)(*text ^ (*text >= 'A' ? 0x20 : 0));
}

static void keys_as_text(void **state)
{
	struct fixture *f = *state;
	char text[AGE_IDENTITY_TEXT], public_text[AGE_RECIPIENT_TEXT];
	struct age_identity *again;
	struct age_recipient recipient;
	struct err err = ERR_INIT;

	age_identity_text(f->identities[0], text);
	assert_int_equal(strlen(text), 74);
	assert_memory_equal(text, "AGE-SECRET-KEY-1", 16);
	assert_int_equal(age_identity_parse(&again, text, strlen(text), &err), 0);
	age_identity_recipient(again, &recipient);
	assert_memory_equal(recipient.key, f->recipients[0].key, AGE_KEY_BYTES);
	age_identity_free(again);
	age_recipient_text(&recipient, public_text);
	assert_int_equal(strlen(public_text), 62);
	memset(&recipient, 0, sizeof(recipient));
	assert_int_equal(age_recipient_parse(&recipient, public_text, strlen(public_text), &err), 0);
	assert_memory_equal(recipient.key, f->recipients[0].key, AGE_KEY_BYTES);
	assert_int_equal(age_recipient_parse(&recipient, text, strlen(text), &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(age_identity_parse(&again, public_text, strlen(public_text), &err), -1);
	/* Secret keys are upper-case, public ones lower-case. */
	other_case(text);
	other_case(public_text);
	assert_int_equal(age_identity_parse(&again, text, strlen(text), &err), -1);
	assert_int_equal(age_recipient_parse(&recipient, public_text, strlen(public_text), &err), -1);
}

static void fill_is_a_curve_point(void **state)
{
	struct age_recipient fill, parsed;
	char text[AGE_RECIPIENT_TEXT];
	struct err err = ERR_INIT;

	(void)state;
	age_recipient_fill(&fill);
	age_recipient_text(&fill, text);
	assert_int_equal(age_recipient_parse(&parsed, text, strlen(text), &err), 0);
}

static void shuffle_keeps_all_and_moves(void **state)
{
	struct fixture *f = *state;
	struct age_recipient items[4];
	int first_place[4] = { 0 };

	for (int round = 0; round < 400; round++) {
		int seen = 0;

		memcpy(items, f->recipients, sizeof(items));
		age_shuffle(items, 4);
		for (int i = 0; i < 4; i++)
			for (int k = 0; k < 4; k++)
				if (memcmp(&items[i], &f->recipients[k], sizeof(items[i])) == 0) {
					seen |= 1 << k;
					first_place[k] += i == 0;
				}
		assert_int_equal(seen, 15);
	}
	for (int k = 0; k < 4; k++)
		assert_in_range(first_place[k], 50, 150);
}

/* Fill looks as other stanzas do, opens for nobody, and leaves the recipients in random places. */
static void fill_stanzas_hide_the_number_of_recipients(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t n_stanzas = 1; n_stanzas <= KEYS; n_stanzas++)
		for (size_t n = 1; n <= n_stanzas; n++) {
			struct buf file = BUF_INIT, opened = BUF_INIT;

			age_seal_among_fill(&file, f->recipients, n, n_stanzas, slice_str("tip"));
			assert_int_equal(file.len, age_sealed_size(n_stanzas, 3));
			for (size_t i = 0; i < KEYS; i++)
				assert_int_equal(age_open(&opened, &f->identities[i], 1, buf_slice(&file), &err),
						 i < n ? 0 : -1);
			assert_int_equal(opened.len, 3 * n);
			buf_release(&file);
			buf_release(&opened);
		}
}

/* The points of order 1, 2, 4 and 8 on the curve and its twist, each with and without the top bit. */
static const char *const low_order_points[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void refuses_low_order_points(void **state)
{
	struct fixture *f = *state;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2 * sizeof(low_order_points) / sizeof(low_order_points[0]); i++) {
		struct age_recipient point, parsed;
		char text[AGE_RECIPIENT_TEXT], base64[44];

		sodium_hex2bin(point.key, 32, low_order_points[i / 2], 64, NULL, NULL, NULL);
		point.key[31] |= i % 2 ? 0x80 : 0;
		age_recipient_text(&point, text);
		assert_int_equal(age_recipient_parse(&parsed, text, strlen(text), &err), -1);
		buf_clear(&file);
		age_seal(&file, f->recipients, 1, slice_str("x"));
		sodium_bin2base64(base64, sizeof(base64), point.key, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
		memcpy(file.data + 22 + 10, base64, 43);
		assert_refused(f, buf_slice(&file), REASON_AGE_HEADER);
	}
	buf_release(&file);
}

/* Every bit of the header and of a small payload; and every cut. */
static void refuses_every_flip_and_cut(void **state)
{
	struct fixture *f = *state;
	struct buf file = BUF_INIT;

	/* A '/' in the MAC: libsodium's base64 reads any byte over 0x7f as one. */
	do {
		buf_clear(&file);
		age_seal(&file, f->recipients, 2, slice_str("one small tip"));
	} while (memchr(file.data + age_sealed_size(2, 0) - 32 - 44, '/', 43) == NULL);
	for (size_t i = 0; i < file.len * 8; i++) {
		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_refused(f, buf_slice(&file), NULL);
		file.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < file.len; len++)
		assert_refused(f, slice_of(file.data, len), NULL);
	buf_append_byte(&file, 0);
	assert_refused(f, buf_slice(&file), REASON_AGE_PAYLOAD);
	buf_release(&file);
}

static void refuses_cut_chunks(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT;

	random_bytes(&plain, 2 * AGE_CHUNK);
	age_seal(&file, f->recipients, 1, buf_slice(&plain));
	assert_refused(f, slice_of(file.data, file.len - AGE_CHUNK - 16), REASON_AGE_PAYLOAD);
	assert_refused(f, slice_of(file.data, file.len - AGE_CHUNK), REASON_AGE_PAYLOAD);
	assert_refused(f, slice_of(file.data, age_sealed_size(1, 0) - 16), REASON_AGE_PAYLOAD);
	assert_refused(f, slice_of(file.data, age_sealed_size(1, 0) - 17), REASON_AGE_HEADER);
	buf_release(&plain);
	buf_release(&file);
}

static void append_chunk(struct buf *payload, const uint8_t *key, uint8_t number, bool is_last, size_t len)
{
	const uint8_t nonce[12] = { [10] = number, [11] = is_last };
	uint8_t *plain = mem_alloc(len + 1);

	crypto_aead_chacha20poly1305_ietf_encrypt(buf_reserve(payload, len + AGE_TAG_BYTES), NULL, plain, len, NULL, 0,
						  NULL, nonce, key);
	payload->len += len + AGE_TAG_BYTES;
	free(plain);
}

/* Only an empty file may end in an empty chunk: else two files would hold the same. */
static void refuses_an_empty_last_chunk(void **state)
{
	static const uint8_t file_key[AGE_FILE_KEY_BYTES];
	static const struct { size_t full; int result; } cases[] = { { 0, 0 }, { 1, -1 }, { 2, -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf payload = BUF_INIT, plain = BUF_INIT;
		struct err err = ERR_INIT;
		uint8_t key[HKDF_BYTES];

		random_bytes(&payload, AGE_NONCE_BYTES);
		hkdf_sha256(key, slice_of(file_key, sizeof(file_key)), buf_slice(&payload), slice_str("payload"));
		for (uint8_t chunk = 0; chunk < cases[i].full; chunk++)
			append_chunk(&payload, key, chunk, false, AGE_CHUNK);
		append_chunk(&payload, key, (uint8_t)cases[i].full, true, 0);
		assert_int_equal(age_payload_open(&plain, file_key, buf_slice(&payload), &err), cases[i].result);
		if (cases[i].result != 0)
			assert_string_equal(err.reason, REASON_AGE_PAYLOAD);
		assert_int_equal(plain.len, 0);
		buf_release(&payload);
		buf_release(&plain);
	}
}

static void refuses_malformed_headers(void **state)
{
	static const char share[] = "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc";
	static const char *const headers[] = {
		"", "\n", "age-encryption.org/v1", "age-encryption.org/v2\n", "age-encryption.org/v1\r\n",
		"age-encryption.org/v1\n", "age-encryption.org/v1\n--- %s\n", "age-encryption.org/v1\n---%s\n",
		"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n%s\n--- %s\n",
		"age-encryption.org/v1\n-> X25519\n%s\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s x\n%s\n--- %s\n",
		"age-encryption.org/v1\n-> X25519  %s\n%s\n--- %s\n",
		"age-encryption.org/v1\n->  X25519 %s\n%s\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s \n%s\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s=\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%sA\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s\n\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s\r\n--- %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s\n--- %s=\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s\n---  %s\n",
		"age-encryption.org/v1\n-> X25519 %s\n%s\n---\n",
		"age-encryption.org/v1\n-> \n\n-> X25519 %s\n%s\n--- %s\n",
		"age-encryption.org/v1\n-> odd \x01\n\n-> X25519 %s\n%s\n--- %s\n",
	};
	struct buf file = BUF_INIT;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		buf_clear(&file);
		for (const char *c = headers[i]; *c != '\0'; c++) {
			if (c[0] == '%' && c[1] == 's') {
				buf_append_str(&file, share);
				c++;
			} else {
				buf_append_byte(&file, (uint8_t)*c);
			}
		}
		buf_append_str(&file, "0123456789abcdef0123456789abcdef0123456789abcdef");
		assert_refused(*state, buf_slice(&file), REASON_AGE_HEADER);
	}
	buf_release(&file);
}

/* Other types of stanza are skipped, but not more than 8 stanzas, nor a header over 1 KiB. */
static void caps_the_header(void **state)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;
	struct fixture *f = *state;
	static const struct { int stanzas; size_t columns; const char *reason; } cases[] = {
		{ 7, 10, NULL }, { 8, 10, "age-header" }, { 1, 64 * 16, "age-header" }, { 1, 64 * 8, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf sealed = BUF_INIT, opened = BUF_INIT;

		buf_clear(&file);
		age_seal(&sealed, f->recipients, 1, slice_str("x"));
		buf_append(&file, sealed.data, 22);
		for (int k = 0; k < cases[i].stanzas; k++) {
			buf_append_str(&file, "-> grease-x a b c d e f g h i j k\n");
			for (size_t column = 0; column < cases[i].columns; column++) {
				buf_append_byte(&file, 'A');
				if (column % 64 == 63)
					buf_append_byte(&file, '\n');
			}
			buf_append_str(&file, cases[i].columns % 64 ? "AA\n" : "\n");
		}
		buf_append(&file, sealed.data + 22, sealed.len - 22);
		/* The MAC no longer holds, which is found only after all stanzas were read. */
		assert_int_equal(age_open(&opened, f->identities, 1, buf_slice(&file), &err), -1);
		assert_string_equal(err.reason, cases[i].reason != NULL ? cases[i].reason : REASON_AGE_MAC);
		buf_release(&sealed);
		buf_release(&opened);
	}
	buf_release(&file);
}

/* Random bytes, and real files with random damage: refused, and nothing breaks. */
static void survives_random_input(void **state)
{
	struct fixture *f = *state;
	struct buf file = BUF_INIT;

	for (int round = 0; round < 20000; round++) {
		random_bytes(&file, randombytes_uniform(400));
		if (round % 2 == 0)
			memcpy(buf_reserve(&file, 22), "age-encryption.org/v1\n", file.len < 22 ? 0 : 22);
		assert_refused(f, buf_slice(&file), NULL);
	}
	for (int round = 0; round < 3000; round++) {
		size_t at, len;
		uint8_t was;

		buf_clear(&file);
		age_seal(&file, f->recipients, 1 + (size_t)round % 3, slice_str("a tip that will be damaged"));
		at = randombytes_uniform((uint32_t)file.len - 1);
		len = 1 + randombytes_uniform((uint32_t)(file.len - at));
		was = file.data[at];
		for (size_t i = 0; i < len; i++)
			file.data[at + i] = (uint8_t)("\n- >AX25519/+=\x7f"[randombytes_uniform(16)]);
		file.data[at] = was == '\n' ? ' ' : '\n'; /* so that something did change */
		assert_refused(f, buf_slice(&file), NULL);
	}
	buf_release(&file);
}

/* Locked memory: a child without the right to lock any finds out at once, and is told which limit to raise. */
static void says_which_limit_to_raise(void **state)
{
	static const struct rlimit none = { 0, 0 };
	static char page[4096];
	struct age_identity *identity;
	struct err err = ERR_INIT;
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
			_exit(3);
		if (syscall(SYS_mlock, page, sizeof(page)) == 0 || mlock(page, sizeof(page)) == 0)
			_exit(3); /* the limit does not bind here; a sanitizer turns mlock off */
		if (age_identity_generate(&identity, &err) != -1 || err.kind != ERR_CONFIG)
			_exit(1);
		_exit(strstr(err.text, "RLIMIT_MEMLOCK") && strstr(err.text, "ulimit -l") &&
		      strstr(err.text, "LimitMEMLOCK") ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 3) {
		print_message("skipped: the lock limit cannot be made to bind here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_seals),
		cmocka_unit_test(tries_every_identity),
		cmocka_unit_test(stanzas_share_one_ephemeral_key),
		cmocka_unit_test(keys_as_text),
		cmocka_unit_test(fill_is_a_curve_point),
		cmocka_unit_test(shuffle_keeps_all_and_moves),
		cmocka_unit_test(fill_stanzas_hide_the_number_of_recipients),
		cmocka_unit_test(refuses_low_order_points),
		cmocka_unit_test(refuses_every_flip_and_cut),
		cmocka_unit_test(refuses_cut_chunks),
		cmocka_unit_test(refuses_an_empty_last_chunk),
		cmocka_unit_test(refuses_malformed_headers),
		cmocka_unit_test(caps_the_header),
		cmocka_unit_test(survives_random_input),
		cmocka_unit_test(says_which_limit_to_raise),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
