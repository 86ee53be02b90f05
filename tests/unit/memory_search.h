/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_search: whether bytes stand anywhere in this process's writable memory: heap, stacks, data. So that it does
 * not find itself, what is looked for is given with every bit turned over.
 */
#ifndef TIPLINE_TESTS_UNIT_MEMORY_SEARCH_H
#define TIPLINE_TESTS_UNIT_MEMORY_SEARCH_H

#include <fcntl.h>
#include <unistd.h>

#include "ops/runtime/buf.h"

#define MEMORY_WINDOW 65536
#define MEMORY_MAPPING_MAX ((size_t)256 << 20) /* sanitizers keep notes in larger ones */

static inline bool memory_window_has(int memory, size_t at, size_t len, struct slice turned)
{
	static uint8_t window[MEMORY_WINDOW];
	ssize_t n;
	bool found;

	mem_wipe(window, sizeof(window));
	n = pread(memory, window, len, (off_t)at);
	for (ssize_t i = 0; i < n; i++)
		window[i] = (uint8_t)~window[i];
	found = n > 0 && memmem(window, (size_t)n, turned.data, turned.len);
	mem_wipe(window, sizeof(window));
	return found;
}

static inline bool memory_has(struct slice turned)
{
	const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	const size_t step = MEMORY_WINDOW - turned.len;
	char line[512];
	bool found = false;

	if (memory < 0 || !maps)
		abort();
	while (!found && fgets(line, sizeof(line), maps)) {
		char *end;
		size_t at = strtoull(line, &end, 16);
		const size_t to = strtoull(end + 1, &end, 16);

		if (strncmp(end, " rw", 3) != 0 || to - at > MEMORY_MAPPING_MAX)
			continue;
		for (; !found && at < to; at += step)
			found = memory_window_has(memory, at, to - at < MEMORY_WINDOW ? to - at : MEMORY_WINDOW, turned);
	}
	(void)fclose(maps);
	close(memory);
	return found;
}

#endif
