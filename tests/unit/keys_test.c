/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of each kind of key file, and what is refused. */
#include "tests/unit/keys_fixture.h"

static void refuses_secrets_that_others_can_reach(void **state)
{
	static const unsigned modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777 };
	static const char *const files[] = { "site/linkage.key", "site/triage/3.identity", "site/gateway.curve",
		"site/adapters/web.sign", "site/bus/3.key" };
	struct fixture *f = *state;
	struct identity_set set;
	struct bus_ring *ring;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (size_t k = 0; k < sizeof(modes) / sizeof(modes[0]); k++) {
			struct buf content = BUF_INIT;
			struct err err = ERR_INIT;

			assert_int_equal(chmod(at(f, files[i]), modes[k]), 0);
			assert_int_equal(keys_read_secret(&content, at(f, files[i]), &err), -1);
			assert_int_equal(err.kind, ERR_CONFIG);
			assert_non_null(strstr(err.text, at(f, files[i])));
			assert_int_equal(content.len, 0);
			assert_int_equal(chmod(at(f, files[i]), 0600), 0);
		}
	assert_int_equal(chmod(at(f, "site/triage/3.identity"), 0640), 0);
	assert_int_equal(identity_set_load(&set, at(f, "site/triage"), NULL), -1);
	assert_int_equal(chmod(at(f, "site/triage/3.identity"), 0600), 0);
	assert_int_equal(chmod(at(f, "site/bus/3.key"), 0604), 0);
	assert_int_equal(keys_load_bus(&ring, at(f, "site/bus"), NULL), -1);
	assert_int_equal(chmod(at(f, "site/bus/3.key"), 0600), 0);
}

static void refuses_what_is_no_regular_file_or_too_large(void **state)
{
	struct fixture *f = *state;
	struct buf content = BUF_INIT, large = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(mkfifo(at(f, "fifo"), 0600), 0);
	assert_int_equal(keys_read_secret(&content, at(f, "fifo"), &err), -1);
	assert_int_equal(keys_read_secret(&content, at(f, "site"), &err), -1);
	assert_int_equal(keys_read_secret(&content, at(f, "absent"), &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	memset(buf_reserve(&large, 65537), 'x', 65537);
	large.len = 65537;
	assert_int_equal(keys_write(at(f, "large"), buf_slice(&large), 0600, &err), 0);
	assert_int_equal(keys_read_secret(&content, at(f, "large"), &err), -1);
	assert_int_equal(content.len, 0);
	unlink(at(f, "large"));
	large.len = 65536;
	assert_int_equal(keys_write(at(f, "large"), buf_slice(&large), 0600, &err), 0);
	assert_int_equal(keys_read_secret(&content, at(f, "large"), &err), 0);
	assert_int_equal(content.len, 65536);
	buf_release(&content);
	buf_release(&large);
}

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int load_hex32(const char *path, struct err *err)
{
	uint8_t key[32];

	return keys_load_hex32(key, path, err);
}

static int load_sign(const char *path, struct err *err)
{
	uint8_t key[FRAME_SIGN_SECRET];

	return keys_load_sign(key, path, err);
}

static int load_curve(const char *path, struct err *err)
{
	struct curve_pair pair;

	return keys_load_curve(&pair, path, err);
}

static int load_curve_public(const char *path, struct err *err)
{
	char key[41];

	return keys_load_curve_public(key, path, err);
}

static int load_recipient(const char *path, struct err *err)
{
	struct age_recipient recipient;

	return keys_load_recipient(&recipient, path, err);
}

static int load_root_public(const char *path, struct err *err)
{
	uint8_t key[FRAME_SIGN_PUBLIC];

	return keys_load_root_public(key, path, err);
}

static int load_identities(const char *path, struct err *err)
{
	struct identity_set set;
	int result = identity_set_load(&set, path, err);

	if (result == 0)
		identity_set_release(&set);
	return result;
}

static int load_adapters(const char *path, struct err *err)
{
	struct adapter_list list;
	int result = adapter_list_load(&list, path, err);

	if (result == 0)
		adapter_list_release(&list);
	return result;
}

#define RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define IDENTITY "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
#define Z85_RFC "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define ADAPTER_WITH(id, sign, curve, channels) \
	"  - {name: a, id: " id ", sign: " sign ", curve: '" curve "', channels: " channels "}\n"
#define ADAPTER ADAPTER_WITH("1", HEX32, Z85_RFC, "[web]")

static void reads_what_it_should_and_nothing_else(void **state)
{
	static const struct { int (*load)(const char *, struct err *); const char *text; int want; } cases[] = {
		{ load_hex32, HEX32 "\n", 0 }, { load_hex32, HEX32, 0 }, { load_hex32, "# why\n\n" HEX32 "\n", 0 },
		{ load_hex32, "", -1 }, { load_hex32, HEX32 HEX32 "\n", -1 },
		{ load_hex32, HEX32 "\n" HEX32 "\n", -1 },
		{ load_hex32, "0", -1 }, { load_hex32, " " HEX32, -1 },
		{ load_sign, HEX32 HEX32 "\n", -1 }, { load_sign, HEX32 "\n", -1 },
		{ load_curve, Z85_RFC "\n" Z85_RFC "\n", -1 }, { load_curve, Z85_RFC "\n", -1 },
		{ load_curve, "", -1 },
		{ load_curve, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n" Z85_RFC "\n", 0 },
		{ load_curve, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\n" Z85_RFC, 0 },
		{ load_curve, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6 " Z85_RFC "\n", -1 },
		{ load_curve_public, Z85_RFC "\n", 0 }, { load_curve_public, Z85_RFC, 0 },
		{ load_curve_public, "#" Z85_RFC "\n", -1 }, { load_curve_public, "", -1 },
		{ load_recipient, RECIPIENT "\n", 0 }, { load_recipient, "# team\n" RECIPIENT "\r\n", 0 },
		{ load_recipient, IDENTITY "\n", -1 }, { load_recipient, RECIPIENT "\n" RECIPIENT "\n", -1 },
		{ load_identities, "# created: some day\n# public key: age1\n" IDENTITY "\n", 0 },
		{ load_identities, IDENTITY "\n" IDENTITY, 0 }, { load_identities, "# nothing\n", -1 },
		{ load_identities, RECIPIENT "\n", -1 },
		{ load_root_public, HEX32 "\n", 0 }, { load_root_public, "# of the site\n" HEX32 "\n", 0 },
		{ load_root_public, HEX32 HEX32 "\n", -1 }, { load_root_public, "", -1 },
		{ load_root_public, HEX32 "\n" HEX32 "\n", -1 },
		{ load_adapters, "adapters:\n" ADAPTER, 0 }, { load_adapters, "adapters: []\n", 0 },
		{ load_adapters, "adapters:\n" ADAPTER ADAPTER, -1 }, { load_adapters, "", -1 },
		{ load_adapters, "adapters: none\n", -1 }, { load_adapters, "adapters: [x]\n", -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("70000", HEX32, Z85_RFC, "[web]"), -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", "x", Z85_RFC, "[web]"), -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", HEX32, "x", "[web]"), -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", HEX32, Z85_RFC, "[]"), -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", HEX32, Z85_RFC, "[tv]"), -1 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", HEX32, Z85_RFC, "[web], revoked: true"), 0 },
		{ load_adapters, "adapters:\n" ADAPTER_WITH("1", HEX32, Z85_RFC, "[web], revoked: 7"), -1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int got;

		write_text(f, "case", cases[i].text, 0600);
		got = cases[i].load(at(f, "case"), &err);
		if (got != cases[i].want)
			print_error("case %zu: %s\n", i, err.text);
		assert_int_equal(got, cases[i].want);
		if (got != 0)
			assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void bus_folder_refuses_odd_names_and_repeats(void **state)
{
	static const struct { const char *name; int want; } cases[] = {
		{ "1.key", 0 }, { "255.key", 0 }, { "1.case.routed.key", 0 }, { "0.key", -1 }, { "256.key", -1 },
		{ "x.key", -1 },
		{ "1x.key", -1 }, { "1..key", -1 }, { "1000.key", -1 }, { "01.key", 0 }, { "1.txt", -1 },
	};
	struct fixture *f = *state;

	assert_int_equal(mkdir(at(f, "ring"), 0700), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bus_ring *ring;
		struct err err = ERR_INIT;
		char name[64];

		snprintf(name, sizeof(name), "ring/%s", cases[i].name);
		write_text(f, name, HEX32 "\n", 0600);
		assert_int_equal(keys_load_bus(&ring, at(f, "ring"), &err), cases[i].want);
		if (cases[i].want == 0)
			bus_ring_free(ring);
		unlink(at(f, name));
	}
	write_text(f, "ring/1.key", HEX32 "\n", 0600);
	write_text(f, "ring/01.key", HEX32 "\n", 0600);
	assert_int_equal(keys_load_bus(&(struct bus_ring *){ NULL }, at(f, "ring"), NULL), -1);
}

static void identity_folder_has_newest_first(void **state)
{
	struct fixture *f = *state;
	struct age_identity *made[3];
	struct identity_set set;
	struct err err = ERR_INIT;
	static const char *const names[] = { "epochs/2.identity", "epochs/10.identity", "epochs/9.identity" };
	static const int want[] = { 1, 2, 0 };

	assert_int_equal(mkdir(at(f, "epochs"), 0700), 0);
	assert_int_equal(identity_set_load(&set, at(f, "epochs"), &err), -1);
	for (int i = 0; i < 3; i++) {
		char text[AGE_IDENTITY_TEXT];

		assert_int_equal(age_identity_generate(&made[i], &err), 0);
		age_identity_text(made[i], text);
		write_text(f, names[i], text, 0600);
	}
	write_text(f, "epochs/README", "not a key", 0600);
	assert_int_equal(identity_set_load(&set, at(f, "epochs"), &err), 0);
	assert_int_equal(set.n, 3);
	for (int i = 0; i < 3; i++) {
		struct age_recipient a, b;

		age_identity_recipient(set.items[i], &a);
		age_identity_recipient(made[want[i]], &b);
		assert_memory_equal(&a, &b, sizeof(a));
	}
	for (int i = 0; i < 3; i++)
		age_identity_free(made[i]);
	identity_set_release(&set);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_secrets_that_others_can_reach),
		cmocka_unit_test(refuses_what_is_no_regular_file_or_too_large),
		cmocka_unit_test(reads_what_it_should_and_nothing_else),
		cmocka_unit_test(bus_folder_refuses_odd_names_and_repeats),
		cmocka_unit_test(identity_folder_has_newest_first),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
