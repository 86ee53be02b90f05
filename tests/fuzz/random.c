/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random: libsodium's random bytes in fuzz targets, the same in each run of a program: so that with the same seed for
 * libFuzzer a target reads the same inputs and comes to the same verdict. In these programs alone; no key of theirs
 * protects anything.
 */
#include <sodium.h>

static uint64_t state;

/* SplitMix64. */
static uint32_t next(void)
{
	uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (uint32_t)(z ^ z >> 31);
}

static void fill(void *const out, const size_t size)
{
	uint8_t *bytes = out;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)next();
}

static const char *name(void)
{
	return "fuzz";
}

static randombytes_implementation repeated = { .implementation_name = name, .random = next, .buf = fill };

__attribute__((constructor)) static void begin(void)
{
	(void)randombytes_set_implementation(&repeated);
}
