/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taxonomy: the closed lists of the domain: categories and sub-codes, channels, contact modes, outcomes, priorities.
 * Each list is one table of names; a value is the index in it, and is what the CBOR record and the store hold. New
 * names go at the end.
 */
#ifndef TIPLINE_SCHEMA_TAXONOMY_H
#define TIPLINE_SCHEMA_TAXONOMY_H

#include <stddef.h>
#include <stdint.h>

enum category { CORRUPTION, ABUSE_OF_POSITION, DOMESTIC_ABUSE, DISCRIMINATION, OUT_OF_SCOPE, N_CATEGORIES };
enum channel { CHANNEL_WEB, CHANNEL_PHONE, CHANNEL_PARTNER, CHANNEL_BATCH, CHANNEL_LETTER, N_CHANNELS };
enum contact_mode { CONTACT_NONE, CONTACT_MAILBOX, CONTACT_DETAILS, N_CONTACT_MODES };
enum outcome { OUTCOME_INVESTIGATE, OUTCOME_SAFEGUARD, OUTCOME_RECORD, OUTCOME_REFER, OUTCOME_ASSESS, N_OUTCOMES };
enum priority { PRIORITY_IMMEDIATE, PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW, N_PRIORITIES };

extern const char *const category_names[N_CATEGORIES];         /* "corruption", "abuse-of-position", … */
extern const char *const channel_names[N_CHANNELS];
extern const char *const contact_mode_names[N_CONTACT_MODES];
extern const char *const outcome_names[N_OUTCOMES];            /* "assess": a human decides first */
extern const char *const priority_names[N_PRIORITIES];

/* Sub-codes, per category: "bribery", "disclosure", "sexual" … NULL-ended. */
extern const char *const *const category_subcodes[N_CATEGORIES];

int taxonomy_find(const char *const *names, size_t n, const char *name, size_t len); /* index or -1 */
size_t taxonomy_count(const char *const *names); /* of a NULL-ended list */

#endif
