/* SPDX-License-Identifier: Apache-2.0 */
/* The allow-list of adapters, adapters.yaml. */
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/yaml.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/z85.h"

#define ADAPTERS_MAX 4096

_Static_assert(N_CHANNELS <= 32, "channels are bits of an uint32_t");

static const char *scalar_of(const struct yaml_node *map, const char *key, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	const char *text = node != NULL ? yaml_scalar(node) : NULL;

	if (text == NULL)
		yaml_error(node != NULL ? node : map, err, "%s: a value is needed", key);
	return text;
}

static int read_name(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const char *name = scalar_of(map, "name", err);
	size_t len;

	if (name == NULL)
		return -1;
	len = strlen(name);
	if (len == 0 || len >= sizeof(adapter->name))
		return yaml_error(yaml_get(map, "name"), err, "name: 1 to %zu characters", sizeof(adapter->name) - 1);
	memcpy(adapter->name, name, len + 1);
	return 0;
}

static int read_id(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, "id");
	int64_t id;

	if (node == NULL)
		return yaml_error(map, err, "id: a number is needed");
	if (yaml_int(node, 0, UINT16_MAX, &id, err) != 0)
		return -1;
	adapter->id = (uint16_t)id;
	return 0;
}

static int read_sign(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const char *text = scalar_of(map, "sign", err);

	if (text == NULL)
		return -1;
	if (hex_decode(adapter->sign_public, sizeof(adapter->sign_public), text, strlen(text)) != 0)
		return yaml_error(yaml_get(map, "sign"), err, "sign: not 64 lower-case hex digits");
	return 0;
}

static int read_curve(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const char *text = scalar_of(map, "curve", err);
	uint8_t key[32];

	if (text == NULL)
		return -1;
	if (z85_decode(key, sizeof(key), text, strlen(text)) != 0)
		return yaml_error(yaml_get(map, "curve"), err, "curve: not a CURVE key (40 characters of Z85)");
	memcpy(adapter->curve_public, text, Z85_KEY_TEXT + 1);
	return 0;
}

static int read_channels(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const struct yaml_node *list = yaml_get(map, "channels");

	if (list == NULL || yaml_kind(list) != YAML_LIST || yaml_count(list) == 0)
		return yaml_error(list != NULL ? list : map, err, "channels: a list of channels is needed");
	for (size_t i = 0; i < yaml_count(list); i++) {
		const char *name = yaml_scalar(yaml_at(list, i));
		int channel = name == NULL ? -1 : taxonomy_find(channel_names, N_CHANNELS, name, strlen(name));

		if (channel < 0)
			return yaml_error(yaml_at(list, i), err,
				"channels: no such channel; possible are web, phone, partner, batch, letter");
		adapter->channels |= 1u << channel;
	}
	return 0;
}

static int read_revoked(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, "revoked");

	return node == NULL ? 0 : yaml_bool(node, &adapter->revoked, err);
}

static int read_adapter(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	static const char *const allowed[] = { "name", "id", "sign", "curve", "channels", "revoked", NULL };
	static int (*const readers[])(struct adapter *, const struct yaml_node *, struct err *) = {
		read_name, read_id, read_sign, read_curve, read_channels, read_revoked,
	};

	if (yaml_kind(map) != YAML_MAP)
		return yaml_error(map, err, "an adapter is a map of name, id, sign, curve, channels");
	if (yaml_only_keys(map, allowed, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i](adapter, map, err) != 0)
			return -1;
	return 0;
}

/* An id names one key, and a transport key one adapter; otherwise the list would not say who sent a tip. */
static int check_unlike(const struct adapter_list *list, const struct yaml_node *map, struct err *err)
{
	const struct adapter *added = &list->items[list->n - 1];

	for (const struct adapter *other = list->items; other < added; other++) {
		if (other->id == added->id)
			return yaml_error(map, err, "id %u is there twice", added->id);
		if (strcmp(other->name, added->name) == 0)
			return yaml_error(map, err, "name: is there twice");
		if (strcmp(other->curve_public, added->curve_public) == 0)
			return yaml_error(map, err, "curve: another adapter has the same key");
		if (memcmp(other->sign_public, added->sign_public, sizeof(added->sign_public)) == 0)
			return yaml_error(map, err, "sign: another adapter has the same key");
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct adapter *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int read_list(struct adapter_list *list, const struct yaml_node *root, struct err *err)
{
	static const char *const allowed[] = { "adapters", NULL };
	const struct yaml_node *adapters;

	if (yaml_kind(root) != YAML_MAP)
		return yaml_error(root, err, "adapters: a list is needed");
	if (yaml_only_keys(root, allowed, err) != 0)
		return -1;
	adapters = yaml_get(root, "adapters");
	if (adapters == NULL || yaml_kind(adapters) != YAML_LIST || yaml_count(adapters) > ADAPTERS_MAX)
		return yaml_error(root, err, "adapters: a list of at most %d is needed", ADAPTERS_MAX);
	list->items = mem_alloc((yaml_count(adapters) + 1) * sizeof(*list->items));
	for (size_t i = 0; i < yaml_count(adapters); i++) {
		if (read_adapter(&list->items[list->n], yaml_at(adapters, i), err) != 0)
			return -1;
		list->n++;
		if (check_unlike(list, yaml_at(adapters, i), err) != 0)
			return -1;
	}
	if (list->n > 1)
		qsort(list->items, list->n, sizeof(*list->items), compare_ids);
	return 0;
}

int adapter_list_load(struct adapter_list *list, const char *path, struct err *err)
{
	struct yaml *yaml;
	int result;

	list->items = NULL;
	list->n = 0;
	if (yaml_load(&yaml, path, err) != 0)
		return -1;
	if (yaml_root(yaml) == NULL)
		result = err_set(err, ERR_CONFIG, NULL, "%s: adapters: a list is needed", path);
	else
		result = read_list(list, yaml_root(yaml), err);
	yaml_free(yaml);
	if (result != 0)
		adapter_list_release(list);
	return result;
}

const struct adapter *adapter_list_find(const struct adapter_list *list, uint16_t id)
{
	struct adapter wanted = { .id = id };

	return list->n == 0 ? NULL : bsearch(&wanted, list->items, list->n, sizeof(*list->items), compare_ids);
}

const struct adapter *adapter_list_by_curve(const struct adapter_list *list, const char *curve_public)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].curve_public, curve_public) == 0)
			return &list->items[i];
	return NULL;
}

void adapter_list_release(struct adapter_list *list)
{
	free(list->items);
	list->items = NULL;
	list->n = 0;
}
