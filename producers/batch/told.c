/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/told.h"

#include <string.h>

#include "schema/tip_id.h"

static const char *const result_names[] = {
	[TIPLINE_STORED] = "stored", [TIPLINE_DUPLICATE] = "duplicate", [TIPLINE_REFUSED] = "refused",
};

int told_open(struct told *told, const char *path, struct err *err)
{
	*told = (struct told){ 0 };
	pthread_mutex_init(&told->lock, NULL);
	if (path == NULL)
		return 0;
	told->file = fopen(path, "ae");
	return told->file != NULL ? 0 : err_errno(err, "receipts %s", path);
}

static void write_line(struct told *told, const struct tipline_receipt *receipt, const char *kind)
{
	char hex[TIP_ID_HEX];
	struct tip_id id;

	memcpy(id.bytes, receipt->tip_id, TIP_ID_BYTES);
	tip_id_hex(&id, hex);
	(void)fprintf(told->file, "{\"tip_id\":\"%s\",\"result\":\"%s\",\"code\":%d,\"reason\":\"%s\"", hex,
		      result_names[receipt->result], receipt->code, receipt->reason);
	if (kind != NULL)
		(void)fprintf(told->file, ",\"kind\":\"%s\"", kind);
	if (fputs("}\n", told->file) < 0 || fflush(told->file) != 0)
		told->failed = true;
}

void told_add(struct told *told, const struct tipline_receipt *receipt, const char *kind)
{
	pthread_mutex_lock(&told->lock);
	told->counts[receipt->result]++;
	if (told->file != NULL)
		write_line(told, receipt, kind);
	pthread_mutex_unlock(&told->lock);
}

size_t told_count(struct told *told, enum tipline_result result)
{
	pthread_mutex_lock(&told->lock);
	size_t n = told->counts[result];
	pthread_mutex_unlock(&told->lock);
	return n;
}

int told_close(struct told *told, struct err *err)
{
	bool failed = told->failed;
	if (told->file != NULL && fclose(told->file) != 0)
		failed = true;
	told->file = NULL;
	pthread_mutex_destroy(&told->lock);
	return failed ? err_set(err, ERR_SYSTEM, NULL, "the receipts file could not be written") : 0;
}
