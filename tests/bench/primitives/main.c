/* SPDX-License-Identifier: Apache-2.0 */
/*
 * primitives TIPS LEXICON BROKERS FOLDER few=TIPS NAME=BYTES…: prints a JSON line for each primitive, with the figure
 * of each run. Run by tests/bench/run.py.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/primitives/primitives.h"

static const char *const size_names[N_SIZES] = { "frame", "classified", "linked", "index", "routed", "case" };

void bench_fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "primitives: %s: %s\n", what, why);
	exit(70);
}

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return 1e6 * (double)now.tv_sec + (double)now.tv_nsec / 1e3;
}

static void measure(const struct bench *bench, const struct primitive *primitive)
{
	void *state = primitive->prepare(bench, primitive->arg);

	(void)printf("{\"name\":\"%s\",\"what\":\"%s\",\"us\":[", primitive->name, primitive->what);
	for (int i = 0; i < primitive->runs; i++) {
		double begun = cpu_us();

		primitive->run(state, primitive->n);
		(void)printf("%s%.2f", i ? "," : "", (cpu_us() - begun) / (double)primitive->n);
	}
	(void)printf("]}\n");
	(void)fflush(stdout);
	primitive->release(state);
}

static void measure_all(const struct bench *bench, const struct primitive *primitives)
{
	for (; primitives->name; primitives++)
		measure(bench, primitives);
}

/* One line of example tips: the body as an adapter seals it, and the text that is looked at. */
static void add_tip(struct bench *bench, const char *line)
{
	json_t *root = json_loads(line, 0, NULL), *tip = json_object_get(root, "tip");
	const char *narrative = json_string_value(json_object_get(tip, "narrative"));
	struct buf *body = &bench->bodies[bench->n_bodies];

	if (!narrative)
		bench_fail(bench->tips, "not example tips");
	json_object_del(tip, "contact_details");
	char *text = json_dumps(tip, JSON_COMPACT);
	*body = (struct buf)BUF_INIT;
	buf_append_str(body, text);
	bench->narratives[bench->n_bodies++] = mem_strdup(narrative);
	free(text);
	json_decref(root);
}

static void read_tips(struct bench *bench)
{
	FILE *file = fopen(bench->tips, "re");
	char *line = NULL;
	size_t cap = 0;

	if (!file)
		bench_fail(bench->tips, "cannot be opened");
	while (getline(&line, &cap, file) > 0) {
		bench->bodies = mem_grow(bench->bodies, (bench->n_bodies + 1) * sizeof(*bench->bodies));
		bench->narratives = mem_grow(bench->narratives, (bench->n_bodies + 1) * sizeof(*bench->narratives));
		add_tip(bench, line);
	}
	free(line);
	(void)fclose(file);
	if (bench->n_bodies == 0)
		bench_fail(bench->tips, "no tips");
}

static void read_size(struct bench *bench, const char *word)
{
	const char *equals = strchr(word, '=');

	if (strncmp(word, "few=", 4) == 0) {
		bench->few = strtoul(equals + 1, NULL, 10);
		return;
	}
	for (size_t i = 0; equals && i < N_SIZES; i++)
		if (strlen(size_names[i]) == (size_t)(equals - word) &&
		    memcmp(size_names[i], word, strlen(size_names[i])) == 0) {
			bench->sizes[i] = strtoul(equals + 1, NULL, 10);
			return;
		}
	bench_fail(word, "no such size");
}

static void release(struct bench *bench)
{
	for (size_t i = 0; i < bench->n_bodies; i++) {
		buf_release(&bench->bodies[i]);
		free(bench->narratives[i]);
	}
	free(bench->bodies);
	free(bench->narratives);
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };

	if (argc < 6 + N_SIZES || sodium_init() < 0)
		bench_fail("usage", "primitives TIPS LEXICON BROKERS FOLDER few=TIPS NAME=BYTES...");
	bench.tips = argv[1];
	bench.lexicon = argv[2];
	bench.brokers = argv[3];
	bench.folder = argv[4];
	for (int i = 5; i < argc; i++)
		read_size(&bench, argv[i]);
	for (size_t i = 0; i < N_SIZES; i++)
		if (bench.sizes[i] == 0)
			bench_fail(size_names[i], "its size is not given");
	if (bench.few == 0)
		bench_fail("few", "is not given");
	read_tips(&bench);
	measure_all(&bench, seal_primitives);
	measure_all(&bench, transport_primitives);
	measure_all(&bench, text_primitives);
	measure_all(&bench, row_primitives);
	measure_all(&bench, kafka_primitives);
	release(&bench);
	return 0;
}
