/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line of every worker asks for. The stage's own rows and texts come from its struct. */
#include <stdio.h>
#include <string.h>

#include "ops/runtime/program.h"
#include "schema/keys.h"
#include "schema/tip.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_serve.h"
#include "workers/stage/stage_try.h"

static const struct program_option options[] = {
	{ "try", 0, NULL, "run over JSON lines on standard input instead of Kafka; results on standard output" },
	{ "records", 0, NULL, "with --try: only the emitted records, one a line, as the next stage reads them" },
	PROGRAM_OPTIONS_END
};

/* Known before the configuration is read, since it decides which rows are required. */
static bool asks_try(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--try"))
			return true;
	}
	return false;
}

static const struct stage *stage_of(const struct program_call *call)
{
	return program_of(call)->context;
}

static int check(const struct program_call *call, struct err *err)
{
	const struct stage *stage = stage_of(call);
	struct bus_ring *ring = NULL;

	if (!call->conf)
		return err_set(err, ERR_USAGE, NULL, "--config is required");
	if (keys_begin(err))
		return -1;
	tip_begin();
	if (!program_given(call, "try") && stage_bus_load(&ring, stage, call->conf, err))
		return -1;
	if (ring)
		bus_ring_free(ring);
	return stage->check ? stage->check(call->conf, err) : 0;
}

static int run(const struct program_call *call, struct err *err)
{
	const struct stage *stage = stage_of(call);

	if (call->argc > 0)
		return err_set(err, ERR_USAGE, NULL, "operands are not expected");
	if (program_given(call, "try"))
		return stage_try(stage, call->conf, program_given(call, "records"), stdin, stdout, err);
	if (program_given(call, "records"))
		return err_set(err, ERR_USAGE, NULL, "--records goes with --try");
	return stage_serve(stage, call->conf, err);
}

int stage_main(int argc, char **argv, const struct stage *stage)
{
	char name[64];
	struct stage_tables tables;
	struct program program = {
		.name = name,
		.section = "8",
		.summary = stage->summary,
		.synopsis = "[--try [--records]]",
		.description = stage->description,
		.options = options,
		.secrets = true,
		.check = check,
		.run = run,
		.context = stage,
	};

	snprintf(name, sizeof(name), "tipline-%s", stage->name);
	stage_tables_init(&tables, stage, asks_try(argc, argv));
	program.conf_tables = tables.tables;
	int status = program_main(argc, argv, &program);
	stage_tables_release(&tables);
	return status;
}
