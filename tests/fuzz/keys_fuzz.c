/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and lists as they lie on disk. The first byte says which reader is meant. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/keys.h"
#include "schema/linkage.h"
#include "tests/fuzz/fuzz.h"

static int file = -1;
static char path[64];

static int load_identities(struct err *err)
{
	struct identity_set set;
	const int rc = identity_set_load(&set, path, err);

	if (rc == 0) {
		FUZZ_HOLDS(set.n > 0);
		identity_set_release(&set);
	}
	return rc;
}

static int load_hex(struct err *err)
{
	uint8_t key[32];

	return keys_load_hex32(key, path, err);
}

static int load_sign(struct err *err)
{
	uint8_t secret[FRAME_SIGN_SECRET];

	return keys_load_sign(secret, path, err);
}

static int load_recipient(struct err *err)
{
	struct age_recipient recipient;

	return keys_load_recipient(&recipient, path, err);
}

static int load_root_public(struct err *err)
{
	uint8_t key[FRAME_SIGN_PUBLIC];

	return keys_load_root_public(key, path, err);
}

static int load_curve(struct err *err)
{
	struct curve_pair pair;
	const int rc = keys_load_curve(&pair, path, err);

	FUZZ_HOLDS(rc != 0 || (strlen(pair.secret) == 40 && strlen(pair.public_key) == 40));
	return rc;
}

static int load_curve_public(struct err *err)
{
	char key[41];
	const int rc = keys_load_curve_public(key, path, err);

	FUZZ_HOLDS(rc != 0 || strlen(key) == 40);
	return rc;
}

/* Sorted by id, and every key and name belongs to one. */
static int load_adapters(struct err *err)
{
	struct adapter_list list;

	if (adapter_list_load(&list, path, err) != 0) {
		FUZZ_HOLDS(list.items == NULL && list.n == 0);
		return -1;
	}
	for (size_t i = 0; i < list.n; i++) {
		const struct adapter *a = &list.items[i];

		FUZZ_HOLDS(a->name[0] != '\0' && a->channels != 0 && strlen(a->curve_public) == 40);
		FUZZ_HOLDS(i == 0 || list.items[i - 1].id < a->id);
		FUZZ_HOLDS(adapter_list_find(&list, a->id) == a);
		FUZZ_HOLDS(adapter_list_by_curve(&list, a->curve_public) == a);
	}
	adapter_list_release(&list);
	return 0;
}

static void put(struct slice content)
{
	FUZZ_HOLDS(ftruncate(file, 0) == 0);
	FUZZ_HOLDS(pwrite(file, content.data, content.len, 0) == (ssize_t)content.len);
}

static void same_outer(bool has, const uint8_t *outer, bool has_again, const uint8_t *again)
{
	FUZZ_HOLDS(has == has_again && (!has || memcmp(outer, again, LINKAGE_KEY_BYTES) == 0));
}

/* What is written is read as the same. */
static int load_linkage(struct err *err)
{
	struct linkage linkage, again;
	struct buf text = BUF_INIT;

	if (linkage_load(&linkage, path, err) != 0)
		return -1;
	linkage_print(&linkage, &text);
	put(buf_slice(&text));
	FUZZ_HOLDS(linkage_load(&again, path, err) == 0);
	FUZZ_HOLDS(memcmp(linkage.inner, again.inner, LINKAGE_KEY_BYTES) == 0);
	same_outer(linkage.has_outer, linkage.outer, again.has_outer, again.outer);
	FUZZ_HOLDS(linkage_check(&linkage) == linkage_check(&again));
	buf_release(&text);
	return 0;
}

/* The same; and what is carried from one epoch to another and back is what it was. */
static int load_relink(struct err *err)
{
	struct relink relink, again;
	struct buf text = BUF_INIT;

	if (relink_load(&relink, path, err) != 0)
		return -1;
	FUZZ_HOLDS(relink.n > 0 && relink.n <= LINKAGE_EPOCHS_MAX);
	relink_print(&relink, &text);
	put(buf_slice(&text));
	FUZZ_HOLDS(relink_load(&again, path, err) == 0 && again.n == relink.n);
	for (size_t i = 0; i < relink.n; i++) {
		const struct relink_epoch *one = &relink.epochs[i], *last = &again.epochs[relink.n - 1];

		FUZZ_HOLDS(one->check == again.epochs[i].check && relink_find(&relink, one->check)->check == one->check);
		same_outer(one->has_outer, one->outer, again.epochs[i].has_outer, again.epochs[i].outer);
		FUZZ_HOLDS(relink_mac(last, one, relink_mac(one, last, one->check)) == one->check);
	}
	buf_release(&text);
	return 0;
}

static int (*const loaders[])(struct err *) = {
	load_identities, load_hex, load_sign, load_recipient, load_root_public, load_curve, load_curve_public,
	load_adapters, load_linkage, load_relink,
};

/* A file in memory, the owner's alone: the loaders take paths. */
static void begin(void)
{
	struct err err = ERR_INIT;

	if (file >= 0)
		return;
	FUZZ_HOLDS(keys_begin(&err) == 0);
	file = memfd_create("keys", MFD_CLOEXEC);
	FUZZ_HOLDS(file >= 0 && fchmod(file, 0600) == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data, size);
	const size_t which = fuzz_byte(&input) % (sizeof(loaders) / sizeof(loaders[0]));
	struct err err = ERR_INIT;

	begin();
	put(input);
	if (loaders[which](&err) != 0) {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, path, strlen(path)) == 0);
	} else {
		fuzz_success_holds(&err);
	}
	return 0;
}
