/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "ops/ctl/canary.h"
#include "ops/ctl/canary_forms.h"
#include "ops/runtime/yaml.h"

/* In UTF-16 a character takes two bytes at least, in UTF-8 up to four. */
static size_t n_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((uint8_t)*text & 0xC0) != 0x80;
	return n;
}

static int take(struct canary_markers *markers, const struct yaml_node *map, size_t i, struct err *err)
{
	const struct yaml_node *node = yaml_at(map, i);
	const char *text = yaml_scalar(node);

	if (!text || strlen(text) < MARKER_MIN || strlen(text) > MARKER_MAX)
		return yaml_error(node, err, "a marker is a text of %d to %d bytes", MARKER_MIN, MARKER_MAX);
	if (n_characters(text) < MARKER_MIN / 2)
		return yaml_error(node, err, "a marker has at least %d characters", MARKER_MIN / 2);
	for (size_t k = 0; k < markers->n; k++)
		if (strcmp(markers->texts[k], text) == 0)
			return yaml_error(node, err, "is the same marker as %s", markers->names[k]);
	markers->names[markers->n] = mem_strdup(yaml_key_at(map, i));
	markers->texts[markers->n++] = mem_strdup(text);
	return 0;
}

int canary_markers_load(struct canary_markers *markers, const char *path, struct err *err)
{
	struct yaml *yaml = NULL;
	const struct yaml_node *map;
	struct stat st;
	int result = 0;

	*markers = (struct canary_markers){ .n = 0 };
	if (yaml_load(&yaml, path, err) < 0)
		return -1;
	map = yaml_root(yaml);
	if (!map || yaml_kind(map) != YAML_MAP || yaml_count(map) == 0 || yaml_count(map) > MARKERS_MAX)
		result = err_set(err, ERR_CONFIG, NULL, "%s: a map of 1 to %d markers, each \"name: marker\"", path,
				 MARKERS_MAX);
	else if (stat(path, &st) < 0)
		result = err_errno(err, "%s", path);
	for (size_t i = 0; result == 0 && i < yaml_count(map); i++)
		result = take(markers, map, i, err);
	yaml_free(yaml);
	if (result < 0) {
		canary_markers_release(markers);
		return -1;
	}
	markers->device = st.st_dev;
	markers->inode = st.st_ino;
	return 0;
}

void canary_markers_release(struct canary_markers *markers)
{
	for (size_t i = 0; i < markers->n; i++) {
		mem_wipe(markers->texts[i], strlen(markers->texts[i]));
		free(markers->names[i]);
		free(markers->texts[i]);
	}
	markers->n = 0;
}
