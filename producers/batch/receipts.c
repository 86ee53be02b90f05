/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/receipts.h"

#include <string.h>

#include "schema/tip_id.h"

static const char *const result_names[] = {
	[TIPLINE_STORED] = "stored", [TIPLINE_DUPLICATE] = "duplicate", [TIPLINE_REFUSED] = "refused",
};

int receipts_open(struct receipts *receipts, const char *path, struct err *err)
{
	*receipts = (struct receipts){ 0 };
	pthread_mutex_init(&receipts->lock, NULL);
	if (path == NULL)
		return 0;
	receipts->file = fopen(path, "ae");
	return receipts->file != NULL ? 0 : err_errno(err, "receipts %s", path);
}

int receipts_open_kept(struct receipts *receipts, const char *path, struct err *err)
{
	receipts->kept = fopen(path, "ae");
	return receipts->kept != NULL ? 0 : err_errno(err, "file of kept tips %s", path);
}

static void hex_of(const uint8_t tip_id[TIPLINE_ID_BYTES], char hex[TIP_ID_HEX])
{
	struct tip_id id;

	memcpy(id.bytes, tip_id, TIP_ID_BYTES);
	tip_id_hex(&id, hex);
}

void receipts_kept(struct receipts *receipts, const uint8_t tip_id[TIPLINE_ID_BYTES], const char *kind)
{
	char hex[TIP_ID_HEX];

	if (receipts->kept == NULL)
		return;
	hex_of(tip_id, hex);
	pthread_mutex_lock(&receipts->lock);
	if (fprintf(receipts->kept, "{\"tip_id\":\"%s\",\"kind\":\"%s\"}\n", hex, kind) < 0 ||
	    fflush(receipts->kept) != 0)
		receipts->failed = true;
	pthread_mutex_unlock(&receipts->lock);
}

static void write_line(struct receipts *receipts, const struct tipline_receipt *receipt, const char *kind)
{
	char hex[TIP_ID_HEX];

	hex_of(receipt->tip_id, hex);
	(void)fprintf(receipts->file, "{\"tip_id\":\"%s\",\"result\":\"%s\",\"code\":%d,\"reason\":\"%s\"", hex,
		      result_names[receipt->result], receipt->code, receipt->reason);
	if (kind != NULL)
		(void)fprintf(receipts->file, ",\"kind\":\"%s\"", kind);
	if (fputs("}\n", receipts->file) < 0 || fflush(receipts->file) != 0)
		receipts->failed = true;
}

void receipts_add(struct receipts *receipts, const struct tipline_receipt *receipt, const char *kind)
{
	pthread_mutex_lock(&receipts->lock);
	receipts->counts[receipt->result]++;
	if (receipts->file != NULL)
		write_line(receipts, receipt, kind);
	pthread_mutex_unlock(&receipts->lock);
}

size_t receipts_count(struct receipts *receipts, enum tipline_result result)
{
	pthread_mutex_lock(&receipts->lock);
	size_t n = receipts->counts[result];
	pthread_mutex_unlock(&receipts->lock);
	return n;
}

int receipts_close(struct receipts *receipts, struct err *err)
{
	bool failed = receipts->failed;
	if (receipts->file != NULL && fclose(receipts->file) != 0)
		failed = true;
	if (receipts->kept != NULL && fclose(receipts->kept) != 0)
		failed = true;
	receipts->file = receipts->kept = NULL;
	pthread_mutex_destroy(&receipts->lock);
	return failed ? err_set(err, ERR_SYSTEM, NULL, "the receipts could not be written") : 0;
}
