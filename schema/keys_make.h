/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_make: all keys of a site, in the folder that schema/keys.h describes.
 *
 * All or nothing: the folder is made under a temporary name beside its own and renamed when every file is on disk. A
 * folder that holds anything is never touched; an empty one is replaced. Secret files are mode 0600, the rest 0644,
 * folders 0700. Blocks on fsync.
 */
#ifndef TIPLINE_SCHEMA_KEYS_MAKE_H
#define TIPLINE_SCHEMA_KEYS_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "ops/runtime/err.h"

struct keys_site_adapter {
	const char *name;
	uint16_t id;
	uint32_t channels; /* bit per enum channel, not 0 */
};

/* Names are 1 to 63 of a-z, 0-9 and '-', since they become file names. The caller owns all strings. */
struct keys_site {
	uint8_t epoch; /* of the triage and bus keys; 0 means 1 */
	const char *const *teams;
	size_t n_teams;
	const struct keys_site_adapter *adapters;
	size_t n_adapters;
};

/* ERR_CONFIG names the team or adapter whose name, id or channels are wrong, or there twice. */
int keys_site_check_teams(const struct keys_site *site, struct err *err);
int keys_site_check_adapters(const struct keys_site *site, struct err *err);

/* ERR_CONFIG when the site is wrong or the folder is there already, ERR_SYSTEM when the disk refuses. */
int keys_make_site(const char *folder, const struct keys_site *site, struct err *err);

#endif
