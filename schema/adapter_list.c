/* SPDX-License-Identifier: Apache-2.0 */
/* The allow-list of adapters, adapters.yaml. */
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/yaml.h"
#include "schema/fingerprint.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/z85.h"

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

static int sign_of(uint8_t sign[FRAME_SIGN_PUBLIC], const struct yaml_node *map, struct err *err)
{
	const char *text = scalar_of(map, "sign", err);

	if (text == NULL)
		return -1;
	if (hex_decode(sign, FRAME_SIGN_PUBLIC, text, strlen(text)) != 0)
		return yaml_error(yaml_get(map, "sign"), err, "sign: not 64 lower-case hex digits");
	return 0;
}

static int curve_of(char curve[Z85_KEY_TEXT + 1], const struct yaml_node *map, struct err *err)
{
	const char *text = scalar_of(map, "curve", err);
	uint8_t key[32];

	if (text == NULL)
		return -1;
	if (z85_decode(key, sizeof(key), text, strlen(text)) != 0)
		return yaml_error(yaml_get(map, "curve"), err, "curve: not a CURVE key (40 characters of Z85)");
	memcpy(curve, text, Z85_KEY_TEXT + 1);
	return 0;
}

static int read_sign(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	return sign_of(adapter->sign_public, map, err);
}

static int read_curve(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	return curve_of(adapter->curve_public, map, err);
}

static int read_former(struct adapter *adapter, const struct yaml_node *map, struct err *err)
{
	static const char *const allowed[] = { "sign", "curve", NULL };
	const struct yaml_node *former = yaml_get(map, "former");

	if (former == NULL)
		return 0;
	if (yaml_kind(former) != YAML_MAP)
		return yaml_error(former, err, "former: a map of sign and curve is needed");
	adapter->has_former = true;
	if (yaml_only_keys(former, allowed, err) != 0 || sign_of(adapter->former_sign, former, err) != 0)
		return -1;
	return curve_of(adapter->former_curve, former, err);
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
	static const char *const allowed[] = { "name", "id", "sign", "curve", "channels", "revoked", "former",
					       NULL };
	static int (*const readers[])(struct adapter *, const struct yaml_node *, struct err *) = {
		read_name, read_id, read_sign, read_curve, read_channels, read_revoked, read_former,
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

static bool same_curve(const struct adapter *a, const struct adapter *b)
{
	return strcmp(a->curve_public, b->curve_public) == 0 ||
	       (a->has_former && strcmp(a->former_curve, b->curve_public) == 0) ||
	       (b->has_former && strcmp(a->curve_public, b->former_curve) == 0) ||
	       (a->has_former && b->has_former && strcmp(a->former_curve, b->former_curve) == 0);
}

/* An id names one adapter, and a transport key one adapter; otherwise the list would not say who sent a tip. */
static int check_unlike(const struct adapter_list *list, const struct adapter *added, struct err *err)
{
	for (const struct adapter *other = list->items; other < list->items + list->n; other++) {
		if (other->id == added->id)
			return err_set(err, ERR_CONFIG, NULL, "id %u is there twice", added->id);
		if (strcmp(other->name, added->name) == 0)
			return err_set(err, ERR_CONFIG, NULL, "name: is there twice");
		if (same_curve(other, added))
			return err_set(err, ERR_CONFIG, NULL, "curve: another adapter has the same key");
		if (memcmp(other->sign_public, added->sign_public, sizeof(added->sign_public)) == 0)
			return err_set(err, ERR_CONFIG, NULL, "sign: another adapter has the same key");
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
	if (adapters == NULL || yaml_kind(adapters) != YAML_LIST || yaml_count(adapters) > ADAPTER_LIST_MAX)
		return yaml_error(root, err, "adapters: a list of at most %d is needed", ADAPTER_LIST_MAX);
	list->items = mem_alloc((yaml_count(adapters) + 1) * sizeof(*list->items));
	for (size_t i = 0; i < yaml_count(adapters); i++) {
		struct err why = ERR_INIT;

		if (read_adapter(&list->items[list->n], yaml_at(adapters, i), err) != 0)
			return -1;
		if (check_unlike(list, &list->items[list->n], &why) != 0)
			return yaml_error(yaml_at(adapters, i), err, "%s", why.text);
		list->n++;
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

int adapter_list_add(struct adapter_list *list, const struct adapter *adapter, struct err *err)
{
	if (list->n >= ADAPTER_LIST_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the list holds %d adapters, and no more", ADAPTER_LIST_MAX);
	if (check_unlike(list, adapter, err) < 0)
		return -1;
	list->items = mem_grow(list->items, (list->n + 1) * sizeof(*list->items));
	list->items[list->n++] = *adapter;
	qsort(list->items, list->n, sizeof(*list->items), compare_ids);
	return 0;
}

const struct adapter *adapter_list_find(const struct adapter_list *list, uint16_t id)
{
	struct adapter wanted = { .id = id };

	return list->n == 0 ? NULL : bsearch(&wanted, list->items, list->n, sizeof(*list->items), compare_ids);
}

const struct adapter *adapter_list_by_curve(const struct adapter_list *list, const char *curve_public)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].curve_public, curve_public) == 0 ||
		    (list->items[i].has_former && strcmp(list->items[i].former_curve, curve_public) == 0))
			return &list->items[i];
	return NULL;
}

int adapter_verify(const struct adapter *adapter, const struct frame *frame, struct err *err)
{
	if (adapter->has_former && frame_verify(frame, adapter->former_sign, NULL) == 0)
		return 0;
	return frame_verify(frame, adapter->sign_public, err);
}

void adapter_names(const struct adapter *adapter, void (*each)(void *arg, const char *name), void *arg)
{
	char name[FINGERPRINT_NAME];

	if (adapter->revoked)
		return;
	fingerprint_name(name, "adapter", slice_of(adapter->sign_public, FRAME_SIGN_PUBLIC));
	each(arg, name);
	if (!adapter->has_former)
		return;
	fingerprint_name(name, "adapter", slice_of(adapter->former_sign, FRAME_SIGN_PUBLIC));
	each(arg, name);
}

static void print_keys(struct buf *out, const char *indent, const uint8_t *sign, const char *curve)
{
	char text[2 * FRAME_SIGN_PUBLIC + 1];

	/* Z85 has neither quotes nor backslashes, so single quotes hold it as it is. */
	hex_encode(text, sign, FRAME_SIGN_PUBLIC);
	buf_printf(out, "%ssign: '%s'\n%scurve: '%s'\n", indent, text, indent, curve);
}

void adapter_list_print(const struct adapter_list *list, struct buf *out)
{
	buf_append_str(out, "# Who may submit tips, over which channels. No secret is in this file.\nadapters:\n");
	if (list->n == 0)
		buf_append_str(out, "  []\n");
	for (size_t i = 0; i < list->n; i++) {
		const struct adapter *adapter = &list->items[i];
		const char *separator = "";

		buf_printf(out, "  - name: %s\n    id: %u\n", adapter->name, adapter->id);
		print_keys(out, "    ", adapter->sign_public, adapter->curve_public);
		buf_append_str(out, "    channels: [");
		for (int channel = 0; channel < N_CHANNELS; channel++) {
			if ((adapter->channels >> channel & 1) == 0)
				continue;
			buf_printf(out, "%s%s", separator, channel_names[channel]);
			separator = ", ";
		}
		buf_append_str(out, "]\n");
		if (adapter->revoked)
			buf_append_str(out, "    revoked: true\n");
		if (adapter->has_former) {
			buf_append_str(out, "    former:\n");
			print_keys(out, "      ", adapter->former_sign, adapter->former_curve);
		}
	}
}

void adapter_list_release(struct adapter_list *list)
{
	free(list->items);
	list->items = NULL;
	list->n = 0;
}
