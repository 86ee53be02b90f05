/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/status.h"

#include <stdio.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/program.h"

void status_init(struct status *status, const struct core *core, const struct counts *counts,
		 const struct refusal *refusal)
{
	*status = (struct status){
		.core = core, .counts = counts, .refusal = refusal, .started_ms = clock_mono_ms()
	};
	pthread_mutex_init(&status->lock, NULL);
}

void status_release(struct status *status)
{
	if (status->core == NULL)
		return;
	pthread_mutex_destroy(&status->lock);
	buf_release(&status->key_names);
}

void status_keys(struct status *status, bool current, struct buf *names)
{
	pthread_mutex_lock(&status->lock);
	struct buf old = status->key_names;
	status->key_names = *names;
	status->keys_current = current;
	pthread_mutex_unlock(&status->lock);
	buf_release(&old);
	*names = (struct buf)BUF_INIT;
}

bool status_ready(void *arg, struct buf *why)
{
	const struct status *status = arg;
	if (refusal_holds(status->refusal))
		buf_append_str(why, "the broker refuses what this gateway publishes: see its log\n");
	else if (core_busy(status->core))
		buf_append_str(why, "the broker does not acknowledge, or the gateway is stopping\n");
	else
		return true;
	return false;
}

/* Second number of /proc/self/statm, in pages. */
static uint64_t resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote the number, and it fits */
	if (fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	(void)fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void status_write(void *arg, struct buf *json)
{
	struct status *status = arg;
	const struct counts *counts = status->counts;
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "in", counts_total(counts, COUNT_SUBMITTED) },
		{ "out", counts_total(counts, COUNT_STORED) },
		{ "parked", 0 }, /* the gateway parks nothing */
		{ "repeats", counts_total(counts, COUNT_DUPLICATE) },
		{ "refused", counts_total(counts, COUNT_REFUSED) },
		{ "lag_records", 0 },
		{ "lag_seconds", 0 },
		{ "cpu_us", (uint64_t)clock_cpu_us() },
		{ "rss_bytes", resident_bytes() },
		{ "uptime_s", (uint64_t)(clock_mono_ms() - status->started_ms) / 1000 },
		{ "redirected", counts_total(counts, COUNT_REDIRECTED) },
		{ "sent_back", counts_total(counts, COUNT_RETRY) },
		{ "revoked", counts_plain_value(counts, PLAIN_REVOKED) },
		{ "malformed", counts_plain_value(counts, PLAIN_MALFORMED) },
	};
	buf_printf(json, "{\"name\":\"tipline-gateway\",\"version\":\"%s\",\"ready\":%s", TIPLINE_VERSION,
		   refusal_holds(status->refusal) || core_busy(status->core) ? "false" : "true");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_printf(json, ",\"%s\":%llu", numbers[i].name, (unsigned long long)numbers[i].value);
	pthread_mutex_lock(&status->lock);
	buf_printf(json, ",\"keys\":{\"current\":%s,\"names\":[", status->keys_current ? "true" : "false");
	buf_append_slice(json, buf_slice(&status->key_names));
	pthread_mutex_unlock(&status->lock);
	buf_append_str(json, "]}}");
}
