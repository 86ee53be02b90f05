/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearsal: what a rehearsal needs of libtipline beyond tipline.h, for tip-rehearse and tests alone. Not exported
 * from the library: an adapter cannot reach it.
 */
#ifndef TIPLINE_PRODUCERS_SDK_REHEARSAL_H
#define TIPLINE_PRODUCERS_SDK_REHEARSAL_H

#include "ops/runtime/buf.h"
#include "producers/sdk/tipline.h"
#include "schema/seal.h"

/* As tipline_put, but sealed to these recipients; NULL: those of the list in force. */
int rehearsal_seal(struct tipline *tipline, const struct seal_recipients *recipients, struct slice json,
		   struct buf *frame, uint8_t tip_id[TIPLINE_ID_BYTES]);
/* Puts bytes into the spool as if they were a frame of this tip. At least FRAME_HEAD bytes. */
int rehearsal_put_frame(struct tipline *tipline, struct slice frame, const uint8_t tip_id[TIPLINE_ID_BYTES],
			void *opaque);
/* Whom tips are sealed to now. */
int rehearsal_recipients(struct tipline *tipline, struct seal_recipients *to);

#endif
