/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader behind configuration, lexicon, policy, lists and registers. */
#include "ops/runtime/yaml.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 64

/* Typed reads either give a value in range or say what is wrong. */
static void scalar_holds(const struct yaml_node *node)
{
	struct err err = ERR_INIT;
	int64_t whole = 0;
	double number = 0;
	bool yes;

	FUZZ_HOLDS(yaml_count(node) == 0 && yaml_scalar(node) != NULL);
	if (yaml_int(node, -100, 100, &whole, &err) == 0)
		FUZZ_HOLDS(yaml_is_plain(node) && whole >= -100 && whole <= 100);
	else
		fuzz_error_holds(&err);
	if (yaml_double(node, 0, 1, &number, &err) == 0)
		FUZZ_HOLDS(yaml_is_plain(node) && number >= 0 && number <= 1);
	else
		fuzz_error_holds(&err);
	if (yaml_bool(node, &yes, &err) != 0)
		fuzz_error_holds(&err);
}

static void node_holds(const struct yaml_node *node, int lines, int depth);

static void map_holds(const struct yaml_node *map)
{
	static const char *const allowed[] = { "name", "match", "routes", NULL };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < yaml_count(map); i++)
		FUZZ_HOLDS(yaml_get(map, yaml_key_at(map, i)) == yaml_at(map, i));
	if (yaml_only_keys(map, allowed, &err) != 0)
		fuzz_error_holds(&err);
	else
		FUZZ_HOLDS(yaml_count(map) <= 3);
}

static void node_holds(const struct yaml_node *node, int lines, int depth)
{
	FUZZ_HOLDS(depth <= DEPTH_MAX);
	FUZZ_HOLDS(yaml_line(node) >= 1 && yaml_line(node) <= lines);
	FUZZ_HOLDS(yaml_key_line(node) >= 1 && yaml_key_line(node) <= yaml_line(node));
	FUZZ_HOLDS(yaml_at(node, yaml_count(node)) == NULL);
	if (yaml_kind(node) == YAML_SCALAR)
		scalar_holds(node);
	else if (yaml_kind(node) == YAML_MAP)
		map_holds(node);
	for (size_t i = 0; i < yaml_count(node); i++)
		node_holds(yaml_at(node, i), lines, depth + 1);
}

/* U+0085, U+2028 and U+2029 end lines as well for some of YAML, so every byte may at most be one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(slice_of(data, size));
	struct err err = ERR_INIT;
	struct yaml *yaml;

	if (yaml_parse(&yaml, "fuzz.yaml", text, size, &err) == 0) {
		fuzz_success_holds(&err);
		if (yaml_root(yaml))
			node_holds(yaml_root(yaml), (int)size + 1, 0);
		yaml_free(yaml);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(strncmp(err.text, "fuzz.yaml:", 10) == 0);
	}
	free(text);
	return 0;
}
