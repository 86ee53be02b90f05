/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_fixture: a temporary folder with a whole site's keys in `site`, for the tests of key files.
 */
#ifndef TIPLINE_TESTS_UNIT_KEYS_FIXTURE_H
#define TIPLINE_TESTS_UNIT_KEYS_FIXTURE_H

#include "schema/keys_make.h"
#include "tests/unit/folder_fixture.h"

static const char *const teams[] = { "assessment", "corruption", "oversight" };
static const struct keys_site_adapter adapters[] = {
	{ "web", 2, 1u << CHANNEL_WEB },
	{ "batch", 1, 1u << CHANNEL_BATCH | 1u << CHANNEL_PARTNER },
};
static const struct keys_site site = { .epoch = 3, .teams = teams, .n_teams = 3, .adapters = adapters,
	.n_adapters = 2 };

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

#endif
