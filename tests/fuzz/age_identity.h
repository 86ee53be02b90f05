/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age_identity: the identity that the seeds of the age target are sealed to. It protects nothing.
 */
#ifndef TIPLINE_TESTS_FUZZ_AGE_IDENTITY_H
#define TIPLINE_TESTS_FUZZ_AGE_IDENTITY_H

#define FUZZ_AGE_IDENTITY \
	"AGE-SECRET-KEY-1QYPQXPQPQGPSGQGZQVZQZQSRQSQSYQCYQYPQXPQPQGPSGQGZQVZQ5JZSWS"

#endif
