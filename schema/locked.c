/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/locked.h"

#include <string.h>

#include <sodium.h>

static int refuse(struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL,
		       "cannot lock memory for keys: raise RLIMIT_MEMLOCK (ulimit -l, or LimitMEMLOCK= in the "
		       "systemd unit)");
}

void *locked_alloc(size_t size, struct err *err)
{
	void *memory;

	if (sodium_init() < 0) {
		err_set(err, ERR_SYSTEM, NULL, "libsodium cannot start");
		return NULL;
	}
	memory = sodium_malloc(size);
	if (memory == NULL || sodium_mlock(memory, size) != 0) {
		sodium_free(memory);
		refuse(err);
		return NULL;
	}
	memset(memory, 0, size);
	return memory;
}

void locked_free(void *memory)
{
	sodium_free(memory);
}
