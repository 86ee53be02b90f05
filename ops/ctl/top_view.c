/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/top_view.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ops/ctl/print.h"

#define NAME_WIDTH 9
#define CELL_MAX 32

enum kind { KIND_RATE, KIND_COUNT, KIND_SECONDS, KIND_BYTES, KIND_SHARE };

/* Behind name and state; a column is shown when it and all of a lower `rank` fit. */
static const struct column {
	const char *title;
	int width, rank;
	enum kind kind;
	size_t offset;
} columns[] = {
	{ "IN/S", 7, 0, KIND_RATE, offsetof(struct top_stage, in_rate) },
	{ "OUT/S", 7, 1, KIND_RATE, offsetof(struct top_stage, out_rate) },
	{ "LAG", 7, 2, KIND_COUNT, offsetof(struct top_stage, lag) },
	{ "OLDEST", 7, 3, KIND_SECONDS, offsetof(struct top_stage, oldest_s) },
	{ "PARKED", 7, 4, KIND_COUNT, offsetof(struct top_stage, parked) },
	{ "CPU %", 6, 5, KIND_SHARE, offsetof(struct top_stage, cpu_share) },
	{ "RSS", 6, 6, KIND_BYTES, offsetof(struct top_stage, rss_bytes) },
	{ "IN", 9, 8, KIND_COUNT, offsetof(struct top_stage, in) },
	{ "OUT", 9, 9, KIND_COUNT, offsetof(struct top_stage, out) },
	{ "REPEATS", 8, 10, KIND_COUNT, offsetof(struct top_stage, repeats) },
	{ "REFUSED", 8, 11, KIND_COUNT, offsetof(struct top_stage, refused) },
	{ "UP", 7, 7, KIND_SECONDS, offsetof(struct top_stage, uptime_s) },
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define STATE_WIDTH 10

/* Four figures at most, with a unit of 1,000 where there are more. */
static void put_scaled(char text[CELL_MAX], double v, double step, const char *units)
{
	while (v >= 9999.5 && units[1]) {
		v /= step;
		units++;
	}
	if (*units == ' ')
		snprintf(text, CELL_MAX, "%.0f", v);
	else
		snprintf(text, CELL_MAX, v < 99.95 ? "%.1f%c" : "%.0f%c", v, *units);
}

static void put_seconds(char text[CELL_MAX], double v)
{
	if (v < 120)
		snprintf(text, CELL_MAX, "%.0fs", v);
	else if (v < 7200)
		snprintf(text, CELL_MAX, "%.0fm", v / 60);
	else if (v < 172800)
		snprintf(text, CELL_MAX, "%.0fh", v / 3600);
	else
		snprintf(text, CELL_MAX, "%.0fd", v / 86400);
}

static void put_value(char text[CELL_MAX], enum kind kind, double v)
{
	if (v < 0)
		snprintf(text, CELL_MAX, "-");
	else if (kind == KIND_RATE && v < 999.95)
		snprintf(text, CELL_MAX, "%.1f", v);
	else if (kind == KIND_SECONDS)
		put_seconds(text, v);
	else if (kind == KIND_SHARE)
		snprintf(text, CELL_MAX, "%.1f", 100 * v);
	else if (kind == KIND_BYTES)
		put_scaled(text, v, 1024, "BKMGT");
	else
		put_scaled(text, v, 1000, " kMGT");
}

/* The highest rank that fits, with every lower one. */
static int last_rank(int room)
{
	int rank = -1;

	room -= NAME_WIDTH + STATE_WIDTH;
	for (int wanted = 0; wanted < (int)N_COLUMNS; wanted++)
		for (size_t i = 0; i < N_COLUMNS; i++) {
			if (columns[i].rank != wanted)
				continue;
			room -= columns[i].width + 1;
			if (room < 0)
				return rank;
			rank = wanted;
		}
	return rank;
}

/* What stands in `line`, without what would steer a terminal, cut to the width, as one line. */
static void put_line(struct buf *out, const struct buf *line, int width)
{
	struct buf safe = BUF_INIT;
	size_t end = 0;

	ctl_plain(&safe, buf_text(line));
	for (int seen = 0; end < safe.len; end++)
		if ((safe.data[end] & 0xc0) != 0x80 && ++seen > width)
			break;
	buf_append(out, safe.data, end);
	buf_append_byte(out, '\n');
	buf_release(&safe);
}

static const char *state_of(const struct top_stage *stage)
{
	if (!*stage->address)
		return "not known";
	return !stage->up ? "DOWN" : stage->ready ? "ready" : "NOT READY";
}

static void put_stage(struct buf *line, const struct top_stage *stage, int rank)
{
	char text[CELL_MAX];

	buf_printf(line, "%-*s%-*s", NAME_WIDTH, stage->name, STATE_WIDTH, state_of(stage));
	for (size_t i = 0; i < N_COLUMNS; i++) {
		if (columns[i].rank > rank)
			continue;
		put_value(text, columns[i].kind,
			  *(const double *)(const void *)((const char *)stage + columns[i].offset));
		buf_printf(line, " %*s", columns[i].width, text);
	}
}

static void put_titles(struct buf *line, int rank)
{
	buf_printf(line, "%-*s%-*s", NAME_WIDTH, "STAGE", STATE_WIDTH, "STATE");
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (columns[i].rank <= rank)
			buf_printf(line, " %*s", columns[i].width, columns[i].title);
}

static void put_head(struct buf *line, const struct top_sample *sample)
{
	int up = 0, ready = 0, known = 0;
	double lag = 0;

	for (size_t i = 0; i < TOP_STAGES; i++) {
		const struct top_stage *stage = &sample->stages[i];

		known += *stage->address != '\0';
		up += stage->up;
		ready += stage->ready;
		lag += stage->lag > 0 ? stage->lag : 0;
	}
	buf_printf(line, "tipline: %d of %d up, %d ready, %.0f waiting", up, known, ready, lag);
}

struct canvas {
	struct buf *out;
	struct buf line;
	int width, left; /* lines that there is still room for */
};

static void end_line(struct canvas *canvas)
{
	if (canvas->left-- > 0)
		put_line(canvas->out, &canvas->line, canvas->width);
	buf_clear(&canvas->line);
}

void top_view(struct buf *out, const struct top_sample *sample, const struct top_size *size, const char *foot)
{
	struct canvas canvas = { .out = out, .width = size->columns, .left = size->rows - (foot ? 1 : 0) };
	int rank = last_rank(size->columns);

	put_head(&canvas.line, sample);
	end_line(&canvas);
	put_titles(&canvas.line, rank);
	end_line(&canvas);
	for (size_t i = 0; i < TOP_STAGES; i++) {
		put_stage(&canvas.line, &sample->stages[i], rank);
		end_line(&canvas);
	}
	for (size_t i = 0; i < TOP_STAGES; i++) {
		if (!*sample->stages[i].why || !*sample->stages[i].address)
			continue;
		buf_printf(&canvas.line, "%s: %s", sample->stages[i].name, sample->stages[i].why);
		while (canvas.line.data[canvas.line.len - 1] == '\n')
			canvas.line.data[--canvas.line.len] = '\0';
		end_line(&canvas);
	}
	if (foot) {
		canvas.left = 1;
		buf_append_str(&canvas.line, foot);
		end_line(&canvas);
	}
	buf_release(&canvas.line);
}

static json_t *number_or_null(double v)
{
	return v < 0 ? json_null() : json_real(v);
}

json_t *top_json(const struct top_sample *sample)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < TOP_STAGES; i++) {
		const struct top_stage *s = &sample->stages[i];
		json_t *why = *s->why ? json_string(s->why) : NULL;

		json_array_append_new(rows, json_pack("{s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "stage", s->name,
						      "up", s->up, "ready", s->ready, "in_per_second",
						      number_or_null(s->in_rate), "out_per_second",
						      number_or_null(s->out_rate), "lag_records", number_or_null(s->lag),
						      "lag_seconds", number_or_null(s->oldest_s), "parked",
						      number_or_null(s->parked), "cpu_share", number_or_null(s->cpu_share),
						      "why", why ? why : json_null()));
	}
	return json_pack("{s:o}", "stages", rows);
}
