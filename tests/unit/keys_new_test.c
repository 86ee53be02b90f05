/* SPDX-License-Identifier: Apache-2.0 */
/* Single new keys as their files are read, the end of one, and adapters with a former key. */
#include "tests/unit/keys_fixture.h"

#include <fcntl.h>

#include "schema/keys_new.h"

static void new_keys_are_read_back(void **state)
{
	struct fixture *f = *state;
	struct buf content = BUF_INIT;
	struct age_recipient made, held;
	struct identity_set set;
	struct curve_pair pair;
	uint8_t open[FRAME_SIGN_PUBLIC], secret[FRAME_SIGN_SECRET], key[32], again[32];
	char curve[41];
	struct err err = ERR_INIT;

	assert_int_equal(keys_new_identity(&content, &made, &err), 0);
	write_text(f, "1.identity", buf_text(&content), 0600);
	assert_int_equal(identity_set_load(&set, at(f, "1.identity"), &err), 0);
	age_identity_recipient(set.items[0], &held);
	assert_memory_equal(&made, &held, sizeof(made));
	identity_set_release(&set);
	buf_clear(&content);
	keys_new_sign(&content, open);
	write_text(f, "sign", buf_text(&content), 0600);
	assert_int_equal(keys_load_sign(secret, at(f, "sign"), &err), 0);
	assert_memory_equal(secret + 32, open, 32);
	buf_clear(&content);
	keys_new_curve(&content, curve);
	write_text(f, "curve", buf_text(&content), 0600);
	assert_int_equal(keys_load_curve(&pair, at(f, "curve"), &err), 0);
	assert_string_equal(pair.public_key, curve);
	buf_clear(&content);
	keys_new_secret(key);
	keys_hex_file(&content, key, sizeof(key));
	write_text(f, "hex", buf_text(&content), 0600);
	assert_int_equal(keys_load_hex32(again, at(f, "hex"), &err), 0);
	assert_memory_equal(key, again, sizeof(key));
	buf_release(&content);
}

/* Whoever has the file open still, or finds its blocks, finds noise. */
static void a_shredded_file_is_overwritten_and_gone(void **state)
{
	struct fixture *f = *state;
	char text[5001], after[5001] = "";
	struct err err = ERR_INIT;
	int fd;

	memset(text, 'k', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	write_text(f, "key", text, 0600);
	fd = open(at(f, "key"), O_RDONLY);
	assert_int_equal(keys_shred(at(f, "key"), &err), 0);
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(pread(fd, after, sizeof(after) - 1, 0), sizeof(after) - 1);
	close(fd);
	for (size_t i = 0; i + 32 < sizeof(after); i++)
		assert_true(memcmp(after + i, text, 32) != 0);
	assert_int_equal(keys_shred(f->path, &err), 0); /* again: it is gone, which is what was wanted */
	assert_int_equal(keys_shred(at(f, "site"), &err), -1); /* a folder is no key */
}

/* A write that was killed leaves the key under another name, which no inventory has. */
static void what_a_killed_write_left_is_shredded_too(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_text(f, "key", "secret", 0600);
	write_text(f, "key.new-a1B2c3", "secret", 0600);
	write_text(f, "key.new", "another", 0600);
	write_text(f, "key2.new-a1B2c3", "another", 0600);
	assert_int_equal(keys_shred(at(f, "key"), &err), 0);
	assert_int_equal(access(at(f, "key"), F_OK), -1);
	assert_int_equal(access(at(f, "key.new-a1B2c3"), F_OK), -1);
	assert_int_equal(access(at(f, "key.new"), F_OK), 0);
	assert_int_equal(access(at(f, "key2.new-a1B2c3"), F_OK), 0);
}

static void frame_signed_by(struct buf *bytes, struct frame *frame, const uint8_t *secret)
{
	static const uint8_t contact[FRAME_CONTACT_BYTES];
	struct frame made = { .adapter = 2, .day = 20000, .body = slice_str("body"),
			      .contact = slice_of(contact, sizeof(contact)) };
	struct err err = ERR_INIT;

	buf_clear(bytes);
	frame_build(bytes, &made, secret);
	if (frame_parse(frame, buf_slice(bytes), &err) != 0)
		fail_msg("%s", err.text);
}

static void a_former_key_is_taken_until_it_leaves_the_list(void **state)
{
	struct fixture *f = *state;
	uint8_t old[FRAME_SIGN_SECRET], secret[FRAME_SIGN_SECRET], foreign[FRAME_SIGN_SECRET], open[FRAME_SIGN_PUBLIC];
	struct adapter_list list;
	struct adapter *adapter = NULL;
	struct buf text = BUF_INIT, bytes = BUF_INIT;
	struct frame frame;
	char curve[41];
	struct err err = ERR_INIT;

	assert_int_equal(adapter_list_load(&list, at(f, "site/adapters.yaml"), &err), 0);
	for (size_t i = 0; i < list.n; i++)
		if (strcmp(list.items[i].name, "web") == 0)
			adapter = &list.items[i];
	assert_int_equal(keys_load_sign(old, at(f, "site/adapters/web.sign"), &err), 0);
	adapter->has_former = true;
	memcpy(adapter->former_sign, adapter->sign_public, FRAME_SIGN_PUBLIC);
	memcpy(adapter->former_curve, adapter->curve_public, sizeof(adapter->former_curve));
	frame_sign_keypair(adapter->sign_public, secret);
	frame_sign_keypair(open, foreign);
	buf_clear(&text);
	keys_new_curve(&text, adapter->curve_public);
	buf_clear(&text);
	adapter_list_print(&list, &text);
	memcpy(curve, adapter->former_curve, sizeof(curve));
	adapter_list_release(&list);
	write_text(f, "list.yaml", buf_text(&text), 0644);
	assert_int_equal(adapter_list_load(&list, at(f, "list.yaml"), &err), 0);
	assert_non_null(adapter_list_by_curve(&list, curve));
	adapter = &list.items[adapter_list_by_curve(&list, curve) - list.items];
	assert_string_equal(adapter->name, "web");
	frame_signed_by(&bytes, &frame, old);
	assert_int_equal(adapter_verify(adapter, &frame, &err), 0);
	frame_signed_by(&bytes, &frame, secret);
	assert_int_equal(adapter_verify(adapter, &frame, &err), 0);
	frame_signed_by(&bytes, &frame, foreign);
	assert_int_equal(adapter_verify(adapter, &frame, &err), -1);
	adapter->has_former = false;
	frame_signed_by(&bytes, &frame, old);
	assert_int_equal(adapter_verify(adapter, &frame, &err), -1);
	assert_null(adapter_list_by_curve(&list, curve));
	adapter_list_release(&list);
	buf_release(&text);
	buf_release(&bytes);
}

/* Two adapters must not come in by one transport key, former or not. */
static void a_former_key_is_nobody_elses(void **state)
{
	struct fixture *f = *state;
	struct adapter_list list;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(adapter_list_load(&list, at(f, "site/adapters.yaml"), &err), 0);
	list.items[0].has_former = true;
	memcpy(list.items[0].former_curve, list.items[1].curve_public, sizeof(list.items[0].former_curve));
	memcpy(list.items[0].former_sign, list.items[0].sign_public, FRAME_SIGN_PUBLIC);
	adapter_list_print(&list, &text);
	adapter_list_release(&list);
	write_text(f, "list.yaml", buf_text(&text), 0644);
	assert_int_equal(adapter_list_load(&list, at(f, "list.yaml"), &err), -1);
	assert_non_null(strstr(err.text, "curve"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(new_keys_are_read_back, begin, end),
		cmocka_unit_test_setup_teardown(a_shredded_file_is_overwritten_and_gone, begin, end),
		cmocka_unit_test_setup_teardown(what_a_killed_write_left_is_shredded_too, begin, end),
		cmocka_unit_test_setup_teardown(a_former_key_is_taken_until_it_leaves_the_list, begin, end),
		cmocka_unit_test_setup_teardown(a_former_key_is_nobody_elses, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
