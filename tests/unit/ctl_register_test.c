/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl register build, as it is called, and its file read by route's own reader. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "ops/ctl/ctl_program.h"
#include "workers/route/conflict.h"

static const char key_text[] = "0707070707070707070707070707070707070707070707070707070707070707\n";
static char folder[64], staff[96], linkage[96], out[96], built[128];

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/ctl-register-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(staff, sizeof(staff), "%s/staff.yaml", folder);
	snprintf(linkage, sizeof(linkage), "%s/linkage.key", folder);
	snprintf(out, sizeof(out), "%s/registers", folder);
	snprintf(built, sizeof(built), "%s/corruption.register", out);
	put(linkage, key_text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(built);
	rmdir(out);
	unlink(staff);
	unlink(linkage);
	return rmdir(folder);
}

static int build(const char *text)
{
	char *argv[] = { (char[]){ "tipctl" }, (char[]){ "register" }, (char[]){ "build" }, (char[]){ "--staff" }, staff,
			 (char[]){ "--linkage" }, linkage, (char[]){ "--out" }, out, NULL };

	put(staff, text);
	return program_main(9, argv, &ctl_program);
}

/* A register without one of its members lets his tips through and says nothing. */
static void who_cannot_be_found_is_an_error(void **state)
{
	(void)state;
	assert_int_not_equal(build("corruption: [ { surname: X } ]\n"), 0);
	assert_int_not_equal(access(built, F_OK), 0);
	assert_int_not_equal(build("corruption: []\n"), 0);
	assert_int_not_equal(build("corruption: [ { surname: Marsden }, { surname: X } ]\n"), 0);
	assert_int_not_equal(access(built, F_OK), 0);
}

static void stop_words_are_surnames_and_the_key_is_told(void **state)
{
	struct staff_register reg = { .n_keys = 0 };
	uint8_t key[LINKAGE_KEY_BYTES];
	struct token names[1];
	struct token_list tokens = { .items = names, .n = 1 };
	struct err err = ERR_INIT;

	(void)state;
	memset(key, 7, sizeof(key));
	assert_int_equal(build("corruption: [ { surname: Will }, { surname: So } ]\n"), 0);
	if (staff_register_load(&reg, built, &err) < 0)
		fail_msg("%s", err.text);
	names[0] = (struct token){ token_mac(key, TOKEN_NAME, "will", 4), TOKEN_NAME };
	assert_true(staff_register_meets(&reg, &tokens));
	tokens.key_check = token_key_check(key);
	assert_true(staff_register_can_judge(&reg, &tokens));
	tokens.key_check ^= 1;
	assert_false(staff_register_can_judge(&reg, &tokens));
	staff_register_release(&reg);
}

/* What an old key's tips are judged by must not go with the next build, and not stand for a wrong key either. */
static void parts_of_other_keys_are_kept(void **state)
{
	static const char other[] = "tipline-register 1 0123456789abcdef\nname 0000000000000001\n";
	struct staff_register reg = { .n_keys = 0 };
	struct err err = ERR_INIT;
	FILE *file;

	(void)state;
	assert_int_equal(build("corruption: [ { surname: Marsden } ]\n"), 0);
	file = fopen(built, "a");
	assert_non_null(file);
	assert_true(fputs(other, file) >= 0);
	assert_int_equal(fclose(file), 0);
	for (int i = 0; i < 2; i++) /* once more: it does not pile up */
		assert_int_equal(build("corruption: [ { surname: Albright } ]\n"), 0);
	if (staff_register_load(&reg, built, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(reg.n_keys, 2);
	staff_register_release(&reg);
	put(built, other);
	assert_int_equal(build("corruption: [ { surname: Albright } ]\n"), 78);
	if (staff_register_load(&reg, built, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(reg.n_keys, 1);
	staff_register_release(&reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_cannot_be_found_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parts_of_other_keys_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stop_words_are_surnames_and_the_key_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
