/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory of keys: written and read back, read strictly, made of a folder, changed by one at a time. */
#include "tests/unit/keys_fixture.h"

#include <stdlib.h>

#include "schema/keyring/keyring.h"

#define HEAD "version: 1\nkeys:\n"
#define KEY "  - key: bus\n    epoch: 2\n    state: active\n    fingerprint: '0123456789abcdef'\n"
#define FILES "    files: ['bus/2.key']\n"

static void open_ring(struct keyring *ring, struct fixture *f)
{
	struct err err = ERR_INIT;

	if (keyring_open_locked(ring, at(f, "site"), &err) < 0)
		fail_msg("%s", err.text);
}

static void a_folder_without_one_gets_one(void **state)
{
	struct fixture *f = *state;
	struct keyring ring, again;
	struct keyring_key *key;
	struct err err = ERR_INIT;
	struct buf before = BUF_INIT, after = BUF_INIT;

	open_ring(&ring, f);
	assert_true(ring.adopted);
	key = keyring_find(&ring, KEY_BUS, NULL, 3);
	assert_non_null(key);
	assert_int_equal(key->n_files, 2);
	assert_int_equal(key->state, KEY_ACTIVE);
	assert_non_null(keyring_find(&ring, KEY_TEAM, "corruption", 1));
	assert_non_null(keyring_find(&ring, KEY_ADAPTER, "web", 1));
	assert_int_equal(keyring_next_epoch(&ring, KEY_TRIAGE, NULL), 4);
	assert_int_equal(keyring_save(&ring, &err), 0);
	keyring_print(&ring, &before);
	keyring_release(&ring);
	assert_int_equal(keyring_open(&again, at(f, "site"), &err), 0);
	assert_false(again.adopted);
	keyring_print(&again, &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
	keyring_release(&again);
	/* No secret is in it: no half of any secret file is a part of the text. */
	for (size_t i = 0; i < 3; i++) {
		static const char *const secrets[] = { "site/bus/3.key", "site/linkage.key", "site/root.key" };
		struct buf secret = BUF_INIT;

		assert_int_equal(keys_read_secret(&secret, at(f, secrets[i]), &err), 0);
		secret.data[32] = '\0';
		assert_null(strstr(buf_text(&before), (const char *)secret.data));
		buf_release(&secret);
	}
	buf_release(&before);
	buf_release(&after);
}

static void of_two_epochs_the_newer_is_active(void **state)
{
	struct fixture *f = *state;
	struct keyring ring;
	char hex[65];

	memset(hex, 'a', 64);
	hex[64] = '\0';
	write_text(f, "site/bus/7.key", hex, 0600);
	open_ring(&ring, f);
	assert_int_equal(keyring_find(&ring, KEY_BUS, NULL, 3)->state, KEY_OVERLAP);
	assert_ptr_equal(keyring_in_state(&ring, KEY_BUS, NULL, KEY_ACTIVE), keyring_find(&ring, KEY_BUS, NULL, 7));
	keyring_release(&ring);
}

static void is_changed_by_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct keyring ring, other;
	struct err err = ERR_INIT;

	open_ring(&ring, f);
	assert_int_equal(keyring_open_locked(&other, at(f, "site"), &err), -1);
	assert_int_equal(err.kind, ERR_TEMPORARY);
	keyring_release(&other);
	keyring_release(&ring);
	open_ring(&ring, f);
	keyring_release(&ring);
}

static void a_folder_that_is_none_is_named(void **state)
{
	struct fixture *f = *state;
	struct keyring ring;
	struct err err = ERR_INIT;

	assert_int_equal(keyring_open(&ring, at(f, "nowhere"), &err), -1);
	assert_non_null(strstr(err.text, "nowhere"));
	keyring_release(&ring);
	err_clear(&err);
	assert_int_equal(keyring_open(&ring, f->folder, &err), -1);
	assert_non_null(strstr(err.text, "keys init"));
	keyring_release(&ring);
}

static void is_read_strictly(void **state)
{
	static const struct {
		const char *text, *says; /* says NULL: it is right */
	} cases[] = {
		{ HEAD KEY FILES, NULL },
		{ HEAD KEY "    from: 2026-11-28\n    until: 2027-02-26\n" FILES, NULL },
		{ HEAD "  []\n", NULL },
		{ "version: 1\nlog:\n  lines: 2\n  last: '0123456789abcdef0123456789abcdef'\nkeys: []\n", NULL },
		{ "version: 1\nlog:\n  lines: 2\n  last: '0123'\nkeys: []\n", "32 lower-case hex digits" },
		{ "version: 1\nlog:\n  last: '0123456789abcdef0123456789abcdef'\nkeys: []\n", "lines" },
		{ "version: 2\nkeys: []\n", "another release" },
		{ "keys: []\n", "version" },
		{ "version: 1\n", "keys" },
		{ "version: 1\nkeys: []\nmore: 1\n", "more" },
		{ HEAD KEY FILES KEY FILES, "twice" },
		{ HEAD KEY, "files" },
		{ HEAD KEY "    files: bus/2.key\n", "files" },
		{ HEAD KEY "    files: ['../other/2.key']\n", "files" },
		{ HEAD KEY "    files: ['bus/../../2.key']\n", "files" },
		{ HEAD KEY "    files: ['/etc/..']\n", "files" },
		{ HEAD KEY "    name: web\n" FILES, "name" },
		{ HEAD KEY "    from: 2026-02-31\n" FILES, "from" },
		{ HEAD KEY "    public: \"a\\nb\"\n" FILES, "public: a text of 1 to 127 bytes on one line" },
		{ HEAD KEY "    files: [\"bus/\\n2.key\"]\n", "files: a path on one line" },
		{ HEAD KEY "    secret: x\n" FILES, "secret" },
		{ HEAD "  - key: team\n    epoch: 1\n    state: active\n    fingerprint: '0123456789abcdef'\n" FILES,
		  "name" },
		{ HEAD "  - key: bush\n    epoch: 1\n    state: active\n    fingerprint: '0123456789abcdef'\n" FILES,
		  "bush" },
		{ HEAD "  - key: bus\n    epoch: 0\n    state: active\n    fingerprint: '0123456789abcdef'\n" FILES,
		  "range" },
		{ HEAD "  - key: bus\n    epoch: 1\n    state: lost\n    fingerprint: '0123456789abcdef'\n" FILES,
		  "lost" },
		{ HEAD "  - key: bus\n    epoch: 1\n    state: active\n    fingerprint: '0123456789abcdeF'\n" FILES,
		  "fingerprint" },
		{ HEAD "  - key: bus\n    epoch: 1\n    state: active\n    fingerprint: '012345'\n" FILES,
		  "fingerprint" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct keyring ring = { .lock = -1 };
		struct err err = ERR_INIT;
		int result = keyring_parse(&ring, "keyring.yaml", slice_str(cases[i].text), &err);

		if ((result == 0) != (cases[i].says == NULL) || (cases[i].says && !strstr(err.text, cases[i].says)))
			fail_msg("case %zu: %d %s", i, result, err.text);
		keyring_release(&ring);
	}
}

/* Whatever a name, a public key or a path has in it comes back: what was saved must never be refused later. */
static void odd_texts_come_back(void **state)
{
	static const char odd[] = "it's ''#1: {a} [b] &c *d !e %f @g \"h\" \\i";
	struct keyring ring = { .lock = -1 }, again = { .lock = -1 };
	struct keyring_key *key = keyring_add(&ring, KEY_TEAM, odd, 12);
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	snprintf(key->print, sizeof(key->print), "0123456789abcdef");
	snprintf(key->public_key, sizeof(key->public_key), "%s", odd);
	key->until = 20000;
	keyring_add_file(key, odd);
	keyring_add_file(key, "b");
	keyring_add_file(key, "b");
	keyring_print(&ring, &text);
	assert_int_equal(keyring_parse(&again, "k", buf_slice(&text), &err), 0);
	key = keyring_find(&again, KEY_TEAM, odd, 12);
	assert_non_null(key);
	assert_string_equal(key->public_key, odd);
	assert_int_equal(key->n_files, 2);
	assert_string_equal(key->files[0], odd);
	assert_int_equal(key->until, 20000);
	assert_int_equal(key->from, 0);
	keyring_release(&ring);
	keyring_release(&again);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_without_one_gets_one, begin, end),
		cmocka_unit_test_setup_teardown(of_two_epochs_the_newer_is_active, begin, end),
		cmocka_unit_test_setup_teardown(is_changed_by_one_at_a_time, begin, end),
		cmocka_unit_test_setup_teardown(a_folder_that_is_none_is_named, begin, end),
		cmocka_unit_test(is_read_strictly),
		cmocka_unit_test(odd_texts_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
