/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number: strict reading of decimal numbers that people write in files, whatever the locale of the process.
 */
#ifndef TIPLINE_OPS_RUNTIME_NUMBER_H
#define TIPLINE_OPS_RUNTIME_NUMBER_H

#include <stdint.h>

enum number_result { NUMBER_OK, NUMBER_NOT, NUMBER_HUGE };

/* The whole of `text`: a sign, digits. `*out` is set for NUMBER_OK alone. */
enum number_result number_int(const char *text, int64_t *out);
/* The same with a fraction and an exponent; infinities and NaN are no numbers here. */
enum number_result number_double(const char *text, double *out);

#endif
