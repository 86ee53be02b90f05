/* SPDX-License-Identifier: Apache-2.0 */
/* The units of the daemons. Runs in the repository. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const daemons[] = { "webform", "gateway", "classify", "dedupe", "route", "sink", "release" };

/* Whether `line` stands in the section. */
static bool unit_says(const char *daemon, const char *section, const char *line)
{
	char path[128], text[256];
	bool inside = false, found = false;

	snprintf(path, sizeof(path), "ops/deploy/systemd/tipline-%s.service", daemon);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		if (text[0] == '[')
			inside = strcmp(text, section) == 0;
		found |= inside && strcmp(text, line) == 0;
	}
	fclose(file);
	return found;
}

/* systemd's own limit of five starts in ten seconds would leave a daemon down after a short outage. */
static void daemons_are_started_again_without_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		assert_true(unit_says(daemons[i], "[Service]", "Restart=always"));
		assert_true(unit_says(daemons[i], "[Unit]", "StartLimitIntervalSec=0"));
	}
}

/* No core, no swap, and enough memory that may be locked for the keys. */
static void memory_stays_off_disks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		assert_true(unit_says(daemons[i], "[Service]", "LimitCORE=0"));
		assert_true(unit_says(daemons[i], "[Service]", "MemorySwapMax=0"));
		assert_true(unit_says(daemons[i], "[Service]", "LimitMEMLOCK=16M"));
	}
}

/* `systemd-sysusers` makes the user that a unit runs as. */
static void each_unit_has_its_user(void **state)
{
	char text[4096], line[64];
	FILE *file = fopen("ops/deploy/systemd/tipline.sysusers", "re");

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		(void)snprintf(line, sizeof(line), "User=tipline-%s", daemons[i]);
		assert_true(unit_says(daemons[i], "[Service]", line));
		(void)snprintf(line, sizeof(line), "\nu tipline-%s - ", daemons[i]);
		assert_non_null(strstr(text, line));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(daemons_are_started_again_without_end),
		cmocka_unit_test(memory_stays_off_disks),
		cmocka_unit_test(each_unit_has_its_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
