/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_list ROOT LIST EPOCH FROM UNTIL: writes LIST to standard output with this epoch and these days, signed by ROOT:
 * as `tipctl recipients sign` never would, expired or of an epoch that was, for tests of what adapters make of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/keys.h"
#include "schema/recipients.h"

static int make(struct recipients *list, char **argv, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_SECRET];

	if (keys_begin(err) || keys_load_sign(root, argv[1], err) || recipients_load(list, argv[2], err))
		return -1;
	list->to.epoch = (uint32_t)strtoul(argv[3], NULL, 10);
	if (clock_day_parse(&list->not_before, argv[4], strlen(argv[4])) ||
	    clock_day_parse(&list->not_after, argv[5], strlen(argv[5])))
		return err_set(err, ERR_USAGE, NULL, "FROM and UNTIL are days");
	if (recipients_draft(list, err))
		return -1;
	recipients_sign(list, root);
	return 0;
}

int main(int argc, char **argv)
{
	struct recipients list;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	if (argc != 6 || make(&list, argv, &err)) {
		(void)fprintf(stderr, "sign_list ROOT LIST EPOCH FROM UNTIL: %s\n", err.text);
		return 1;
	}
	recipients_write(&file, &list);
	(void)fputs(buf_text(&file), stdout);
	buf_release(&file);
	return 0;
}
