/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the workers that belong together: the bus keys of neighbours, the linkage key and the registers. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/config_set.h"
#include "ops/runtime/file.h"
#include "schema/keys.h"
#include "schema/linkage.h"
#include "schema/locked.h"
#include "schema/reason.h"
#include "schema/token.h"
#include "schema/topics.h"

#define REGISTER_MAX (16u << 20)
#define REGISTER_HEAD "tipline-register 1 "

struct bus_side {
	const struct config_file *file;
	const struct yaml_node *node;
	struct bus_ring *ring; /* owned; NULL: not there, or its own check says why */
	bool epochs[256];
};

/* EPOCH.key holds every topic, EPOCH.TOPIC.key one. */
static void read_epochs(struct bus_side *side, const char *folder, const char *topic)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		char *rest;
		unsigned long epoch = strtoul(entry->d_name, &rest, 10);
		size_t len = strlen(topic);

		if (rest == entry->d_name || epoch > 255 || *rest != '.')
			continue;
		if (strcmp(rest, ".key") == 0 ||
		    (strncmp(rest + 1, topic, len) == 0 && strcmp(rest + 1 + len, ".key") == 0))
			side->epochs[epoch] = true;
	}
	if (dir)
		closedir(dir);
}

static void open_side(struct bus_side *side, const struct config_set *set, const char *program, const char *topic)
{
	struct buf folder = BUF_INIT;

	*side = (struct bus_side){ .file = config_of(set, program) };
	side->node = side->file ? config_get(side->file, "keys.bus") : NULL;
	if (side->node && *config_path(side->file, side->node, &folder)) {
		read_epochs(side, buf_text(&folder), topic);
		if (keys_load_bus(&side->ring, buf_text(&folder), NULL) < 0)
			side->ring = NULL;
	}
	buf_release(&folder);
}

static void compare_epochs(struct config_set *set, const struct bus_side *writer, const struct bus_side *reader,
			   const char *topic)
{
	for (unsigned int epoch = 0; epoch < 256; epoch++)
		if (writer->epochs[epoch] && !reader->epochs[epoch])
			config_finding_at(set, reader->node, "bring the key of that epoch to both",
					  "has no bus key of epoch %u for %s, which %s:%d seals with: its records would be "
					  "parked as record-key", epoch, topic, writer->file->path, yaml_line(writer->node));
}

/* Whether what one seals the other opens, tried with a text that is no record. */
static void compare_keys(struct config_set *set, const struct bus_side *writer, const struct bus_side *reader,
			 const char *topic)
{
	struct buf sealed = BUF_INIT, plain = BUF_INIT;
	struct tip_id id = { { 0 } };
	struct err err = ERR_INIT;

	if (bus_seal(&sealed, writer->ring, topic, &id, slice_str("check"), &err) < 0)
		config_finding_at(set, writer->node, "give it the key of the epoch, EPOCH.key",
				  "has no bus key to seal %s with", topic);
	else if (bus_open(&plain, reader->ring, topic, &id, buf_slice(&sealed), &err) < 0 &&
		 err.reason != REASON_RECORD_KEY)
		config_finding_at(set, reader->node, "copy the key of that epoch from the one that is right",
				  "does not open what %s:%d seals for %s: two keys under one epoch", writer->file->path,
				  yaml_line(writer->node), topic);
	buf_release(&sealed);
	buf_release(&plain);
}

static void check_bus(struct config_set *set)
{
	static const struct {
		const char *writer, *reader, *topic;
	} ways[] = { { "tipline-classify", "tipline-dedupe", TOPIC_CLASSIFIED },
		     { "tipline-dedupe", "tipline-route", TOPIC_LINKED },
		     { "tipline-route", "tipline-sink", TOPIC_ROUTED } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct bus_side writer, reader;

		open_side(&writer, set, ways[i].writer, ways[i].topic);
		open_side(&reader, set, ways[i].reader, ways[i].topic);
		if (writer.ring && reader.ring) {
			compare_epochs(set, &writer, &reader, ways[i].topic);
			compare_keys(set, &writer, &reader, ways[i].topic);
		}
		bus_ring_free(writer.ring);
		bus_ring_free(reader.ring);
	}
}

/* True when one of the register's first lines has this key check, or when there is nothing to compare. */
static bool register_fits(const char *path, const char *check)
{
	struct buf text = BUF_INIT;
	const char *at;
	bool any = false, fits = false;

	if (file_read(&text, path, REGISTER_MAX, NULL) < 0)
		return true;
	for (at = buf_text(&text); (at = strstr(at, REGISTER_HEAD)) != NULL; at++) {
		any = true;
		fits = fits || strncmp(at + strlen(REGISTER_HEAD), check, strlen(check)) == 0;
	}
	buf_release(&text);
	return fits || !any;
}

static void check_register(struct config_set *set, const struct config_file *route, const struct yaml_node *node,
			   const char *check, const struct config_file *classify)
{
	struct buf path = BUF_INIT;
	const char *text = node ? yaml_scalar(node) : NULL;

	if (text && strcmp(text, "none") != 0 && *config_path(route, node, &path) &&
	    !register_fits(buf_text(&path), check))
		config_finding_at(set, node, "build it anew: tipctl register build --linkage with classify's key",
				  "the register was made with another linkage key than %s has: route would stop at the "
				  "first tip", classify->path);
	buf_release(&path);
}

static void check_registers(struct config_set *set)
{
	const struct config_file *classify = config_of(set, "tipline-classify"), *route = config_of(set, "tipline-route");
	const struct yaml_node *teams = route ? config_get(route, "teams") : NULL;
	struct buf path = BUF_INIT;
	struct linkage *key = locked_alloc(sizeof(*key), NULL);
	char check[17];

	if (key && classify && teams && yaml_kind(teams) == YAML_MAP &&
	    *config_path(classify, config_get(classify, "keys.linkage"), &path) &&
	    linkage_load(key, buf_text(&path), NULL) == 0) {
		snprintf(check, sizeof(check), "%016llx", (unsigned long long)linkage_check(key));
		for (size_t i = 0; i < yaml_count(teams); i++)
			if (yaml_kind(yaml_at(teams, i)) == YAML_MAP)
				check_register(set, route, yaml_get(yaml_at(teams, i), "register"), check, classify);
	}
	buf_release(&path);
	locked_free(key);
}

void config_check_keys(struct config_set *set)
{
	check_bus(set);
	check_registers(set);
}
