/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl config check: the configuration of all programs at once: each by its program, and then all together. It starts
 * nothing and asks no broker. What it reads as the caller, the caller must be able to read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/config_set.h"
#include "ops/ctl/ctl.h"
#include "ops/ctl/print.h"
#include "schema/keys.h"

/* Named files and folders; without any the folder of --config, or the one this is called in. */
static int gather(struct ctl *ctl, struct config_set *set, struct err *err)
{
	const char *conf = ctl->call->conf_path, *slash = conf ? strrchr(conf, '/') : NULL;
	struct buf folder = BUF_INIT;
	int result = 0;

	for (int i = 0; i < ctl->argc && result == 0; i++)
		result = config_set_add(set, ctl->argv[i], err);
	if (ctl->argc == 0) {
		buf_append_str(&folder, slash ? "" : ".");
		if (slash)
			buf_append(&folder, conf, slash == conf ? 1 : (size_t)(slash - conf));
		result = config_set_add(set, buf_text(&folder), err);
	}
	buf_release(&folder);
	if (result == 0 && set->n == 0 && json_array_size(set->findings) == 0)
		return err_set(err, ERR_CONFIG, NULL, "no configuration of a tipline program there: name the files");
	return result;
}

static json_t *checked(const struct config_set *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->n; i++)
		json_array_append_new(list, json_pack("{s:o, s:s}", "file",
						      json_string(set->files[i].path) ?: json_string("(not UTF-8)"),
						      "program", set->files[i].program));
	return list;
}

static void print_for_people(const struct config_set *set)
{
	struct buf text = BUF_INIT;
	size_t i;
	json_t *row;

	json_array_foreach(set->findings, i, row) {
		json_int_t line = json_integer_value(json_object_get(row, "line"));

		ctl_plain(&text, json_string_value(json_object_get(row, "file")));
		if (line)
			buf_printf(&text, ":%lld", (long long)line);
		buf_append_str(&text, ": ");
		ctl_plain(&text, json_string_value(json_object_get(row, "what")));
		buf_append_str(&text, "\n    ");
		ctl_plain(&text, json_string_value(json_object_get(row, "todo")));
		buf_append_byte(&text, '\n');
	}
	buf_printf(&text, "%zu files checked, %zu findings\n", set->n, json_array_size(set->findings));
	fputs(buf_text(&text), stdout);
	buf_release(&text);
}

int ctl_config_check(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct config_set *set = mem_alloc(sizeof(*set));
	int result;

	config_set_init(set);
	result = keys_begin(err);
	if (result == 0)
		result = gather(ctl, set, err);
	if (result == 0) {
		config_check_own(set);
		config_check_places(set);
		config_check_keys(set);
		config_check_adapters(set);
		out->value = json_pack("{s:o, s:O, s:O}", "checked", checked(set), "findings", set->findings, "ignored",
				       set->ignored);
		out->written = !ctl->json;
		if (!ctl->json)
			print_for_people(set);
		if (json_array_size(set->findings))
			out->status = err_exit_status(&(struct err){ .kind = ERR_CONFIG });
	}
	config_set_release(set);
	free(set);
	return result;
}
