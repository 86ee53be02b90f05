/* SPDX-License-Identifier: Apache-2.0 */
typedef struct tip tip_t;
