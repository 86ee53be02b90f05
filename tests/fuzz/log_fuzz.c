/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes in an error or a field come out as one line that cannot steer a terminal, whoever wrote them. */
#include <sys/mman.h>
#include <unistd.h>

#include "ops/runtime/log.h"
#include "ops/runtime/utf8.h"
#include "tests/fuzz/fuzz.h"

static int file = -1;

/* One line, valid UTF-8 without control characters or overrides of the direction. */
static void line_holds(const uint8_t *text, size_t len)
{
	FUZZ_HOLDS(len > 0 && text[len - 1] == '\n');
	for (size_t i = 0; i < len - 1;) {
		uint32_t code;
		int valid;

		i += utf8_next(text + i, len - 1 - i, &code, &valid);
		FUZZ_HOLDS(valid && code >= 0x20 && !(code >= 0x7f && code < 0xa0));
		FUZZ_HOLDS(!(code >= 0x202a && code <= 0x202e) && code != 0x2028 && code != 0x2029);
	}
}

/* What `write` puts on standard error. */
static void written_line_holds(void (*write)(const char *), const char *text)
{
	static uint8_t line[65536];
	const int kept = dup(STDERR_FILENO);
	ssize_t len;

	FUZZ_HOLDS(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0 && dup2(file, STDERR_FILENO) >= 0);
	write(text);
	FUZZ_HOLDS(dup2(kept, STDERR_FILENO) >= 0 && close(kept) == 0);
	len = pread(file, line, sizeof(line), 0);
	FUZZ_HOLDS(len > 0);
	line_holds(line, (size_t)len);
}

static void as_field(const char *text)
{
	log_event(LOG_LEVEL_INFO, "fuzz.field", "k", text, "other", "b", NULL);
}

static void as_error(const char *text)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_CONFIG, NULL, "key \"%s\"", text);
	err_prefix(&err, "%s", text);
	log_err(LOG_LEVEL_ERROR, "fuzz.failed", &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(slice_of(data, size));

	if (file < 0) {
		log_open("fuzz", LOG_LEVEL_DEBUG);
		file = memfd_create("log", MFD_CLOEXEC);
	}
	written_line_holds(as_field, text);
	written_line_holds(as_error, text);
	written_line_holds(log_plain, text);
	free(text);
	return 0;
}
