/* SPDX-License-Identifier: Apache-2.0 */
/* A whole site's keys, made and read back. */
#include "tests/unit/keys_fixture.h"

#include "ops/runtime/clock.h"
#include "schema/hex.h"
#include "schema/recipients.h"
#include "schema/topics.h"

static int load_recipients(struct seal_recipients *to, const char *path, struct err *err)
{
	struct recipients list;

	if (recipients_load(&list, path, err) != 0)
		return -1;
	*to = list.to;
	return 0;
}

static void the_list_is_signed_by_the_root(void **state)
{
	struct fixture *f = *state;
	uint8_t root[RECIPIENTS_ROOT_PUBLIC], secret[RECIPIENTS_ROOT_SECRET];
	struct recipients list;
	struct err err = ERR_INIT;

	assert_int_equal(keys_load_root_public(root, at(f, "site/root.pub"), &err), 0);
	assert_int_equal(keys_load_sign(secret, at(f, "site/root.key"), &err), 0);
	assert_memory_equal(secret + sizeof(secret) - sizeof(root), root, sizeof(root));
	assert_int_equal(recipients_load(&list, at(f, "site/recipients.json"), &err), 0);
	assert_int_equal(recipients_verify(&list, root, &err), 0);
	assert_int_equal(recipients_valid(&list, clock_day(), &err), 0);
	assert_int_equal(list.not_after, clock_day() + RECIPIENTS_DAYS);
	assert_int_equal(keys_load_root_public(root, at(f, "site/root.key"), &err), -1);
	assert_non_null(strstr(err.text, "it looks like a signing key"));
}

static void triage_opens_what_is_sealed_to_the_site(void **state)
{
	static const char *const body_openers[] = { "site/triage", "site/triage/3.identity",
		"site/recovery.identity" };
	struct fixture *f = *state;
	struct seal_recipients recipients;
	struct seal_body body = { .json = { (const uint8_t *)"{}", 2 } };
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(load_recipients(&recipients, at(f, "site/recipients.json"), &err), 0);
	assert_int_equal(recipients.epoch, 3);
	assert_int_equal(seal_body(&file, &recipients, &body, &err), 0);
	for (size_t i = 0; i < sizeof(body_openers) / sizeof(body_openers[0]); i++) {
		struct identity_set set;
		struct seal_body opened;
		struct buf plain = BUF_INIT;

		assert_int_equal(identity_set_load(&set, at(f, body_openers[i]), &err), 0);
		assert_int_equal(set.n, 1);
		assert_int_equal(seal_body_open(&opened, &plain, set.items, set.n, buf_slice(&file), &err), 0);
		identity_set_release(&set);
		buf_release(&plain);
	}
	buf_release(&file);
}

static void custodian_opens_contact(void **state)
{
	struct fixture *f = *state;
	struct seal_recipients recipients;
	struct buf file = BUF_INIT, details = BUF_INIT;
	struct identity_set set;
	enum contact_mode mode;
	struct err err = ERR_INIT;

	assert_int_equal(load_recipients(&recipients, at(f, "site/recipients.json"), &err), 0);
	assert_int_equal(seal_contact(&file, &recipients, CONTACT_DETAILS, slice_str("here"), &err), 0);
	assert_int_equal(identity_set_load(&set, at(f, "site/custodian.identity"), &err), 0);
	assert_int_equal(seal_contact_open(&mode, &details, set.items, set.n, buf_slice(&file), &err), 0);
	assert_string_equal(buf_text(&details), "here");
	identity_set_release(&set);
	buf_release(&file);
	buf_release(&details);
}

static void bus_keys_agree(void **state)
{
	struct fixture *f = *state;
	struct bus_ring *all, *sink;
	uint8_t derived[32], key[32], linkage[32];
	char text[65];
	struct tip_id id;
	struct buf sealed = BUF_INIT, plain = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(keys_load_bus(&all, at(f, "site/bus"), &err), 0);
	assert_int_equal(keys_load_hex32(key, at(f, "site/bus/3.key"), &err), 0);
	assert_int_equal(keys_load_hex32(derived, at(f, "site/bus/3." TOPIC_ROUTED ".key"), &err), 0);
	assert_int_equal(keys_load_hex32(linkage, at(f, "site/linkage.key"), &err), 0);
	assert_memory_not_equal(linkage, key, 32);
	/* The sink's folder holds the one derived key. */
	assert_int_equal(mkdir(at(f, "sink"), 0700), 0);
	hex_encode(text, derived, sizeof(derived));
	write_text(f, "sink/3." TOPIC_ROUTED ".key", text, 0600);
	assert_int_equal(keys_load_bus(&sink, at(f, "sink"), &err), 0);
	tip_id_random(&id);
	assert_int_equal(bus_seal(&sealed, all, TOPIC_ROUTED, &id, slice_str("outcome"), &err), 0);
	assert_int_equal(bus_open(&plain, sink, TOPIC_ROUTED, &id, buf_slice(&sealed), &err), 0);
	assert_int_equal(bus_seal(&sealed, sink, TOPIC_LINKED, &id, slice_str("tip"), &err), -1);
	bus_ring_free(all);
	bus_ring_free(sink);
	buf_release(&sealed);
	buf_release(&plain);
}

static void teams_keys_are_pairs(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 3; i++) {
		struct age_recipient listed, held;
		struct identity_set set;
		char name[64];

		snprintf(name, sizeof(name), "site/teams/%s.recipient", teams[i]);
		assert_int_equal(keys_load_recipient(&listed, at(f, name), &err), 0);
		snprintf(name, sizeof(name), "site/teams/%s.identity", teams[i]);
		assert_int_equal(identity_set_load(&set, at(f, name), &err), 0);
		age_identity_recipient(set.items[0], &held);
		assert_memory_equal(&listed, &held, sizeof(held));
		identity_set_release(&set);
	}
}

static void curve_and_sign_keys_match_the_allow_list(void **state)
{
	struct fixture *f = *state;
	struct adapter_list list;
	struct curve_pair gateway;
	char public_key[41];
	struct err err = ERR_INIT;

	assert_int_equal(keys_load_curve(&gateway, at(f, "site/gateway.curve"), &err), 0);
	assert_int_equal(keys_load_curve_public(public_key, at(f, "site/gateway.curve.pub"), &err), 0);
	assert_string_equal(gateway.public_key, public_key);
	assert_int_equal(adapter_list_load(&list, at(f, "site/adapters.yaml"), &err), 0);
	assert_int_equal(list.n, 2);
	for (size_t i = 0; i < list.n; i++) {
		const struct keys_site_adapter *asked = &adapters[list.n - 1 - i];
		uint8_t secret[FRAME_SIGN_SECRET];
		struct curve_pair pair;
		char name[64];

		assert_int_equal(list.items[i].id, i + 1);
		assert_string_equal(list.items[i].name, asked->name);
		assert_int_equal(list.items[i].channels, asked->channels);
		assert_false(list.items[i].revoked);
		snprintf(name, sizeof(name), "site/adapters/%s.sign", asked->name);
		assert_int_equal(keys_load_sign(secret, at(f, name), &err), 0);
		assert_memory_equal(secret + 32, list.items[i].sign_public, 32);
		snprintf(name, sizeof(name), "site/adapters/%s.curve", asked->name);
		assert_int_equal(keys_load_curve(&pair, at(f, name), &err), 0);
		assert_string_equal(pair.public_key, list.items[i].curve_public);
		assert_ptr_equal(adapter_list_find(&list, asked->id), &list.items[i]);
		assert_ptr_equal(adapter_list_by_curve(&list, pair.public_key), &list.items[i]);
	}
	assert_null(adapter_list_find(&list, 3));
	assert_null(adapter_list_by_curve(&list, gateway.public_key));
	adapter_list_release(&list);
}

static int check_mode(const char *path, const struct stat *st, int type, struct FTW *where)
{
	bool is_public = strstr(path, ".yaml") != NULL || strstr(path, ".json") != NULL ||
		strstr(path, ".recipient") != NULL || strstr(path, ".pub") != NULL;
	unsigned want = type == FTW_D ? 0700 : is_public ? 0644 : 0600;

	(void)where;
	if ((st->st_mode & 07777) == want && strstr(path, "XXX") == NULL)
		return 0;
	print_error("%s: mode %o\n", path, st->st_mode & 07777);
	return 1;
}

static void modes_are_the_owners_alone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(nftw(at(f, "site"), check_mode, 8, FTW_PHYS), 0);
}

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)path;
	(void)st;
	(void)type;
	return where->level >= 1 ? 1 : 0;
}

static void never_overwrites(void **state)
{
	struct fixture *f = *state;
	struct age_recipient before, after;
	struct buf content = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(keys_load_recipient(&before, at(f, "site/teams/oversight.recipient"), &err), 0);
	assert_int_equal(keys_make_site(at(f, "site"), &site, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "not overwritten"));
	assert_int_equal(keys_load_recipient(&after, at(f, "site/teams/oversight.recipient"), &err), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	write_text(f, "plain", "x", 0600);
	assert_int_equal(keys_make_site(at(f, "plain"), &site, &err), -1);
	assert_int_equal(keys_write(at(f, "plain"), slice_str("y"), 0600, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(keys_replace(at(f, "plain"), slice_str("new\n"), 0600, &err), 0);
	assert_int_equal(keys_read_secret(&content, at(f, "plain"), &err), 0);
	assert_string_equal(buf_text(&content), "new\n");
	buf_release(&content);
	assert_int_equal(mkdir(at(f, "empty"), 0700), 0);
	assert_int_equal(keys_make_site(at(f, "empty/"), &site, &err), 0);
	assert_int_equal(keys_make_site(at(f, "no/such/place"), &site, &err), -1);
	assert_int_equal(err.kind, ERR_SYSTEM);
}

/* Whatever fails leaves nothing behind. */
static void leaves_no_half_made_site(void **state)
{
	static const char *const bad_names[] = { "", "../up", "a/b", "Upper", "sp ace", "-dash", "dot.dot",
		"a23456789012345678901234567890123456789012345678901234567890abcd" };
	static const char *const twice[] = { "same", "same" };
	struct keys_site_adapter bad[2] = { { "a", 1, 1 }, { "b", 1, 1 } };
	struct fixture *f = *state;
	struct keys_site wrong = { .teams = twice, .n_teams = 2 };
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(at(f, "yard"), 0700), 0);
	assert_int_equal(keys_make_site(at(f, "yard/site"), &wrong, &err), -1);
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		wrong = (struct keys_site){ .teams = &bad_names[i], .n_teams = 1 };
		assert_int_equal(keys_make_site(at(f, "yard/site"), &wrong, &err), -1);
		assert_int_equal(err.kind, ERR_CONFIG);
	}
	wrong = (struct keys_site){ .adapters = bad, .n_adapters = 2 };
	assert_int_equal(keys_make_site(at(f, "yard/site"), &wrong, &err), -1);
	bad[1] = (struct keys_site_adapter){ "b", 2, 0 };
	assert_int_equal(keys_make_site(at(f, "yard/site"), &wrong, &err), -1);
	bad[1] = (struct keys_site_adapter){ "b", 2, 1u << N_CHANNELS };
	assert_int_equal(keys_make_site(at(f, "yard/site"), &wrong, &err), -1);
	write_text(f, "yard/file", "x", 0600);
	assert_int_equal(keys_make_site(at(f, "yard/file"), &site, &err), -1);
	assert_int_equal(unlink(at(f, "yard/file")), 0);
	assert_int_equal(nftw(at(f, "yard"), count_entry, 8, FTW_PHYS), 0);
	assert_int_equal(rmdir(at(f, "yard")), 0);
}

static void a_site_without_teams_or_adapters_loads(void **state)
{
	struct fixture *f = *state;
	struct keys_site bare = { 0 };
	struct adapter_list list;
	struct seal_recipients recipients;
	struct err err = ERR_INIT;

	assert_int_equal(keys_make_site(at(f, "bare"), &bare, &err), 0);
	assert_int_equal(adapter_list_load(&list, at(f, "bare/adapters.yaml"), &err), 0);
	assert_int_equal(list.n, 0);
	assert_null(adapter_list_find(&list, 1));
	adapter_list_release(&list);
	assert_int_equal(load_recipients(&recipients, at(f, "bare/recipients.json"), &err), 0);
	assert_int_equal(recipients.epoch, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_signed_by_the_root),
		cmocka_unit_test(triage_opens_what_is_sealed_to_the_site),
		cmocka_unit_test(custodian_opens_contact),
		cmocka_unit_test(bus_keys_agree),
		cmocka_unit_test(teams_keys_are_pairs),
		cmocka_unit_test(curve_and_sign_keys_match_the_allow_list),
		cmocka_unit_test(modes_are_the_owners_alone),
		cmocka_unit_test(never_overwrites),
		cmocka_unit_test(leaves_no_half_made_site),
		cmocka_unit_test(a_site_without_teams_or_adapters_loads),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
