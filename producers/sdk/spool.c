/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/spool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/log.h"
#include "producers/sdk/opaques.h"
#include "producers/sdk/spool_db.h"
#include "schema/digest.h"
#include "schema/frame.h"

/* One caller of spool_insert; lives on its stack until `done`. */
struct pending {
	const struct tip_id *tip_id;
	struct slice frame;
	void *opaque;
	struct pending *next;
	int rc;
	bool done;
	struct err err;
};

struct spool {
	struct spool_db db;
	struct opaques opaques;
	int64_t next_id;
	size_t max_tips, waiting, quarantined, damaged;
	pthread_mutex_t db_lock;    /* all of the above; taken after queue_lock is released */
	pthread_mutex_t queue_lock; /* all of the following */
	pthread_cond_t committed;
	struct pending *first, **last;
	bool committing;
};

static int load_counts(struct spool *spool, struct err *err)
{
	int64_t waiting, aside, last;
	if (spool_db_int(&spool->db, SPOOL_COUNT, &waiting, err) ||
	    spool_db_int(&spool->db, SPOOL_COUNT_ASIDE, &aside, err) ||
	    spool_db_int(&spool->db, SPOOL_LAST, &last, err))
		return -1;
	spool->waiting = (size_t)waiting;
	spool->quarantined = (size_t)aside;
	spool->next_id = last + 1;
	return 0;
}

int spool_open(struct spool **out, const char *path, size_t max_tips, struct err *err)
{
	struct spool *spool = mem_alloc(sizeof(*spool));
	if (spool_db_open(&spool->db, path, err)) {
		free(spool);
		return -1;
	}
	if (load_counts(spool, err)) {
		spool_db_close(&spool->db);
		free(spool);
		return -1;
	}
	spool->max_tips = max_tips;
	spool->last = &spool->first;
	pthread_mutex_init(&spool->db_lock, NULL);
	pthread_mutex_init(&spool->queue_lock, NULL);
	pthread_cond_init(&spool->committed, NULL);
	*out = spool;
	return 0;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	spool_db_close(&spool->db);
	opaques_release(&spool->opaques);
	pthread_mutex_destroy(&spool->db_lock);
	pthread_mutex_destroy(&spool->queue_lock);
	pthread_cond_destroy(&spool->committed);
	free(spool);
}

/* One transaction for the whole chain; those beyond the limit are marked refused before it begins. */
static int commit_chain(struct spool *spool, struct pending *chain, struct err *err)
{
	size_t room = spool->waiting < spool->max_tips ? spool->max_tips - spool->waiting : 0, taken = 0;

	for (struct pending *p = chain; p != NULL; p = p->next) {
		if (taken < room)
			taken++;
		else
			p->rc = err_set(&p->err, ERR_TEMPORARY, SPOOL_FULL, "the spool is full: %zu tips wait",
					spool->waiting + taken);
	}
	if (taken == 0)
		return 0;
	if (spool_db_begin(&spool->db, true, err))
		return -1;
	int64_t id = spool->next_id;
	for (struct pending *p = chain; p != NULL; p = p->next) {
		if (p->rc == 0 && spool_db_insert(&spool->db, id++, p->tip_id, p->frame, err)) {
			spool_db_undo(&spool->db);
			return -1;
		}
	}
	if (spool_db_end(&spool->db, err))
		return -1;
	for (struct pending *p = chain; p != NULL; p = p->next)
		if (p->rc == 0)
			opaques_add(&spool->opaques, spool->next_id++, p->opaque);
	spool->waiting += taken;
	return 0;
}

static void lead(struct spool *spool, struct pending *chain)
{
	struct err err = ERR_INIT;

	pthread_mutex_lock(&spool->db_lock);
	int rc = commit_chain(spool, chain, &err);
	pthread_mutex_unlock(&spool->db_lock);

	pthread_mutex_lock(&spool->queue_lock);
	for (struct pending *p = chain, *next; p != NULL; p = next) {
		next = p->next; /* its owner may return as soon as the lock is free */
		if (rc != 0 && p->rc == 0) {
			p->rc = -1;
			p->err = err;
		}
		p->done = true;
	}
	spool->committing = false;
	pthread_cond_broadcast(&spool->committed);
}

int spool_insert(struct spool *spool, const struct tip_id *tip_id, struct slice frame, void *opaque, struct err *err)
{
	struct pending mine = { .tip_id = tip_id, .frame = frame, .opaque = opaque, .err = ERR_INIT };

	pthread_mutex_lock(&spool->queue_lock);
	*spool->last = &mine;
	spool->last = &mine.next;
	while (!mine.done) {
		if (spool->committing) {
			pthread_cond_wait(&spool->committed, &spool->queue_lock);
			continue;
		}
		struct pending *chain = spool->first;
		spool->first = NULL;
		spool->last = &spool->first;
		spool->committing = true;
		pthread_mutex_unlock(&spool->queue_lock);
		lead(spool, chain); /* comes back with queue_lock held */
	}
	pthread_mutex_unlock(&spool->queue_lock);
	if (mine.rc != 0 && err != NULL)
		*err = mine.err;
	return mine.rc;
}

static int delete_row(struct spool *spool, int64_t id, struct err *err)
{
	sqlite3_stmt *s = spool->db.statements[SPOOL_DELETE];
	sqlite3_bind_int64(s, 1, id);
	if (spool_db_step(&spool->db, s, err))
		return -1;
	return sqlite3_changes(spool->db.sqlite);
}

static int move_row(struct spool *spool, int64_t id, int code, const char *reason, struct err *err)
{
	sqlite3_stmt *s = spool->db.statements[SPOOL_MOVE];

	if (spool_db_begin(&spool->db, true, err))
		return -1;
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_int(s, 2, code);
	sqlite3_bind_text(s, 3, reason, -1, SQLITE_STATIC);
	int moved = spool_db_step(&spool->db, s, err);
	if (moved == 0)
		moved = delete_row(spool, id, err);
	if (moved < 0) {
		spool_db_undo(&spool->db);
		return -1;
	}
	if (spool_db_end(&spool->db, err))
		return -1;
	spool->waiting -= (size_t)moved;
	spool->quarantined += (size_t)moved;
	return 0;
}

/* Fills `row` from the statement's current row; false when the record does not hold. */
static bool take_row(sqlite3_stmt *s, struct spool_row *row)
{
	uint8_t digest[DIGEST_HASH_BYTES];
	int len = sqlite3_column_bytes(s, 3);
	const uint8_t *frame = sqlite3_column_blob(s, 3), *tip_id = sqlite3_column_blob(s, 1);
	const uint8_t *kept = sqlite3_column_blob(s, 2);

	row->id = sqlite3_column_int64(s, 0);
	if (frame == NULL || len < FRAME_HEAD || sqlite3_column_bytes(s, 1) != TIP_ID_BYTES || tip_id == NULL ||
	    sqlite3_column_bytes(s, 2) != (int)sizeof(digest) || kept == NULL)
		return false;
	digest_hash(digest, slice_of(frame, (size_t)len));
	if (memcmp(digest, kept, sizeof(digest)) != 0)
		return false;
	memcpy(row->tip_id.bytes, tip_id, TIP_ID_BYTES);
	row->frame = (struct buf)BUF_INIT;
	buf_append(&row->frame, frame, (size_t)len);
	return true;
}

struct damage {
	int64_t ids[64];
	size_t n;
};

static void release_rows(struct spool_row *rows, int n)
{
	while (n > 0)
		spool_row_release(&rows[--n]);
}

/* Reads until the batch or the list of damaged rows is full. Returns the rows, -1 on an error. */
static int read_rows(struct spool *spool, int64_t after, struct spool_row *rows, int max, struct damage *damage,
		     struct err *err)
{
	sqlite3_stmt *s = spool->db.statements[SPOOL_READ];
	int n = 0, rc = SQLITE_DONE;

	sqlite3_bind_int64(s, 1, after);
	sqlite3_bind_int(s, 2, max);
	damage->n = 0;
	while (n < max && damage->n < sizeof(damage->ids) / sizeof(damage->ids[0])) {
		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW)
			break;
		if (take_row(s, &rows[n]))
			n++;
		else
			damage->ids[damage->n++] = rows[n].id;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		release_rows(rows, n);
		n = spool_db_fail(&spool->db, "read", err);
	}
	sqlite3_reset(s);
	return n;
}

static int move_damaged(struct spool *spool, const struct damage *damage, struct err *err)
{
	if (damage->n > 0)
		log_eventf(LOG_LEVEL_ERROR, "spool.damaged", "detail",
			   "%zu records of the spool do not hold; they go to its quarantine", damage->n);
	for (size_t i = 0; i < damage->n; i++) {
		spool->damaged++;
		if (move_row(spool, damage->ids[i], 0, "damaged", err))
			return -1;
	}
	return 0;
}

int spool_read(struct spool *spool, int64_t after, struct spool_row *rows, size_t max, struct err *err)
{
	struct damage damage;
	int n;

	pthread_mutex_lock(&spool->db_lock);
	do {
		n = read_rows(spool, after, rows, (int)max, &damage, err);
		if (n >= 0 && move_damaged(spool, &damage, err)) {
			release_rows(rows, n);
			n = -1;
		}
	} while (n == 0 && damage.n > 0); /* a batch of nothing but damage is not the end */
	pthread_mutex_unlock(&spool->db_lock);
	return n;
}

void spool_row_release(struct spool_row *row)
{
	buf_release(&row->frame);
}

static int delete_rows(struct spool *spool, const int64_t *ids, size_t n, struct err *err)
{
	size_t gone = 0;
	if (spool_db_begin(&spool->db, false, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		int changed = delete_row(spool, ids[i], err);
		if (changed < 0) {
			spool_db_undo(&spool->db);
			return -1;
		}
		gone += (size_t)changed;
	}
	if (spool_db_end(&spool->db, err))
		return -1;
	spool->waiting -= gone;
	return 0;
}

int spool_delete(struct spool *spool, const int64_t *ids, size_t n, struct err *err)
{
	if (n == 0)
		return 0;
	pthread_mutex_lock(&spool->db_lock);
	int rc = delete_rows(spool, ids, n, err);
	pthread_mutex_unlock(&spool->db_lock);
	return rc;
}

int spool_quarantine(struct spool *spool, int64_t id, int code, const char *reason, struct err *err)
{
	pthread_mutex_lock(&spool->db_lock);
	int rc = move_row(spool, id, code, reason, err);
	pthread_mutex_unlock(&spool->db_lock);
	return rc;
}

int spool_requeue(struct spool *spool, size_t *n, struct err *err)
{
	pthread_mutex_lock(&spool->db_lock);
	int rc = spool_db_requeue(&spool->db, spool->next_id, n, err);
	if (rc == 0) {
		spool->next_id += (int64_t)*n;
		spool->waiting += *n;
		spool->quarantined -= *n;
	}
	pthread_mutex_unlock(&spool->db_lock);
	return rc;
}

void *spool_take_opaque(struct spool *spool, int64_t id)
{
	pthread_mutex_lock(&spool->db_lock);
	void *pointer = opaques_take(&spool->opaques, id);
	pthread_mutex_unlock(&spool->db_lock);
	return pointer;
}

static size_t locked(struct spool *spool, const size_t *value)
{
	pthread_mutex_lock(&spool->db_lock);
	size_t copy = *value;
	pthread_mutex_unlock(&spool->db_lock);
	return copy;
}

size_t spool_waiting(struct spool *spool)
{
	return locked(spool, &spool->waiting);
}

size_t spool_room(struct spool *spool)
{
	const size_t waiting = spool_waiting(spool);

	return waiting < spool->max_tips ? spool->max_tips - waiting : 0;
}

size_t spool_quarantined(struct spool *spool)
{
	return locked(spool, &spool->quarantined);
}

size_t spool_damaged(struct spool *spool)
{
	return locked(spool, &spool->damaged);
}
