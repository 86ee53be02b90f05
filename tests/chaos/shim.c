/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct shim_control nothing;
static _Atomic(struct shim_control *) control = &nothing;

struct shim_control *shim_control(void)
{
	return atomic_load(&control);
}

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("CHAOS_CONTROL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *page = mmap(NULL, sizeof(struct shim_control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		atomic_store(&control, page);
}

void *shim_next(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (!next)
		abort();
	return next;
}

void *shim_next_version(const char *name, const char *version)
{
	void *next = dlvsym(RTLD_NEXT, name, version);

	return next ? next : shim_next(name);
}
