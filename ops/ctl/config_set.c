/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/config_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/runtime/file.h"

#define HEAD_MAX (4u << 20) /* what yaml_load takes */
#define MARK "# program:"

static const char *const programs[] = { "tipline-gateway", "tipline-classify", "tipline-dedupe", "tipline-route",
					"tipline-sink", "tipline-webform", "tipctl", "tip-submit", "tip-rehearse" };

void config_set_init(struct config_set *set)
{
	*set = (struct config_set){ .findings = json_array(), .ignored = json_array() };
}

void config_set_release(struct config_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->files[i].path);
		yaml_free(set->files[i].yaml);
	}
	json_decref(set->findings);
	json_decref(set->ignored);
}

void config_finding(struct config_set *set, const char *file, int line, const char *todo, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;
	json_t *what;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	what = json_string(text) ?: json_string("(not UTF-8)");
	json_array_append_new(set->findings, json_pack("{s:o, s:o, s:o, s:s}", "file",
						       json_string(file) ?: json_string("(not UTF-8)"), "line",
						       line ? json_integer(line) : json_null(), "what", what, "todo", todo));
}

const struct yaml_node *config_get(const struct config_file *file, const char *key)
{
	const struct yaml_node *node = yaml_root(file->yaml);
	char part[64];

	while (node && *key) {
		size_t len = strcspn(key, ".");

		if (yaml_kind(node) != YAML_MAP || len >= sizeof(part))
			return NULL;
		memcpy(part, key, len);
		part[len] = '\0';
		node = yaml_get(node, part);
		key += len + (key[len] == '.');
	}
	return node;
}

const char *config_path(const struct config_file *file, const struct yaml_node *node, struct buf *out)
{
	const char *text = node ? yaml_scalar(node) : NULL, *slash = strrchr(file->path, '/');

	buf_clear(out);
	if (!text || !*text)
		return "";
	if (*text != '/' && slash)
		buf_append(out, file->path, (size_t)(slash + 1 - file->path));
	buf_append_str(out, text);
	return buf_text(out);
}

const struct config_file *config_of(const struct config_set *set, const char *program)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->files[i].program, program) == 0)
			return &set->files[i];
	return NULL;
}

static const char *program_named(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *dash = strchr(programs[i], '-');
		bool daemon = strncmp(programs[i], "tipline-", 8) == 0;

		if ((strlen(programs[i]) == len && strncmp(programs[i], name, len) == 0) ||
		    (daemon && strlen(dash + 1) == len && strncmp(dash + 1, name, len) == 0))
			return programs[i];
	}
	return NULL;
}

/* Among the comments before anything else. */
static const char *program_declared(const char *text)
{
	while (*text == '#' || *text == '\n') {
		if (strncmp(text, MARK, strlen(MARK)) == 0) {
			text += strlen(MARK);
			text += strspn(text, " ");
			return program_named(text, strcspn(text, " \r\n"));
		}
		text = strchr(text, '\n');
		if (!text)
			break;
		text++;
	}
	return NULL;
}

static const char *program_by_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".yaml") == 0 ? program_named(name, len - 5) : NULL;
}

/* No daemon has keys of adapters: webform.yaml may be that of tipline-webform, or its adapter's. */
static bool is_adapters(const char *program)
{
	return program && (strcmp(program, "tip-submit") == 0 || strcmp(program, "tip-rehearse") == 0);
}

/* What cannot be read as YAML is a finding; the program's own check would say no more. */
static void add_file(struct config_set *set, const char *path, bool named)
{
	struct config_file file = { .program = program_by_name(path) };
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(&text, path, HEAD_MAX, &err) < 0 ||
	    yaml_parse(&file.yaml, path, buf_text(&text), text.len, &err) < 0) {
		if (named || file.program)
			config_finding(set, path, 0, "correct the file", "%s", err.text);
		goto done;
	}
	if (!file.program)
		file.program = program_declared(buf_text(&text));
	if (config_get(&file, "adapter.id") && !is_adapters(file.program))
		file.program = "tip-submit";
	if (file.program && set->n < CONFIG_FILES_MAX) {
		file.path = mem_strdup(path);
		set->files[set->n++] = file;
		goto done;
	}
	yaml_free(file.yaml);
	if (named || file.program)
		config_finding(set, path, 0, "name it after its program (route.yaml), or begin it with "
			       "\"# program: tipline-route\"",
			       file.program ? "more files than can be looked at" : "nothing tells which program it is for");
	else
		json_array_append_new(set->ignored, json_string(path) ?: json_string("(not UTF-8)"));
done:
	buf_release(&text);
}

static int is_yaml(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

int config_set_add(struct config_set *set, const char *path, struct err *err)
{
	struct dirent **entries;
	struct stat st;
	int n;

	if (stat(path, &st) < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		add_file(set, path, true);
		return 0;
	}
	n = scandir(path, &entries, is_yaml, alphasort);
	if (n < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct buf file = BUF_INIT;

		buf_printf(&file, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", entries[i]->d_name);
		add_file(set, buf_text(&file), false);
		buf_release(&file);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
