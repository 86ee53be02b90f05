/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/selection.h"

#include <stdlib.h>
#include <string.h>

#include "schema/reason.h"
#include "schema/topics.h"

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, TIP_ID_BYTES);
}

static int read_tips(struct selection *selection, const struct ctl *ctl, struct err *err)
{
	selection->tips = mem_alloc((size_t)ctl->argc * sizeof *selection->tips + 1);
	selection->met = mem_alloc((size_t)ctl->argc * sizeof *selection->met + 1);
	for (int i = 0; i < ctl->argc; i++)
		if (tip_id_parse(&selection->tips[i], ctl->argv[i], strlen(ctl->argv[i])) < 0)
			return err_set(err, ERR_USAGE, "bad-value", "\"%.64s\" is no tip id: 32 lower-case hex digits",
				       ctl->argv[i]);
	selection->n_tips = (size_t)ctl->argc;
	qsort(selection->tips, selection->n_tips, sizeof *selection->tips, by_id);
	return 0;
}

static int read_reason(struct selection *selection, const struct ctl *ctl, struct err *err)
{
	const char **codes;
	int result = 0;

	selection->reason = program_value(ctl->call, "reason", NULL);
	if (!selection->reason || reason_find(selection->reason, strlen(selection->reason)))
		return 0;
	codes = mem_alloc(n_reasons * sizeof *codes);
	for (size_t i = 0; i < n_reasons; i++)
		codes[i] = reasons[i].code;
	result = ctl_no_such("reason code", selection->reason, codes, n_reasons, err);
	free(codes);
	return result;
}

#define STAGES_MAX 16

static int read_stage(struct selection *selection, const struct ctl *ctl, struct err *err)
{
	const char *names[STAGES_MAX];
	size_t n = 0;

	selection->stage = program_value(ctl->call, "stage", NULL);
	if (!selection->stage)
		return 0;
	for (const struct topic_reader *reader = topic_readers; reader->stage && n < STAGES_MAX; reader++) {
		if (strcmp(reader->stage, selection->stage) == 0)
			return 0;
		names[n++] = reader->stage;
	}
	return ctl_no_such("stage", selection->stage, names, n, err);
}

int selection_read(struct selection *selection, const struct ctl *ctl, struct err *err)
{
	memset(selection, 0, sizeof *selection);
	if (read_tips(selection, ctl, err) < 0 || read_reason(selection, ctl, err) < 0 ||
	    read_stage(selection, ctl, err) < 0 || ctl_limit(ctl, &selection->limit, err) < 0 ||
	    ctl_day(ctl, "since", &selection->since, err) < 0 || ctl_day(ctl, "until", &selection->until, err) < 0)
		return -1;
	if (selection->since >= 0 && selection->until >= 0 && selection->since > selection->until)
		return err_set(err, ERR_USAGE, "bad-value", "--since is after --until");
	return 0;
}

bool selection_given(const struct selection *selection)
{
	return selection->n_tips || selection->reason || selection->stage || selection->since >= 0 ||
	       selection->until >= 0;
}

static bool is_text(struct slice value, const char *wanted)
{
	return !wanted || slice_equal(value, slice_str(wanted));
}

bool selection_holds(const struct selection *selection, const struct parked *parked)
{
	if (!is_text(parked->reason, selection->reason) || !is_text(parked->stage, selection->stage))
		return false;
	if ((selection->since >= 0 && parked->day < selection->since) ||
	    (selection->until >= 0 && (parked->day < 0 || parked->day > selection->until)))
		return false;
	return !selection->n_tips ||
	       (parked->has_tip_id && bsearch(&parked->tip_id, selection->tips, selection->n_tips,
					      sizeof *selection->tips, by_id));
}

bool selection_take(struct selection *selection, const struct parked *parked)
{
	if (!selection_holds(selection, parked))
		return false;
	for (size_t i = 0; parked->has_tip_id && i < selection->n_tips; i++) /* an id may be given twice */
		selection->met[i] |= tip_id_equal(&selection->tips[i], &parked->tip_id);
	return true;
}

json_t *selection_unmet(const struct selection *selection)
{
	json_t *list = json_array();
	char hex[TIP_ID_HEX];

	for (size_t i = 0; i < selection->n_tips; i++) {
		if (selection->met[i])
			continue;
		tip_id_hex(&selection->tips[i], hex);
		json_array_append_new(list, json_string(hex));
	}
	return list;
}

void selection_release(struct selection *selection)
{
	free(selection->met);
	free(selection->tips);
	memset(selection, 0, sizeof *selection);
}
