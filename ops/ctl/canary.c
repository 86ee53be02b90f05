/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl canary search: looks for markers of a tip that was submitted, in every form in which it might have been
 * left lying: in what the configurations name, in what is named here, and in the processes of the daemons.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/canary.h"

/* "12,34" or "12 34", as pidof writes it; "none". */
static int search_processes(struct canary *canary, const char *list, struct err *err)
{
	if (!list) {
		if (canary_daemons(canary) == 0)
			canary_not_searched(canary, "processes", "no daemon of tipline runs on this machine; --pid names others");
		return 0;
	}
	if (strcmp(list, "none") == 0)
		return 0;
	while (*list) {
		char *end;
		long pid;

		errno = 0;
		pid = strtol(list, &end, 10);
		if (errno || end == list || pid <= 0 || pid > INT32_MAX || !strchr(", ", *end))
			return err_set(err, ERR_USAGE, "bad-value", "--pid %.64s: process ids, separated by commas, or none",
				       list);
		canary_process(canary, (pid_t)pid);
		list = end + strspn(end, ", ");
	}
	return 0;
}

/* The folder of --config holds the others' too. */
static int search_configured(struct canary *canary, const struct ctl *ctl, struct err *err)
{
	const char *conf = ctl->call->conf_path, *slash = conf ? strrchr(conf, '/') : NULL;
	struct buf folder = BUF_INIT;
	int result;

	if (!conf)
		return 0;
	buf_append_str(&folder, slash ? "" : ".");
	if (slash)
		buf_append(&folder, conf, slash == conf ? 1 : (size_t)(slash - conf));
	result = canary_configured(canary, buf_text(&folder), (long)conf_int(ctl->conf, "timeout"), err);
	buf_release(&folder);
	return result;
}

static int search_all(struct canary *canary, const struct ctl *ctl, struct err *err)
{
	if (canary_self_check(canary, err) < 0 || search_configured(canary, ctl, err) < 0)
		return -1;
	for (int i = 0; i < ctl->argc; i++) {
		if (strcmp(ctl->argv[i], "-") == 0)
			canary_standard_input(canary);
		else
			canary_files(canary, ctl->argv[i]);
	}
	return search_processes(canary, program_value(ctl->call, "pid", NULL), err);
}

/* A place that was not looked at may hold anything; the markers' own file alone is known. */
static int status_of(const struct canary *canary)
{
	size_t i;
	json_t *row;

	if (canary->n_hits)
		return 1;
	json_array_foreach(canary->not_searched, i, row)
		if (!strstr(json_string_value(json_object_get(row, "why")), "holds the markers"))
			return err_exit_status(&(struct err){ .kind = ERR_SYSTEM });
	return 0;
}

int ctl_canary_search(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	const char *path = program_value(ctl->call, "markers", NULL);
	struct canary_markers *markers = mem_alloc(sizeof(*markers));
	struct canary *canary = mem_alloc(sizeof(*canary));
	int result = -1;

	if (!path)
		err_set(err, ERR_USAGE, "bad-value", "canary search needs --markers FILE, a line \"name: marker\" for each");
	else
		result = canary_markers_load(markers, path, err) < 0 ? ctl_file_error("--markers", path, err) : 0;
	if (result == 0) {
		canary_init(canary, markers);
		result = search_all(canary, ctl, err);
		if (result == 0) {
			out->value = json_pack("{s:I, s:I, s:O, s:O, s:O}", "markers", (json_int_t)markers->n, "n_hits",
					       (json_int_t)canary->n_hits, "places", canary->places, "hits", canary->hits,
					       "not_searched", canary->not_searched);
			out->status = status_of(canary);
		}
		canary_release(canary);
	}
	canary_markers_release(markers);
	free(markers);
	free(canary);
	return result;
}
