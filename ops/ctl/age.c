/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl age: standard input to standard output, sealed and opened. No configuration, no broker, no store: for an
 * operator's own files, a team that opens its cases, and tests.
 */
#include <stdlib.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/standard.h"
#include "schema/age_stream.h"
#include "schema/keys.h"

#define PIECE (256u << 10) /* read at once */

struct recipients {
	struct age_recipient items[AGE_RECIPIENTS_MAX];
	size_t n;
};

static int add_recipient(struct recipients *recipients, struct slice text, struct err *err)
{
	if (recipients->n == AGE_RECIPIENTS_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "more than %d recipients", AGE_RECIPIENTS_MAX);
	return age_recipient_parse(&recipients->items[recipients->n++], (const char *)text.data, text.len, err);
}

static int read_recipients(struct recipients *recipients, const struct program_call *call, struct err *err)
{
	const char *value;

	recipients->n = 0;
	for (size_t i = 0; (value = program_value_at(call, "recipient", i)); i++) {
		if (add_recipient(recipients, slice_str(value), err) == 0)
			continue;
		if (err->kind == ERR_CONFIG)
			return err_set(err, ERR_USAGE, "bad-value", "-r %.100s: %s", value, "no age recipient (age1…) that "
				       "could be sealed to");
		return -1;
	}
	for (size_t i = 0; (value = program_value_at(call, "recipients-file", i)); i++)
		if (keys_load_recipient_list(recipients->items, AGE_RECIPIENTS_MAX, &recipients->n, value, err) != 0)
			return ctl_file_error("-R", value, err);
	if (recipients->n == 0)
		return err_set(err, ERR_USAGE, "bad-value", "sealed to whom? -r RECIPIENT, or -R FILE with some in it");
	return 0;
}

static int seal_all(struct age_sealer *sealer, struct buf *sealed, struct err *err)
{
	struct buf plain = BUF_INIT;
	int result;

	for (;;) {
		result = standard_read(&plain, PIECE, err);
		if (result != 0 || plain.len == 0)
			break;
		age_sealer_update(sealer, sealed, buf_slice(&plain));
		result = standard_write(buf_slice(sealed), err);
		if (result != 0)
			break;
		buf_clear(sealed);
	}
	buf_release(&plain);
	if (result != 0)
		return -1;
	age_sealer_final(sealer, sealed);
	return standard_write(buf_slice(sealed), err);
}

int ctl_age_seal(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct recipients recipients;
	struct age_sealer *sealer;
	struct buf sealed = BUF_INIT;
	int result;

	out->written = true;
	if (keys_begin(err) != 0 || read_recipients(&recipients, ctl->call, err) != 0)
		return -1;
	if (isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE, "bad-value", "a sealed file is no text for a terminal: send it to a file");
	standard_begin();
	age_shuffle(recipients.items, recipients.n);
	sealer = age_sealer_new(&sealed, recipients.items, recipients.n);
	result = seal_all(sealer, &sealed, err);
	age_sealer_free(sealer);
	buf_release(&sealed);
	return result;
}

/* Of all files given with -i. */
static int read_identities(struct identity_set *all, const struct program_call *call, struct err *err)
{
	const char *path;

	*all = (struct identity_set){ 0 };
	for (size_t i = 0; (path = program_value_at(call, "identity", i)); i++) {
		struct identity_set set;

		if (identity_set_load(&set, path, err) != 0)
			return ctl_file_error("-i", path, err);
		all->items = mem_grow(all->items, (all->n + set.n) * sizeof(*all->items));
		for (size_t k = 0; k < set.n; k++)
			all->items[all->n++] = set.items[k];
		free(set.items);
	}
	if (all->n == 0)
		return err_set(err, ERR_USAGE, "bad-value", "opened with what? -i IDENTITY_FILE");
	return 0;
}

/* The code stands first, for programs; and whoever sees output should know what to think of it. */
static int say_refusal(bool some_written, struct err *err)
{
	if (err->kind != ERR_DATA)
		return -1;
	return err_set(err, ERR_DATA, err->reason, "%s: %s%s", err->reason, err->text,
		       some_written ? "; what was written out before is genuine, but not all" : "");
}

static int open_all(struct age_opener *opener, struct err *err)
{
	struct buf file = BUF_INIT, plain = BUF_INIT;
	bool some_written = false, ended = false;
	int result = 0;

	while (result == 0 && !ended) {
		int opened;

		result = standard_read(&file, PIECE, err);
		if (result != 0)
			break;
		ended = file.len == 0;
		opened = ended ? age_opener_final(opener, &plain, err) :
				 age_opener_update(opener, &plain, buf_slice(&file), err);
		/* What the opener gave is genuine, also when it refuses what comes behind. */
		result = standard_write(buf_slice(&plain), opened == 0 ? err : NULL);
		some_written = some_written || plain.len > 0;
		buf_clear(&plain);
		if (opened != 0)
			result = say_refusal(some_written, err);
	}
	buf_release(&file);
	buf_release(&plain);
	return result;
}

int ctl_age_open(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct identity_set identities;
	int result;

	out->written = true;
	if (keys_begin(err) != 0)
		return -1;
	result = read_identities(&identities, ctl->call, err);
	if (result == 0) {
		struct age_opener *opener = age_opener_new(identities.items, identities.n, AGE_EITHER);

		standard_begin();
		result = open_all(opener, err);
		age_opener_free(opener);
	}
	identity_set_release(&identities);
	return result;
}
