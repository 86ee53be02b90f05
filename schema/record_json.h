/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_json: the member names that record_json_write.c and record_json_read.c share. The line they write and read:
 *
 *     {"tip_id":HEX,"day":20000,"adapter":1,"channel":"web","digest":HEX,"contact":BASE64,
 *      "body":{…},                 or "body_base64" where the body is not a JSON object
 *      "classification":{"labels":[{"category":…,"subcode":…,"score":…}],"risk":…,"out_of_scope":…,"refer_to":…,
 *          "evidence":[{"rule":…,"start":…,"end":…}],"lexicon_hash":HEX},
 *      "tokens":{"cut":false,"key_check":HEX16,"word":[HEX16,…],"bigram":…},
 *      "case_id":HEX,"links":[{"tip_id":HEX,"score":…,"reasons":["words","name"],"strong":true}],
 *      "routing":{"outcome":…,"priority":…,"conflict":false,"teams":[…],"rule":…,"policy_hash":HEX},
 *      "sealed_case":BASE64,"steps":[{"stage":…,"version":…,"day":20000,"configuration":HEX}]}
 *
 * What the record lacks is left out. When read, only "tip_id" and "day" must be there; what else is missing is empty
 * or zero, so that a test case says no more than it means.
 */
#ifndef TIPLINE_SCHEMA_RECORD_JSON_H
#define TIPLINE_SCHEMA_RECORD_JSON_H

#define LINK_REASONS 6

extern const char *const link_reason_names[LINK_REASONS]; /* by bit number of enum link_reason */

#endif
