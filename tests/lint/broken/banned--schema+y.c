/* SPDX-License-Identifier: Apache-2.0 */
void wait_a_little(void) { sleep(1); }
