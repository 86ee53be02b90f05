/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_AT_ONCE 65536

/* The size is not asked for beforehand: it may change, and a pipe has none. */
static int read_all(struct buf *out, int fd, size_t max)
{
	const size_t start = out->len;

	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, READ_AT_ONCE), READ_AT_ONCE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (n == 0)
			return 0;
		if (out->len - start > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

int file_read(struct buf *out, const char *path, size_t max, struct err *err)
{
	const size_t start = out->len;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[ERR_WHY_MAX];
	int why;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, err_why(errno, text));
	why = read_all(out, fd, max) == 0 ? 0 : errno;
	close(fd);
	if (why == 0)
		return 0;
	mem_wipe(out->data + start, out->len - start);
	out->len = start;
	out->data[start] = '\0';
	if (why == EFBIG)
		return err_set(err, ERR_CONFIG, NULL, "%s: larger than %zu bytes", path, max);
	return err_set(err, ERR_CONFIG, NULL, "%s: %s", path, err_why(why, text));
}
