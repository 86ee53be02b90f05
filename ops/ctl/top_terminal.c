/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/top_terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* the alternate screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define TO_END_OF_LINE "\033[K"
#define TO_END_OF_SCREEN "\033[J"
#define CTRL_C 3
#define CTRL_D 4

static int put(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Keys at once and unseen. ISIG stays: Ctrl-C comes as the signal it is elsewhere. */
static void take_keyboard(struct top_terminal *terminal)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return;
	raw = terminal->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	terminal->keyboard = tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0;
}

int top_terminal_open(struct top_terminal *terminal, bool lines_only, struct err *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH };
	sigset_t mask;

	*terminal = (struct top_terminal){ .screen = !lines_only && isatty(STDOUT_FILENO) };
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&mask, numbers[i]);
	sigprocmask(SIG_BLOCK, &mask, &terminal->saved_mask);
	terminal->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (terminal->signals < 0) {
		sigprocmask(SIG_SETMASK, &terminal->saved_mask, NULL);
		return err_errno(err, "signalfd");
	}
	if (terminal->screen && isatty(STDIN_FILENO))
		take_keyboard(terminal);
	if (terminal->screen)
		(void)put(ENTER, strlen(ENTER));
	return 0;
}

void top_terminal_close(struct top_terminal *terminal)
{
	if (terminal->screen)
		(void)put(LEAVE, strlen(LEAVE));
	if (terminal->keyboard)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->saved);
	close(terminal->signals);
	sigprocmask(SIG_SETMASK, &terminal->saved_mask, NULL);
}

struct top_size top_terminal_size(const struct top_terminal *terminal)
{
	struct winsize size;

	if (!terminal->screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		return (struct top_size){ .columns = 80, .rows = 24 };
	return (struct top_size){ .columns = size.ws_col, .rows = size.ws_row };
}

size_t top_terminal_watch(const struct top_terminal *terminal, int fds[2])
{
	fds[0] = terminal->signals;
	fds[1] = STDIN_FILENO;
	return terminal->keyboard ? 2 : 1;
}

static enum top_event take_signals(const struct top_terminal *terminal)
{
	enum top_event event = TOP_NOTHING;
	struct signalfd_siginfo info;

	while (read(terminal->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && event == TOP_NOTHING)
			event = TOP_RESIZED;
		else if (info.ssi_signo != SIGWINCH && info.ssi_signo != SIGTSTP)
			event = TOP_QUIT;
	}
	return event;
}

/* A keyboard that is gone ends it, as the end of a session does. */
static enum top_event take_keys(void)
{
	unsigned char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		return TOP_QUIT;
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == CTRL_C || keys[i] == CTRL_D)
			return TOP_QUIT;
	return TOP_NOTHING;
}

enum top_event top_terminal_wait(struct top_terminal *terminal, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = terminal->signals, .events = POLLIN },
				 { .fd = terminal->keyboard ? STDIN_FILENO : -1, .events = POLLIN } };
	enum top_event event = TOP_NOTHING;

	if (poll(fds, 2, timeout_ms) <= 0)
		return TOP_NOTHING;
	if (fds[0].revents)
		event = take_signals(terminal);
	if (fds[1].revents && event != TOP_QUIT)
		event = take_keys() == TOP_QUIT ? TOP_QUIT : event;
	return event;
}

/* In place: each line cleared to its end, then what is below. The last line has no new line, which would scroll. */
static void in_place(struct buf *out, const struct buf *lines)
{
	buf_append_str(out, HOME);
	for (size_t i = 0; i < lines->len; i++) {
		if (lines->data[i] != '\n') {
			buf_append_byte(out, lines->data[i]);
			continue;
		}
		buf_append_str(out, TO_END_OF_LINE);
		buf_append_str(out, i + 1 < lines->len ? "\r\n" : "");
	}
	buf_append_str(out, TO_END_OF_SCREEN);
}

int top_terminal_draw(struct top_terminal *terminal, struct buf *lines)
{
	struct buf out = BUF_INIT;
	int result;

	if (terminal->screen)
		in_place(&out, lines);
	else
		buf_append_slice(&out, buf_slice(lines));
	result = put((const char *)out.data, out.len);
	buf_release(&out);
	return result;
}
