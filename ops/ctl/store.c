/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl store: the store as a whole.
 */
#include "ops/ctl/ctl.h"

int ctl_store_copy(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct store_totals totals;
	struct store *copy = NULL;
	int result;

	if (store_copy(ctl->store, ctl->argv[0], err) < 0)
		return -1;
	/* What is said of the copy is read from it: a copy that cannot be opened is none. */
	if (store_open(&copy, ctl->argv[0], STORE_READ, err) < 0)
		return -1;
	result = store_totals(copy, &totals, err);
	store_close(copy);
	if (result < 0)
		return -1;
	out->value = json_pack("{s:s, s:I, s:I}", "copy", ctl->argv[0], "tips", (json_int_t)totals.tips, "cases",
			       (json_int_t)totals.cases);
	return 0;
}
