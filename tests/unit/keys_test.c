/* SPDX-License-Identifier: Apache-2.0 */
/* A whole site's keys, made and read back; and what is refused of each kind of file. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_make.h"
#include "schema/topics.h"

static const char *const teams[] = { "assessment", "corruption", "oversight" };
static const struct keys_site_adapter adapters[] = {
	{ "web", 2, 1u << CHANNEL_WEB },
	{ "batch", 1, 1u << CHANNEL_BATCH | 1u << CHANNEL_PARTNER },
};
static const struct keys_site site = { .epoch = 3, .teams = teams, .n_teams = 3, .adapters = adapters,
	.n_adapters = 2 };

struct fixture {
	char folder[64]; /* a temporary one of this test */
	char path[256];
};

static const char *at(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	return f->path;
}

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	snprintf(f->folder, sizeof(f->folder), "/tmp/tipline-keys-XXXXXX");
	*state = f;
	if (keys_begin(&err) != 0 || mkdtemp(f->folder) == NULL)
		return -1;
	if (keys_make_site(at(f, "site"), &site, &err) == 0)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int end(void **state)
{
	struct fixture *f = *state;

	nftw(f->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static void write_text(struct fixture *f, const char *name, const char *text, unsigned mode)
{
	struct err err = ERR_INIT;

	unlink(at(f, name));
	assert_int_equal(keys_write(at(f, name), slice_str(text), mode, &err), 0);
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

	assert_int_equal(keys_load_recipients(&recipients, at(f, "site/recipients.yaml"), &err), 0);
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

	assert_int_equal(keys_load_recipients(&recipients, at(f, "site/recipients.yaml"), &err), 0);
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
	bool is_public = strstr(path, ".yaml") != NULL || strstr(path, ".recipient") != NULL ||
		strstr(path, ".pub") != NULL;
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
	assert_int_equal(keys_load_recipients(&recipients, at(f, "bare/recipients.yaml"), &err), 0);
	assert_int_equal(recipients.epoch, 1);
}

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

static int load_recipients(const char *path, struct err *err)
{
	struct seal_recipients recipients;

	return keys_load_recipients(&recipients, path, err);
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
#define RECIPIENTS(epoch) \
	epoch "\ntriage: " RECIPIENT "\nrecovery: " RECIPIENT "\ncustodian: " RECIPIENT "\n"

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
		{ load_recipients, RECIPIENTS("epoch: 1"), 0 }, { load_recipients, RECIPIENTS("epoch: 0"), -1 },
		{ load_recipients, RECIPIENTS("epoch: x"), -1 }, { load_recipients, RECIPIENTS(""), -1 },
		{ load_recipients, "epoch: 1\ntriage: " RECIPIENT "\nrecovery: " RECIPIENT "\n", -1 },
		{ load_recipients, "epoch: 1\ntriage: [x]\nrecovery: y\ncustodian: z\n", -1 },
		{ load_recipients, RECIPIENTS("extra: 1\nepoch: 1"), -1 }, { load_recipients, "- a\n", -1 },
		{ load_recipients, "", -1 },
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
		cmocka_unit_test(triage_opens_what_is_sealed_to_the_site),
		cmocka_unit_test(custodian_opens_contact),
		cmocka_unit_test(bus_keys_agree),
		cmocka_unit_test(teams_keys_are_pairs),
		cmocka_unit_test(curve_and_sign_keys_match_the_allow_list),
		cmocka_unit_test(modes_are_the_owners_alone),
		cmocka_unit_test(never_overwrites),
		cmocka_unit_test(leaves_no_half_made_site),
		cmocka_unit_test(a_site_without_teams_or_adapters_loads),
		cmocka_unit_test(refuses_secrets_that_others_can_reach),
		cmocka_unit_test(refuses_what_is_no_regular_file_or_too_large),
		cmocka_unit_test(reads_what_it_should_and_nothing_else),
		cmocka_unit_test(bus_folder_refuses_odd_names_and_repeats),
		cmocka_unit_test(identity_folder_has_newest_first),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
