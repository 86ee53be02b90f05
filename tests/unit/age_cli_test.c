/* SPDX-License-Identifier: Apache-2.0 */
/* The age command line opens what we seal, and we open what it seals. Skipped where it is not installed. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/age_fixture.h"

struct cli_fixture {
	struct fixture *keys;
	char folder[64];
};

static const size_t sizes[] = { 0, 1, 4096, 16384, 65535, 65536, 65537, 131072, 262144, 1048576 };

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static int begin_folder(void **state)
{
	struct cli_fixture *f = mem_alloc(sizeof(*f));
	void *keys = NULL;

	if (begin(&keys) != 0)
		return -1;
	f->keys = keys;
	snprintf(f->folder, sizeof(f->folder), "/tmp/tipline-age-XXXXXX");
	*state = f;
	return mkdtemp(f->folder) == NULL ? -1 : 0;
}

static int end_folder(void **state)
{
	struct cli_fixture *f = *state;
	void *keys = f->keys;

	rmdir(f->folder);
	free(f);
	return end(&keys);
}

static void write_file(const char *path, struct slice content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.len), content.len);
	assert_int_equal(close(fd), 0);
}

static void read_whole(struct buf *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	assert_true(fd >= 0);
	buf_clear(out);
	while ((got = read(fd, buf_reserve(out, 65536), 65536)) > 0)
		out->len += (size_t)got;
	assert_int_equal(got, 0);
	close(fd);
}

#define ARGUMENTS_MAX (2 * KEYS + 8)

/* Exit status of a program found on PATH; 127 when there is none. */
static int run(const char *const arguments[])
{
	char *argv[ARGUMENTS_MAX + 1];
	size_t argc = 0;
	int status;
	pid_t child;

	for (; arguments[argc] != NULL && argc < ARGUMENTS_MAX; argc++)
		argv[argc] = mem_strdup(arguments[argc]);
	argv[argc] = NULL;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	while (argc > 0)
		free(argv[--argc]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void need_age(void)
{
	if (run((const char *const[]){ "age", "--version", NULL }) == 127) {
		print_message("skipped: no age command line here (Debian package age)\n");
		skip();
	}
}

struct paths {
	char plain[96], sealed[96], identity[96];
};

static void paths_init(struct paths *paths, const struct cli_fixture *f)
{
	snprintf(paths->plain, sizeof(paths->plain), "%s/plain", f->folder);
	snprintf(paths->sealed, sizeof(paths->sealed), "%s/sealed", f->folder);
	snprintf(paths->identity, sizeof(paths->identity), "%s/identity", f->folder);
}

static void paths_remove(const struct paths *paths)
{
	unlink(paths->plain);
	unlink(paths->sealed);
	unlink(paths->identity);
}

static void age_opens_ours(void **state)
{
	struct cli_fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, opened = BUF_INIT;
	char identity[AGE_IDENTITY_TEXT];
	struct paths paths;

	need_age();
	paths_init(&paths, f);
	for (size_t n = 1; n <= KEYS; n++) {
		age_identity_text(f->keys->identities[n - 1], identity);
		write_file(paths.identity, slice_str(identity));
		for (size_t i = 0; i < N_SIZES; i++) {
			random_bytes(&plain, sizes[i]);
			buf_clear(&file);
			if (i % 2 == 0)
				age_seal(&file, f->keys->recipients, n, buf_slice(&plain));
			else
				age_seal_among_fill(&file, f->keys->recipients, n, KEYS, buf_slice(&plain));
			write_file(paths.sealed, buf_slice(&file));
			/* age makes no output file for an empty plaintext. */
			write_file(paths.plain, slice_str(""));
			assert_int_equal(run((const char *const[]){ "age", "-d", "-i", paths.identity, "-o",
								    paths.plain, paths.sealed, NULL }), 0);
			read_whole(&opened, paths.plain);
			assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
		}
	}
	paths_remove(&paths);
	buf_release(&plain);
	buf_release(&file);
	buf_release(&opened);
}

static void we_open_ages(void **state)
{
	struct cli_fixture *f = *state;
	struct buf plain = BUF_INIT, file = BUF_INIT, opened = BUF_INIT;
	char texts[KEYS][AGE_RECIPIENT_TEXT];
	const char *argv[ARGUMENTS_MAX];
	struct err err = ERR_INIT;
	struct paths paths;

	need_age();
	paths_init(&paths, f);
	for (size_t n = 1; n <= KEYS; n++) {
		size_t argc = 0;

		argv[argc++] = "age";
		argv[argc++] = "-o";
		argv[argc++] = paths.sealed;
		for (size_t k = 0; k < n; k++) {
			age_recipient_text(&f->keys->recipients[k], texts[k]);
			argv[argc++] = "-r";
			argv[argc++] = texts[k];
		}
		argv[argc++] = paths.plain;
		argv[argc] = NULL;
		for (size_t i = 0; i < N_SIZES; i++) {
			random_bytes(&plain, sizes[i]);
			write_file(paths.plain, buf_slice(&plain));
			assert_int_equal(run(argv), 0);
			read_whole(&file, paths.sealed);
			assert_int_equal(file.len, age_sealed_size(n, sizes[i]));
			for (size_t k = 0; k < n; k += n > 1 ? n - 1 : 1) {
				buf_clear(&opened);
				assert_int_equal(age_open(&opened, &f->keys->identities[k], 1, buf_slice(&file), &err), 0);
				assert_true(slice_equal(buf_slice(&opened), buf_slice(&plain)));
			}
		}
	}
	paths_remove(&paths);
	buf_release(&plain);
	buf_release(&file);
	buf_release(&opened);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(age_opens_ours),
		cmocka_unit_test(we_open_ages),
	};

	return cmocka_run_group_tests(tests, begin_folder, end_folder);
}
