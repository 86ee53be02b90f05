/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_terminal: the screen and keyboard that `top` draws on, with plain ANSI sequences; on anything but a terminal it
 * writes blocks of lines instead and reads no key.
 *
 * While it is open the signals SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGWINCH come as events, and the terminal shows the
 * alternate screen without echo. top_terminal_close puts both back as they were.
 */
#ifndef TIPLINE_OPS_CTL_TOP_TERMINAL_H
#define TIPLINE_OPS_CTL_TOP_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

#include "ops/ctl/top_view.h"

struct top_terminal {
	bool screen;   /* standard output is a terminal */
	bool keyboard; /* standard input is one too */
	int signals;   /* a signalfd */
	struct termios saved;
	sigset_t saved_mask;
};

enum top_event { TOP_NOTHING, TOP_QUIT, TOP_RESIZED };

/* `lines_only`: as if standard output were no terminal. */
int top_terminal_open(struct top_terminal *terminal, bool lines_only, struct err *err);
void top_terminal_close(struct top_terminal *terminal);
struct top_size top_terminal_size(const struct top_terminal *terminal);
/* Descriptors that become readable when there is an event; returns how many, 2 at most. */
size_t top_terminal_watch(const struct top_terminal *terminal, int fds[2]);
/* Waits for at most so long. */
enum top_event top_terminal_wait(struct top_terminal *terminal, int timeout_ms);
/* Puts the lines on the screen in place of what was there, or behind it. -1: nobody reads any more. */
int top_terminal_draw(struct top_terminal *terminal, struct buf *lines);

#endif
