/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webform: the program tipline-webform, the public's web form: configuration, the public listener, the operators'
 * window, and an adapter of libtipline behind them.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_WEBFORM_H
#define TIPLINE_PRODUCERS_WEBFORM_WEBFORM_H

#include "ops/runtime/program.h"

extern const struct program webform_program;

#endif
