/* SPDX-License-Identifier: Apache-2.0 */
/* age_stream and age_armour: whatever the pieces, the same as age_open and age_seal of the whole. */
#include "schema/age_armour.h"
#include "schema/age_parts.h"
#include "schema/age_stream.h"
#include "schema/reason.h"
#include "tests/unit/age_fixture.h"

#define ALL SIZE_MAX

static const size_t sizes[] = { 0, 1, 4096, 65535, 65536, 65537, 131071, 131072, 131073, 300000 };
static const size_t pieces[] = { 1000, 65535, 65536, 65552, 65553, 200000, ALL };

#define N(table) (sizeof(table) / sizeof((table)[0]))

static struct slice cut(struct slice *rest, size_t len)
{
	struct slice piece = slice_of(rest->data, len < rest->len ? len : rest->len);

	*rest = slice_of(rest->data + piece.len, rest->len - piece.len);
	return piece;
}

static void seal_in_pieces(struct buf *file, const struct age_recipient *recipients, size_t n, struct slice plain,
			   size_t piece)
{
	struct age_sealer *sealer = age_sealer_new(file, recipients, n);

	while (plain.len > 0)
		age_sealer_update(sealer, file, cut(&plain, piece));
	age_sealer_final(sealer, file);
	age_sealer_free(sealer);
}

static int open_in_pieces(struct buf *plain, struct fixture *f, size_t n, enum age_form form, struct slice file,
			  size_t piece, struct err *err)
{
	struct age_opener *opener = age_opener_new(f->identities, n, form);
	int result = 0;

	while (result == 0 && file.len > 0)
		result = age_opener_update(opener, plain, cut(&file, piece), err);
	if (result == 0)
		result = age_opener_final(opener, plain, err);
	age_opener_free(opener);
	return result;
}

static void sealed_in_pieces_opens_whole(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N(sizes) * N(pieces); i++) {
		const size_t n = 1 + i % KEYS;

		random_bytes(&plain, sizes[i / N(pieces)]);
		buf_clear(&file);
		buf_clear(&opened);
		seal_in_pieces(&file, f->recipients, n, buf_slice(&plain), pieces[i % N(pieces)]);
		assert_int_equal(file.len, age_sealed_size(n, plain.len));
		assert_int_equal(age_open(&opened, &f->identities[n - 1], 1, buf_slice(&file), &err), 0);
		assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
	}
	buf_release(&plain);
	buf_release(&file);
	buf_release(&opened);
}

static void sealed_whole_opens_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N(sizes) * N(pieces); i++) {
		random_bytes(&plain, sizes[i / N(pieces)]);
		buf_clear(&file);
		buf_clear(&opened);
		age_seal(&file, f->recipients, 1 + i % KEYS, buf_slice(&plain));
		assert_int_equal(open_in_pieces(&opened, f, KEYS, AGE_EITHER, buf_slice(&file), pieces[i % N(pieces)],
						&err), 0);
		assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
	}
	/* Byte by byte, over the header and an edge of a chunk. */
	random_bytes(&plain, AGE_CHUNK + 5);
	buf_clear(&file);
	buf_clear(&opened);
	age_seal(&file, f->recipients, KEYS, buf_slice(&plain));
	assert_int_equal(open_in_pieces(&opened, f, 1, AGE_BINARY, buf_slice(&file), 1, &err), 0);
	assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
	buf_release(&plain);
	buf_release(&file);
	buf_release(&opened);
}

/* Refused for the reason that age_open says, and what was given out before is the beginning of the plaintext. */
static void assert_same_refusal(struct fixture *f, struct slice plain, struct slice file)
{
	struct buf whole = BUF_INIT, opened = BUF_INIT;
	struct err want = ERR_INIT;

	assert_int_equal(age_open(&whole, f->identities, 1, file, &want), -1);
	for (size_t i = 0; i < N(pieces); i++) {
		struct err err = ERR_INIT;

		buf_clear(&opened);
		assert_int_equal(open_in_pieces(&opened, f, 1, AGE_BINARY, file, pieces[i], &err), -1);
		assert_ptr_equal(err.reason, want.reason);
		assert_true(opened.len % AGE_CHUNK == 0 || opened.len == plain.len);
		assert_true(opened.len <= plain.len);
		assert_true(slice_equal(buf_slice(&opened), slice_of(plain.data, opened.len)));
	}
	buf_release(&whole);
	buf_release(&opened);
}

static void refuses_what_age_open_refuses(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT;

	for (size_t i = 0; i < N(sizes); i++) {
		random_bytes(&plain, sizes[i]);
		buf_clear(&file);
		age_seal(&file, f->recipients, 2, buf_slice(&plain));
		for (int round = 0; round < 12; round++) {
			const size_t place = randombytes_uniform((uint32_t)file.len);

			file.data[place] ^= 1;
			assert_same_refusal(f, buf_slice(&plain), buf_slice(&file));
			file.data[place] ^= 1;
			assert_same_refusal(f, buf_slice(&plain), slice_of(file.data, place));
		}
		for (size_t less = 1; less < 40; less++)
			assert_same_refusal(f, buf_slice(&plain), slice_of(file.data, file.len - less));
		buf_append_byte(&file, 0);
		assert_same_refusal(f, buf_slice(&plain), buf_slice(&file));
	}
	for (size_t len = 0; len < age_sealed_size(2, 0); len++)
		assert_same_refusal(f, buf_slice(&plain), slice_of(file.data, len));
	buf_release(&plain);
	buf_release(&file);
}

static void refuses_early(void **state)
{
	struct fixture *f = *state;
	struct age_opener *opener = age_opener_new(f->identities, 1, AGE_EITHER);
	struct buf zeros = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	memset(buf_reserve(&zeros, AGE_HEADER_MAX), 0, AGE_HEADER_MAX);
	assert_int_equal(age_opener_update(opener, &opened, slice_of(zeros.data, AGE_HEADER_MAX), &err), -1);
	assert_string_equal(err.reason, REASON_AGE_HEADER);
	age_opener_free(opener);
	age_opener_free(NULL);
	age_sealer_free(NULL);
	buf_release(&zeros);
	buf_release(&opened);
}

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----"
#define END_LINE "-----END AGE ENCRYPTED FILE-----"

static void append_armoured(struct buf *out, struct slice file, const char *eol)
{
	char line[80];

	buf_printf(out, "%s%s", BEGIN_LINE, eol);
	while (file.len > 0) {
		struct slice piece = cut(&file, 48);

		sodium_bin2base64(line, sizeof(line), piece.data, piece.len, sodium_base64_VARIANT_ORIGINAL);
		buf_printf(out, "%s%s", line, eol);
	}
	buf_printf(out, "%s%s", END_LINE, eol);
}

static void opens_armour(void **state)
{
	static const char *const eols[] = { "\n", "\r\n" };
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, text = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < N(sizes) * N(pieces); i++) {
		random_bytes(&plain, sizes[i / N(pieces)]);
		buf_clear(&file);
		buf_clear(&text);
		buf_clear(&opened);
		age_seal(&file, f->recipients, 1 + i % KEYS, buf_slice(&plain));
		append_armoured(&text, buf_slice(&file), eols[i % 2]);
		assert_int_equal(open_in_pieces(&opened, f, KEYS, AGE_EITHER, buf_slice(&text), pieces[i % N(pieces)],
						&err), 0);
		assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
	}
	buf_release(&plain);
	buf_release(&file);
	buf_release(&text);
	buf_release(&opened);
}

/* "QUJD" is ABC. Lines of 64 columns are written `64`, so that the cases can be read. */
#define FULL "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"
#define WHITE16 "  \t \n \r\n \n\n\n  \t\n\n"
#define WHITE256 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 \
	WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16 WHITE16

static const struct {
	const char *text;
	int decoded; /* bytes, -1: refused */
} armours[] = {
	{ BEGIN_LINE "\n" END_LINE "\n", 0 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE "\n", 3 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE, 3 },
	{ BEGIN_LINE "\r\nQUJD\r\n" END_LINE "\r\n", 3 },
	{ BEGIN_LINE "\r\nQUJD\n" END_LINE "\r", 3 },
	{ BEGIN_LINE "\nQQ==\n" END_LINE "\n", 1 },
	{ BEGIN_LINE "\nQUI=\n" END_LINE "\n", 2 },
	{ BEGIN_LINE "\n" FULL "\n" END_LINE "\n", 48 },
	{ BEGIN_LINE "\n" FULL "\nQUJD\n" END_LINE "\n", 51 },
	{ "\n \t\r\n" BEGIN_LINE "\nQUJD\n" END_LINE "\n\n  \t\n", 3 },
	{ WHITE256 BEGIN_LINE "\nQUJD\n" END_LINE "\n" WHITE256, 3 },
	{ "", -1 },
	{ "\n", -1 },
	{ BEGIN_LINE, -1 },
	{ BEGIN_LINE "\nQUJD\n", -1 },
	{ BEGIN_LINE "\nQUJD\n-----END AGE ENCRYPTED FILE----\n", -1 },
	{ " " BEGIN_LINE "\nQUJD\n" END_LINE "\n", -1 },
	{ "x" BEGIN_LINE "\nQUJD\n" END_LINE "\n", -1 },
	{ "x\n" BEGIN_LINE "\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE " \nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\n\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\n\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\n QUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD \n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\r\r\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\n " END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE " \n", -1 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE "\nx", -1 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE "\n" BEGIN_LINE "\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\n" FULL "QUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQQ\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQQ=\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQQ=\n=\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQR==\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJ=\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQQ===\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD=\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQU-D\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQU_D\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQU\xffQ\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nVersion: 1\n\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\n=abcd\n" END_LINE "\n", -1 },
	{ "-----BEGIN age ENCRYPTED FILE-----\nQUJD\n-----END age ENCRYPTED FILE-----\n", -1 },
	{ "-----BEGIN PGP MESSAGE-----\nQUJD\n-----END PGP MESSAGE-----\n", -1 },
	{ WHITE256 WHITE256 WHITE256 WHITE256 WHITE16 BEGIN_LINE "\nQUJD\n" END_LINE "\n", -1 },
	{ BEGIN_LINE "\nQUJD\n" END_LINE "\n" WHITE256 WHITE256 WHITE256 WHITE256 WHITE16, -1 },
};

static void armour_is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * N(armours); i++) {
		static const size_t at_once[] = { ALL, 1, 7 };
		struct slice text = slice_str(armours[i / 3].text);
		struct buf out = BUF_INIT;
		struct age_armour armour;
		struct err err = ERR_INIT;
		int result = 0;

		age_armour_init(&armour);
		while (result == 0 && text.len > 0)
			result = age_armour_update(&armour, &out, cut(&text, at_once[i % 3]), &err);
		if (result == 0)
			result = age_armour_final(&armour, &out, &err);
		if ((result == 0 ? (int)out.len : -1) != armours[i / 3].decoded)
			fail_msg("case %zu: got %d, %zu bytes", i / 3, result, out.len);
		if (result != 0)
			assert_ptr_equal(err.reason, REASON_AGE_ARMOUR);
		buf_release(&out);
	}
}

/* A mistake far behind does not hide one before it, nor take back what was genuine. */
static void armour_and_file_refuse_in_order(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, text = BUF_INIT, opened = BUF_INIT;
	struct err err = ERR_INIT;

	random_bytes(&plain, AGE_CHUNK + 100);
	age_seal(&file, f->recipients, 1, buf_slice(&plain));
	append_armoured(&text, buf_slice(&file), "\n");
	text.data[text.len - 60] = '!';
	assert_int_equal(open_in_pieces(&opened, f, 1, AGE_EITHER, buf_slice(&text), ALL, &err), -1);
	assert_ptr_equal(err.reason, REASON_AGE_ARMOUR);
	assert_int_equal(opened.len, AGE_CHUNK);
	assert_memory_equal(opened.data, plain.data, AGE_CHUNK);
	text.data[200] = text.data[200] == 'A' ? 'B' : 'A';
	buf_clear(&opened);
	assert_int_equal(open_in_pieces(&opened, f, 1, AGE_EITHER, buf_slice(&text), ALL, &err), -1);
	assert_ptr_not_equal(err.reason, REASON_AGE_ARMOUR);
	assert_int_equal(opened.len, 0);
	buf_release(&plain);
	buf_release(&file);
	buf_release(&text);
	buf_release(&opened);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_in_pieces_opens_whole),
		cmocka_unit_test(sealed_whole_opens_in_pieces),
		cmocka_unit_test(refuses_what_age_open_refuses),
		cmocka_unit_test(refuses_early),
		cmocka_unit_test(opens_armour),
		cmocka_unit_test(armour_is_strict),
		cmocka_unit_test(armour_and_file_refuse_in_order),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
