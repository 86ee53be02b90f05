/* SPDX-License-Identifier: Apache-2.0 */
/* Where to look, as the configurations of the programs say it. */
#include <string.h>

#include "ops/ctl/canary.h"
#include "ops/ctl/config_set.h"
#include "ops/runtime/address.h"

/* What programs write. A key that a program does not have is simply not there. */
static const char *const written[] = { "store", "index", "spool.path", "stage.suspects" };

/* The sink's store is tipctl's too: each path once. */
static bool is_new(json_t *seen, const char *path)
{
	if (json_object_get(seen, path))
		return false;
	json_object_set_new(seen, path, json_true());
	return true;
}

static void look_at_files(struct canary *canary, const struct config_file *file, json_t *seen)
{
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		if (*config_path(file, config_get(file, written[i]), &path) && is_new(seen, buf_text(&path)))
			canary_siblings(canary, buf_text(&path));
	buf_release(&path);
}

static void ask(struct canary *canary, const char *name, const struct yaml_node *node, json_t *seen, long timeout_ms)
{
	const char *text = node ? yaml_scalar(node) : NULL;
	struct address address;

	if (text && address_read(&address, text, NULL) == 0 && address.port && is_new(seen, text))
		canary_http(canary, name, text, timeout_ms);
}

static void look_at_answers(struct canary *canary, const struct config_file *file, json_t *seen, long timeout_ms)
{
	const struct yaml_node *daemons = config_get(file, "daemons");

	ask(canary, file->program, config_get(file, "http.listen"), seen, timeout_ms);
	ask(canary, file->program, config_get(file, "form.listen"), seen, timeout_ms);
	for (size_t i = 0; daemons && yaml_kind(daemons) == YAML_MAP && i < yaml_count(daemons); i++)
		ask(canary, yaml_key_at(daemons, i), yaml_at(daemons, i), seen, timeout_ms);
}

/* Files that say nothing, and a file that is somewhere: under the default's name, in the daemon's own folder. */
static void tell_the_unknown(struct canary *canary, const struct config_set *set)
{
	size_t i;
	json_t *finding;

	json_array_foreach(set->findings, i, finding) {
		canary_not_searched(canary, json_string_value(json_object_get(finding, "file")), "%s",
				    json_string_value(json_object_get(finding, "what")));
	}
	for (i = 0; i < set->n; i++)
		if (strcmp(set->files[i].program, "tipline-dedupe") == 0 && !config_get(&set->files[i], "index"))
			canary_not_searched(canary, set->files[i].path, "names no index: name the file dedupe.index here");
}

int canary_configured(struct canary *canary, const char *folder, long timeout_ms, struct err *err)
{
	struct config_set *set = mem_alloc(sizeof(*set));
	json_t *seen = json_object();
	int result;

	config_set_init(set);
	result = config_set_add(set, folder, err);
	for (size_t i = 0; result == 0 && i < set->n; i++) {
		look_at_files(canary, &set->files[i], seen);
		look_at_answers(canary, &set->files[i], seen, timeout_ms);
	}
	if (result == 0)
		tell_the_unknown(canary, set);
	json_decref(seen);
	config_set_release(set);
	free(set);
	return result;
}
