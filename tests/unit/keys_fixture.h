/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_fixture: a temporary folder with a whole site's keys in `site`, for the tests of key files.
 */
#ifndef TIPLINE_TESTS_UNIT_KEYS_FIXTURE_H
#define TIPLINE_TESTS_UNIT_KEYS_FIXTURE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/keys.h"
#include "schema/keys_make.h"

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

#endif
