/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder_fixture: a temporary folder, for the tests of what lies in files.
 */
#ifndef TIPLINE_TESTS_UNIT_FOLDER_FIXTURE_H
#define TIPLINE_TESTS_UNIT_FOLDER_FIXTURE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/keys.h"

struct fixture {
	char folder[64]; /* a temporary one of this test */
	char path[256];
};

static const char *at(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, name);
	return f->path;
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
