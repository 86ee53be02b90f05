/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator confirms. The first byte says whether the rest is a file, or a name and a statement that are
 * signed here: then the file is taken, and none that differs from it in one byte is taken as saying the same.
 */
#include "schema/confirmation.h"
#include "schema/keys.h"
#include "tests/fuzz/fuzz.h"

static uint8_t public_key[FRAME_SIGN_PUBLIC], secret[FRAME_SIGN_SECRET];

static bool is_line(struct slice line)
{
	return line.len > 0 && !memchr(line.data, '\n', line.len) && !memchr(line.data, '\0', line.len);
}

/* Three lines, and nothing that is not of the input. */
static void read_file(struct slice file)
{
	struct confirmation one;
	struct err err = ERR_INIT;

	if (confirmation_parse(&one, "one.confirmation", file, &err) != 0) {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, "one.confirmation: ", 18) == 0 && fuzz_is_ascii(err.text));
		return;
	}
	fuzz_success_holds(&err);
	FUZZ_HOLDS(one.operator_name.data == file.data && one.operator_name.len > 0 && one.statement.len > 0);
	FUZZ_HOLDS(one.statement.data == file.data + one.operator_name.len + 1);
	FUZZ_HOLDS(one.operator_name.len + one.statement.len + 2 * FRAME_SIGNATURE_BYTES + 3 == file.len);
	if (confirmation_verify(&one, public_key, &err) != 0)
		fuzz_error_holds(&err);
}

static void one_byte_off(const struct buf *file, size_t name_len, struct slice hash_of)
{
	const size_t at = name_len + 1 + fuzz_hash(hash_of) % (file->len - name_len - 1);
	struct confirmation one;
	struct err err = ERR_INIT;

	file->data[at] ^= (uint8_t)(1u << fuzz_hash(hash_of) % 7);
	FUZZ_HOLDS(confirmation_parse(&one, "off", buf_slice(file), &err) != 0 ||
		   confirmation_verify(&one, public_key, &err) != 0);
	fuzz_error_holds(&err);
}

static void write_and_read(struct slice input)
{
	const struct slice all = input, name = fuzz_bytes(&input, fuzz_byte(&input));
	struct buf file = BUF_INIT;
	struct confirmation one;
	struct err err = ERR_INIT;

	if (!is_line(name) || !is_line(input))
		return;
	char *who = fuzz_text(name), *what = fuzz_text(input);
	confirmation_write(&file, who, what, secret);
	FUZZ_HOLDS(confirmation_parse(&one, "written", buf_slice(&file), &err) == 0);
	FUZZ_HOLDS(slice_equal(one.operator_name, name) && slice_equal(one.statement, input));
	FUZZ_HOLDS(confirmation_verify(&one, public_key, &err) == 0);
	one_byte_off(&file, name.len, all);
	free(who);
	free(what);
	buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	const bool is_file = fuzz_byte(&input) % 2 == 0;
	struct err err = ERR_INIT;
	static bool begun;

	if (!begun) {
		FUZZ_HOLDS(keys_begin(&err) == 0);
		frame_sign_keypair(public_key, secret);
	}
	begun = true;
	if (is_file)
		read_file(input);
	else
		write_and_read(input);
	return 0;
}
