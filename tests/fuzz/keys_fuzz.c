/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and lists as they lie on disk. The first byte says which reader is meant. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/keys.h"
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

static int (*const loaders[])(struct err *) = {
	load_identities, load_hex, load_sign, load_recipient, load_root_public, load_curve, load_curve_public,
	load_adapters,
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
	FUZZ_HOLDS(ftruncate(file, 0) == 0);
	FUZZ_HOLDS(pwrite(file, input.data, input.len, 0) == (ssize_t)input.len);
	if (loaders[which](&err) != 0) {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, path, strlen(path)) == 0);
	} else {
		fuzz_success_holds(&err);
	}
	return 0;
}
