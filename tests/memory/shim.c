/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program under test: malloc and its kin, of which one call fails, or that and all after it. They are
 * counted on the first thread alone, so that the same run has the same count; other threads always get memory.
 *
 *   MEMORY_FAIL=N      the Nth call returns NULL with ENOMEM
 *   MEMORY_FOREVER=1   so do all after it
 *   MEMORY_LOG=FILE    nothing fails: a hash of the callers of call N is written as the Nth eight bytes of FILE, a
 *                      file as large as the count may become
 *
 * Where a program crashes is written to standard error, a line a caller.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))
#define CALLERS 12

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static uint64_t fail_at, count;
static bool forever, ready;
static uint64_t *seen;
static size_t n_seen;
static __thread bool inside __attribute__((tls_model("initial-exec"))); /* backtrace() may allocate */

static uint64_t number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void map_log(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	seen = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (seen == MAP_FAILED)
		abort();
	n_seen = (size_t)st.st_size / sizeof(*seen);
}

static void on_crash(int signal)
{
	void *callers[CALLERS];

	inside = true;
	backtrace_symbols_fd(callers, backtrace(callers, CALLERS), STDERR_FILENO);
	raise(signal); /* SA_RESETHAND: now for good */
}

__attribute__((constructor)) static void begin(void)
{
	const struct sigaction crash = { .sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	void *callers[CALLERS];

	inside = true;
	backtrace(callers, CALLERS); /* what it loads at its first use, it loads now */
	sigaction(SIGSEGV, &crash, NULL);
	sigaction(SIGABRT, &crash, NULL);
	fail_at = number("MEMORY_FAIL");
	forever = number("MEMORY_FOREVER") != 0;
	if (getenv("MEMORY_LOG"))
		map_log(getenv("MEMORY_LOG"));
	inside = false;
	ready = true;
}

static uint64_t hash_of_callers(void)
{
	void *callers[CALLERS];
	int n = backtrace(callers, CALLERS);
	uint64_t hash = 14695981039346656037u;

	for (int i = 0; i < n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)callers[i]) * 1099511628211u;
	return hash;
}

static bool fails(void)
{
	if (!ready || inside || syscall(SYS_gettid) != getpid())
		return false;
	count++;
	if (seen && count <= n_seen) {
		inside = true;
		seen[count - 1] = hash_of_callers();
		inside = false;
	}
	if (!fail_at || (count != fail_at && !(forever && count > fail_at)))
		return false;
	errno = ENOMEM;
	return true;
}

SHOWN void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

SHOWN void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

SHOWN void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

SHOWN void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

SHOWN int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *p = fails() ? NULL : __libc_memalign(alignment, size);

	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}
