/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/tale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "producers/sdk/json_member.h"

#define TALES_MAX 100000

static void read_gold(struct tale *tale, struct slice line)
{
	struct slice gold, value, label, text;

	if (!json_member(line, "gold", &gold))
		return;
	if (json_member(gold, "labels", &value) && json_element(value, 0, &label) && json_plain_string(label, &text) &&
	    text.len < sizeof(tale->team) && !slice_equal(text, slice_str("out-of-scope"))) {
		memcpy(tale->team, text.data, text.len);
		tale->team[text.len] = '\0';
	}
	tale->investigate = json_member(gold, "outcome", &value) && json_plain_string(value, &text) &&
			    slice_equal(text, slice_str("investigate"));
}

static int add_line(struct tales *tales, struct slice line, struct err *err)
{
	struct slice document = line;
	struct tale tale = { 0 };

	(void)json_member(line, "tip", &document);
	if (tip_parse(&tale.tip, document, true, err))
		return err_prefix(err, "line %zu", tales->n + 1);
	read_gold(&tale, line);
	tales->items = mem_grow(tales->items, (tales->n + 1) * sizeof(*tales->items));
	tales->items[tales->n++] = tale;
	return 0;
}

int tales_load(struct tales *tales, const char *path, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return err_errno(err, "%s", path);
	while (rc == 0 && (len = getline(&text, &size, file)) > 1)
		rc = tales->n < TALES_MAX ? add_line(tales, slice_of(text, (size_t)len), err) :
					    err_set(err, ERR_DATA, NULL, "more than %d tips", TALES_MAX);
	free(text);
	(void)fclose(file);
	if (rc == 0 && tales->n == 0)
		rc = err_set(err, ERR_DATA, NULL, "no tip in it");
	if (rc == 0)
		return 0;
	tales_release(tales);
	return err_prefix(err, "%s", path);
}

void tales_release(struct tales *tales)
{
	for (size_t i = 0; i < tales->n; i++)
		tip_release(&tales->items[i].tip);
	free(tales->items);
	*tales = (struct tales){ 0 };
}
