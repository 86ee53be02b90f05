/* SPDX-License-Identifier: Apache-2.0 */
/* store.sql cut at its "-- migration N" lines, each part one transaction with the version it leads to. */
#include "schema/store/store_private.h"

#include <stdlib.h>
#include <string.h>

static const char store_sql[] =
#include "store.sql.h"
	;

#define MARK "\n-- migration "
#define STORE_APPLICATION_ID_SQL "PRAGMA application_id = 1414548563;" /* "TPLS" */

/* The text that leads to `version`, without its mark; NULL when there is none. */
static const char *migration(int version, size_t *len)
{
	const char *at = store_sql, *end;

	while ((at = strstr(at, MARK)) != NULL) {
		at += strlen(MARK);
		if (strtol(at, NULL, 10) != version)
			continue;
		at = strchr(at, '\n');
		end = strstr(at, MARK);
		*len = end ? (size_t)(end - at) : strlen(at);
		return at;
	}
	return NULL;
}

int store_newest_version(void)
{
	size_t len;
	int version = 0;

	while (migration(version + 1, &len))
		version++;
	return version;
}

static int migrate_to(struct store *store, int version, struct err *err)
{
	struct buf sql = BUF_INIT;
	size_t len = 0;
	const char *text = migration(version, &len);
	int result;

	buf_append_str(&sql, "BEGIN IMMEDIATE;" STORE_APPLICATION_ID_SQL);
	buf_append(&sql, text, len);
	buf_printf(&sql, "\n;PRAGMA user_version = %d; COMMIT;", version);
	result = store_exec(store, buf_text(&sql), "migration", err);
	if (result != 0)
		store_rollback(store);
	buf_release(&sql);
	return result;
}

int store_migrate(struct store *store, struct err *err)
{
	int version;

	if (store_version(store, &version, err) != 0)
		return -1;
	while (version < store_newest_version())
		if (migrate_to(store, ++version, err) != 0)
			return err_prefix(err, "to version %d", version);
	return 0;
}
