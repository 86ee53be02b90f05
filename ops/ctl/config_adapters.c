/* SPDX-License-Identifier: Apache-2.0 */
/* Whether adapters, gateway and classify hold keys of the same pairs, and seal to whom classify can open for. */
#include <string.h>

#include "ops/ctl/config_set.h"
#include "ops/runtime/clock.h"
#include "schema/keys.h"
#include "schema/recipients.h"

static bool is_adapter(const struct config_file *file)
{
	return strcmp(file->program, "tip-submit") == 0 || strcmp(file->program, "tip-rehearse") == 0;
}

static bool load_list(struct adapter_list *list, const struct config_file *file)
{
	struct buf path = BUF_INIT;
	bool there = file && *config_path(file, config_get(file, "keys.adapters"), &path) &&
		     adapter_list_load(list, buf_text(&path), NULL) == 0;

	buf_release(&path);
	return there;
}

static void check_sign(struct config_set *set, const struct config_file *file, const struct adapter *listed)
{
	const struct yaml_node *node = config_get(file, "keys.sign");
	uint8_t secret[FRAME_SIGN_SECRET];
	struct buf path = BUF_INIT;

	/* An Ed25519 secret key ends with its public one. */
	if (*config_path(file, node, &path) && keys_load_sign(secret, buf_text(&path), NULL) == 0 &&
	    memcmp(secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC, listed->sign_public, FRAME_SIGN_PUBLIC) != 0)
		config_finding_at(set, node, "use the key that was made for this adapter, or list this one's public key",
				  "the signing key is not that of adapter %u (%s) on the list", listed->id, listed->name);
	mem_wipe(secret, sizeof(secret));
	buf_release(&path);
}

static void check_curve(struct config_set *set, const struct config_file *file, const struct adapter *listed)
{
	const struct yaml_node *node = config_get(file, "keys.curve");
	struct curve_pair pair;
	struct buf path = BUF_INIT;

	if (*config_path(file, node, &path) && keys_load_curve(&pair, buf_text(&path), NULL) == 0 &&
	    strcmp(pair.public_key, listed->curve_public) != 0)
		config_finding_at(set, node, "use the key that was made for this adapter, or list this one's public key",
				  "the transport key is not that of adapter %u (%s) on the list", listed->id, listed->name);
	mem_wipe(&pair, sizeof(pair));
	buf_release(&path);
}

static void check_listed(struct config_set *set, const struct config_file *file, const struct adapter_list *list,
			 const char *list_of)
{
	const struct yaml_node *node = config_get(file, "adapter.id"), *channel = config_get(file, "adapter.channel");
	const struct adapter *listed;
	int64_t id;
	int number;

	if (!node || yaml_int(node, 1, UINT16_MAX, &id, NULL) < 0)
		return;
	listed = adapter_list_find(list, (uint16_t)id);
	if (!listed || listed->revoked) {
		config_finding_at(set, node, "correct the number, or the list", "adapter %u is %s that %s names",
				  (unsigned int)id, listed ? "revoked on the list" : "not on the list", list_of);
		return;
	}
	number = channel && yaml_scalar(channel) ? taxonomy_find(channel_names, N_CHANNELS, yaml_scalar(channel),
								   strlen(yaml_scalar(channel))) : -1;
	if (number >= 0 && !(listed->channels >> number & 1))
		config_finding_at(set, channel, "allow the channel on the list, or take another",
				  "adapter %u (%s) may not use the channel %s: its tips would be parked", listed->id,
				  listed->name, yaml_scalar(channel));
	check_sign(set, file, listed);
	check_curve(set, file, listed);
}

static void check_gateway_key(struct config_set *set, const struct config_file *file, const struct config_file *gateway)
{
	const struct yaml_node *node = config_get(file, "keys.gateway");
	struct buf theirs = BUF_INIT, ours = BUF_INIT;
	struct curve_pair pair;
	char public_key[41];

	if (*config_path(file, node, &ours) && *config_path(gateway, config_get(gateway, "keys.curve"), &theirs) &&
	    keys_load_curve_public(public_key, buf_text(&ours), NULL) == 0 &&
	    keys_load_curve(&pair, buf_text(&theirs), NULL) == 0) {
		if (strcmp(public_key, pair.public_key) != 0)
			config_finding_at(set, node, "copy gateway.curve.pub of the gateway",
					  "is not the public key of %s: it would never connect", gateway->path);
		mem_wipe(&pair, sizeof(pair));
	}
	buf_release(&theirs);
	buf_release(&ours);
}

/* Every adapter that the gateway lets in must be known to classify with the same key, or its tips are parked. */
static void compare_lists(struct config_set *set, const struct config_file *classify,
			  const struct adapter_list *gateways, const struct adapter_list *classifys)
{
	const struct yaml_node *node = config_get(classify, "keys.adapters");

	for (size_t i = 0; i < gateways->n; i++) {
		const struct adapter *a = &gateways->items[i], *b = adapter_list_find(classifys, a->id);

		if (a->revoked)
			continue;
		if (!b || b->revoked || memcmp(a->sign_public, b->sign_public, FRAME_SIGN_PUBLIC) != 0)
			config_finding_at(set, node, "give both the same list",
					  "adapter %u (%s) is %s, but the gateway takes its tips: they would be parked", a->id,
					  a->name, !b ? "not listed" : b->revoked ? "revoked" : "listed with another key");
	}
}

/* What intake seals to must be something that classify opens. */
static bool opens(const struct identity_set *triage, const struct recipients *list)
{
	for (size_t i = 0; i < triage->n; i++) {
		struct age_recipient own;

		age_identity_recipient(triage->items[i], &own);
		if (memcmp(own.key, list->to.triage.key, AGE_KEY_BYTES) == 0)
			return true;
	}
	return false;
}

static bool load_list_of_recipients(const struct config_file *file, struct recipients *list)
{
	const struct yaml_node *node = config_get(file, "keys.recipients");
	struct buf path = BUF_INIT;
	bool there = node && *config_path(file, node, &path) && recipients_load(list, buf_text(&path), NULL) == 0;

	buf_release(&path);
	return there;
}

static void check_recipients(struct config_set *set, const struct config_file *file, const struct identity_set *triage,
			     const char *classify)
{
	struct recipients list;

	if (load_list_of_recipients(file, &list) && !opens(triage, &list))
		config_finding_at(set, config_get(file, "keys.recipients"),
				  "bring classify the identity, or sign a list with a key that it has",
				  "seals to a triage key that %s has no identity of: tips would be parked as "
				  "key-unknown", classify);
}

/* Whether adapters will take what the gateway hands out. */
static void check_handed_out(struct config_set *set, const struct config_file *gateway)
{
	const struct yaml_node *node = config_get(gateway, "keys.recipients");
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct recipients list;
	struct err why = ERR_INIT;
	struct buf path = BUF_INIT;

	if (!load_list_of_recipients(gateway, &list))
		return;
	if (recipients_valid(&list, clock_day(), &why) < 0)
		config_finding_at(set, node, "sign a list that is valid today (tipctl recipients sign)",
				  "adapters refuse it: %.160s", why.text);
	for (size_t i = 0; i < set->n; i++) {
		const struct yaml_node *own = config_get(&set->files[i], "keys.root");

		if (is_adapter(&set->files[i]) && own && *config_path(&set->files[i], own, &path) &&
		    keys_load_root_public(root, buf_text(&path), NULL) == 0 && recipients_verify(&list, root, NULL) < 0)
			config_finding_at(set, own, "give both the root key and the list of one site",
					  "did not sign what %s hands out: this adapter would give it no tip", gateway->path);
	}
	buf_release(&path);
}

static void check_intake(struct config_set *set, const struct config_file *classify)
{
	struct identity_set triage = { NULL, 0 };
	struct buf path = BUF_INIT;

	if (*config_path(classify, config_get(classify, "keys.triage"), &path) &&
	    identity_set_load(&triage, buf_text(&path), NULL) == 0)
		for (size_t i = 0; i < set->n; i++)
			if (is_adapter(&set->files[i]) || strcmp(set->files[i].program, "tipline-gateway") == 0)
				check_recipients(set, &set->files[i], &triage, classify->path);
	identity_set_release(&triage);
	buf_release(&path);
}

void config_check_adapters(struct config_set *set)
{
	const struct config_file *gateway = config_of(set, "tipline-gateway");
	const struct config_file *classify = config_of(set, "tipline-classify");
	struct adapter_list gateways = { NULL, 0 }, classifys = { NULL, 0 };
	bool listed = load_list(&gateways, gateway);

	for (size_t i = 0; i < set->n; i++) {
		if (!is_adapter(&set->files[i]) || !gateway)
			continue;
		if (listed)
			check_listed(set, &set->files[i], &gateways, gateway->path);
		check_gateway_key(set, &set->files[i], gateway);
	}
	if (listed && load_list(&classifys, classify))
		compare_lists(set, classify, &gateways, &classifys);
	if (classify)
		check_intake(set, classify);
	if (gateway)
		check_handed_out(set, gateway);
	adapter_list_release(&gateways);
	adapter_list_release(&classifys);
}
