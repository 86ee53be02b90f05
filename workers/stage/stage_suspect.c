/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_suspect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/log.h"

#define MAGIC "TPSUSP2"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
#define SEEN_MAX 16

struct place {
	int64_t offset;
	uint64_t key; /* hash */
	int32_t partition;
	uint32_t deaths; /* 0: the row is free */
};

struct page {
	char magic[8];
	char boot[BOOT_ID_LEN + 4]; /* of the machine when the note was taken */
	atomic_uint in_hand;
	uint32_t next; /* the row to give up when all are taken */
	struct place hand;
	struct place seen[SEEN_MAX];
};

struct stage_suspect {
	int fd;
	struct page *page;
	size_t n_seen; /* rows taken: none in nearly every life of a worker */
};

/* FNV-1a (Fowler, Noll, Vo), 64 bits: tells records apart, keeps no secret. */
static uint64_t hash(struct slice key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ key.data[i]) * 0x100000001b3u;
	return h;
}

static struct place place_of(const struct kafka_record *record)
{
	return (struct place){ .offset = record->offset, .key = hash(record->key), .partition = record->partition };
}

static struct place *find(struct page *page, const struct place *place)
{
	for (size_t i = 0; i < SEEN_MAX; i++) {
		struct place *row = &page->seen[i];
		if (row->deaths && row->offset == place->offset && row->partition == place->partition &&
		    row->key == place->key)
			return row;
	}
	return NULL;
}

static struct place *find_or_add(struct page *page, const struct place *place)
{
	struct place *row = find(page, place);

	for (size_t i = 0; !row && i < SEEN_MAX; i++)
		row = page->seen[i].deaths ? NULL : &page->seen[i];
	if (!row)
		row = &page->seen[page->next++ % SEEN_MAX];
	else if (row->deaths)
		return row;
	*row = *place;
	row->deaths = 0;
	return row;
}

static void count_death(struct page *page)
{
	char n[16];
	struct place *row;

	if (!atomic_load_explicit(&page->in_hand, memory_order_relaxed))
		return;
	row = find_or_add(page, &page->hand);
	row->deaths++;
	atomic_store_explicit(&page->in_hand, 0, memory_order_release);
	snprintf(n, sizeof(n), "%u", row->deaths);
	log_event(LOG_LEVEL_WARN, "stage.died_in_record", "deaths", n, NULL);
}

static int lock(struct stage_suspect *suspect, const char *path, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	suspect->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (suspect->fd < 0)
		return err_errno(err, "stage.suspects %s", path);
	if (fcntl(suspect->fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return err_errno(err, "locking %s", path);
	return err_set(err, ERR_TEMPORARY, "suspect-locked",
		       "%s: another worker has it; give each worker a stage.suspects of its own", path);
}

/* Unreadable: empty, so that all lives count as of one boot. */
static void boot_id(char out[BOOT_ID_LEN + 4])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);

	memset(out, 0, BOOT_ID_LEN + 4);
	if (fd < 0)
		return;
	if (read(fd, out, BOOT_ID_LEN) != BOOT_ID_LEN)
		memset(out, 0, BOOT_ID_LEN + 4);
	close(fd);
}

static void forget_other_boots(struct page *page)
{
	char now[BOOT_ID_LEN + 4];

	boot_id(now);
	if (!memcmp(page->boot, now, sizeof(now)))
		return;
	atomic_store_explicit(&page->in_hand, 0, memory_order_release);
	memcpy(page->boot, now, sizeof(now));
}

/* Blocks are reserved, since a store into a hole of a full disk would be a SIGBUS. */
static int map(struct stage_suspect *suspect, const char *path, struct err *err)
{
	struct stat st;
	int rc;

	if (fstat(suspect->fd, &st))
		return err_errno(err, "stage.suspects %s", path);
	if (st.st_size != (off_t)sizeof(struct page) && ftruncate(suspect->fd, 0))
		return err_errno(err, "stage.suspects %s", path);
	rc = posix_fallocate(suspect->fd, 0, sizeof(struct page));
	if (rc) {
		errno = rc;
		return err_errno(err, "reserving %s", path);
	}
	void *at = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, suspect->fd, 0);
	if (at == MAP_FAILED)
		return err_errno(err, "mapping %s", path);
	suspect->page = at;
	if (memcmp(suspect->page->magic, MAGIC, sizeof(MAGIC))) {
		memset(suspect->page, 0, sizeof(*suspect->page));
		memcpy(suspect->page->magic, MAGIC, sizeof(MAGIC));
	}
	return 0;
}

/* False when there is no folder to keep it in. */
static bool choose_path(char *out, size_t size, const char *path)
{
	const char *folder = getenv("STATE_DIRECTORY"); /* systemd.exec(5) */

	if (path[0])
		return snprintf(out, size, "%s", path) < (int)size;
	return folder && folder[0] == '/' && snprintf(out, size, "%s/suspects", folder) < (int)size;
}

int stage_suspect_open(struct stage_suspect **out, const char *path, struct err *err)
{
	char chosen[PATH_MAX];

	*out = NULL;
	if (!choose_path(chosen, sizeof(chosen), path)) {
		log_event(LOG_LEVEL_WARN, "stage.no_suspects", "detail",
			  "stage.suspects is not set: a record that ends this worker each time is never parked", NULL);
		return 0;
	}
	struct stage_suspect *suspect = mem_alloc(sizeof(*suspect));
	if (lock(suspect, chosen, err) || map(suspect, chosen, err)) {
		stage_suspect_close(suspect);
		return -1;
	}
	forget_other_boots(suspect->page);
	count_death(suspect->page);
	for (size_t i = 0; i < SEEN_MAX; i++)
		suspect->n_seen += suspect->page->seen[i].deaths > 0;
	*out = suspect;
	return 0;
}

void stage_suspect_close(struct stage_suspect *suspect)
{
	if (!suspect)
		return;
	if (suspect->page)
		munmap(suspect->page, sizeof(*suspect->page));
	if (suspect->fd >= 0)
		close(suspect->fd);
	free(suspect);
}

unsigned stage_suspect_deaths(const struct stage_suspect *suspect, const struct kafka_record *record)
{
	if (!suspect || !suspect->n_seen)
		return 0;
	const struct place place = place_of(record);
	const struct place *row = find(suspect->page, &place);
	return row ? row->deaths : 0;
}

/* The place is whole before the note counts, whenever the process ends. */
void stage_suspect_enter(struct stage_suspect *suspect, const struct kafka_record *record)
{
	if (!suspect)
		return;
	suspect->page->hand = place_of(record);
	atomic_store_explicit(&suspect->page->in_hand, 1, memory_order_release);
}

void stage_suspect_leave(struct stage_suspect *suspect)
{
	if (suspect)
		atomic_store_explicit(&suspect->page->in_hand, 0, memory_order_release);
}

void stage_suspect_forget(struct stage_suspect *suspect, const struct kafka_record *record)
{
	if (!suspect || !suspect->n_seen)
		return;
	const struct place place = place_of(record);
	struct place *row = find(suspect->page, &place);
	if (!row)
		return;
	row->deaths = 0;
	suspect->n_seen--;
}
