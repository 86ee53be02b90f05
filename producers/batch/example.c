/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "producers/sdk/json_member.h"

#define TALES_MAX 100000

static void read_gold(struct example *example, struct slice line)
{
	struct slice gold, value, label, text;

	if (!json_member(line, "gold", &gold))
		return;
	if (json_member(gold, "labels", &value) && json_element(value, 0, &label) && json_plain_string(label, &text) &&
	    text.len < sizeof(example->team) && !slice_equal(text, slice_str("out-of-scope"))) {
		memcpy(example->team, text.data, text.len);
		example->team[text.len] = '\0';
	}
	example->investigate = json_member(gold, "outcome", &value) && json_plain_string(value, &text) &&
			    slice_equal(text, slice_str("investigate"));
}

static int add_line(struct examples *examples, struct slice line, struct err *err)
{
	struct slice document = line;
	struct example example = { 0 };

	(void)json_member(line, "tip", &document);
	if (tip_parse(&example.tip, document, true, err))
		return err_prefix(err, "line %zu", examples->n + 1);
	read_gold(&example, line);
	examples->items = mem_grow(examples->items, (examples->n + 1) * sizeof(*examples->items));
	examples->items[examples->n++] = example;
	return 0;
}

int examples_load(struct examples *examples, const char *path, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return err_errno(err, "%s", path);
	while (rc == 0 && (len = getline(&text, &size, file)) > 1)
		rc = examples->n < TALES_MAX ? add_line(examples, slice_of(text, (size_t)len), err) :
					    err_set(err, ERR_DATA, NULL, "more than %d tips", TALES_MAX);
	free(text);
	(void)fclose(file);
	if (rc == 0 && examples->n == 0)
		rc = err_set(err, ERR_DATA, NULL, "no tip in it");
	if (rc == 0)
		return 0;
	examples_release(examples);
	return err_prefix(err, "%s", path);
}

void examples_release(struct examples *examples)
{
	for (size_t i = 0; i < examples->n; i++)
		tip_release(&examples->items[i].tip);
	free(examples->items);
	*examples = (struct examples){ 0 };
}
