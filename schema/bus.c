/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/bus.h"

#include <string.h>

#include <sodium.h>

#include "schema/fingerprint.h"
#include "schema/locked.h"
#include "schema/reason.h"

#define VERSION 1
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_BYTES (2 + NONCE_BYTES)
#define RING_MAX 64

_Static_assert(BUS_OVERHEAD == HEAD_BYTES + TAG_BYTES, "version, epoch, nonce and tag");
_Static_assert(BUS_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "XChaCha20-Poly1305");

struct ring_key {
	uint8_t key[BUS_KEY_BYTES];
	char topic[BUS_TOPIC_MAX + 1]; /* "" for the key of all topics */
	uint8_t epoch;
};

struct bus_ring {
	size_t n;
	uint8_t active; /* 0: the newest */
	struct ring_key keys[RING_MAX];
};

struct associated_data {
	uint8_t bytes[BUS_TOPIC_MAX + TIP_ID_BYTES];
	size_t len;
};

int bus_ring_new(struct bus_ring **out, struct err *err)
{
	struct bus_ring *ring = locked_alloc(sizeof(*ring), err);

	if (ring == NULL)
		return -1;
	*out = ring;
	return 0;
}

void bus_ring_free(struct bus_ring *ring)
{
	locked_free(ring);
}

static int ring_add(struct bus_ring *ring, uint8_t epoch, const char *topic, const uint8_t *key, struct err *err)
{
	struct ring_key *added;

	if (strlen(topic) > BUS_TOPIC_MAX)
		return err_set(err, ERR_CONFIG, NULL, "bus key: the topic's name is too long");
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i].epoch == epoch && strcmp(ring->keys[i].topic, topic) == 0)
			return err_set(err, ERR_CONFIG, NULL, "bus key: epoch %u is there twice", epoch);
	if (ring->n == RING_MAX)
		return err_set(err, ERR_CONFIG, NULL, "bus key: more than %d keys", RING_MAX);
	added = &ring->keys[ring->n++];
	added->epoch = epoch;
	memcpy(added->key, key, BUS_KEY_BYTES);
	memcpy(added->topic, topic, strlen(topic) + 1);
	return 0;
}

int bus_ring_add(struct bus_ring *ring, uint8_t epoch, const uint8_t key[BUS_KEY_BYTES], struct err *err)
{
	return ring_add(ring, epoch, "", key, err);
}

int bus_ring_add_topic(struct bus_ring *ring, uint8_t epoch, const char *topic, const uint8_t key[BUS_KEY_BYTES],
		       struct err *err)
{
	if (*topic == '\0')
		return err_set(err, ERR_CONFIG, NULL, "bus key: a topic without a name");
	return ring_add(ring, epoch, topic, key, err);
}

void bus_derive(uint8_t out[BUS_KEY_BYTES], const uint8_t key[BUS_KEY_BYTES], const char *topic)
{
	static const uint8_t context[] = "tipline/bus/v1/";
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, BUS_KEY_BYTES, BUS_KEY_BYTES);
	crypto_generichash_update(&state, context, sizeof(context) - 1);
	crypto_generichash_update(&state, (const uint8_t *)topic, strlen(topic));
	crypto_generichash_final(&state, out, BUS_KEY_BYTES);
	sodium_memzero(&state, sizeof(state));
}

static bool serves(const struct ring_key *key, const char *topic)
{
	return key->topic[0] == '\0' || strcmp(key->topic, topic) == 0;
}

/* The topic's key in an epoch, or in the one to seal with for epoch -1; returns the epoch, or -1 when there is none. */
static int topic_key(uint8_t out[BUS_KEY_BYTES], const struct bus_ring *ring, const char *topic, int epoch)
{
	const struct ring_key *found = NULL;

	if (epoch < 0 && ring->active)
		epoch = ring->active;
	for (size_t i = 0; i < ring->n; i++) {
		const struct ring_key *key = &ring->keys[i];

		if (serves(key, topic) && (epoch < 0 || key->epoch == epoch) &&
		    (found == NULL || key->epoch > found->epoch))
			found = key;
	}
	if (found == NULL)
		return -1;
	if (found->topic[0] == '\0')
		bus_derive(out, found->key, topic);
	else
		memcpy(out, found->key, BUS_KEY_BYTES);
	return found->epoch;
}

bool bus_ring_has(const struct bus_ring *ring, const char *topic)
{
	for (size_t i = 0; i < ring->n; i++)
		if (serves(&ring->keys[i], topic))
			return true;
	return false;
}

int bus_ring_activate(struct bus_ring *ring, uint8_t epoch, struct err *err)
{
	bool there = epoch == 0;

	for (size_t i = 0; i < ring->n; i++)
		there = there || ring->keys[i].epoch == epoch;
	if (!there)
		return err_set(err, ERR_CONFIG, NULL, "bus key: epoch %u is to seal, but its key is not here", epoch);
	ring->active = epoch;
	return 0;
}

uint8_t bus_ring_seals(const struct bus_ring *ring, const char *topic)
{
	uint8_t key[BUS_KEY_BYTES];
	int epoch = topic_key(key, ring, topic, -1);

	sodium_memzero(key, sizeof(key));
	return epoch < 0 ? 0 : (uint8_t)epoch;
}

void bus_ring_take(struct bus_ring *to, struct bus_ring *from)
{
	memcpy(to, from, sizeof(*to));
	bus_ring_free(from);
}

void bus_ring_names(const struct bus_ring *ring, void (*each)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < ring->n; i++) {
		const struct ring_key *key = &ring->keys[i];
		char print[FINGERPRINT_TEXT], name[BUS_TOPIC_MAX + 64];

		fingerprint_secret(print, "bus", slice_of(key->key, sizeof(key->key)));
		snprintf(name, sizeof(name), "bus:%u:%s%s%s", key->epoch, key->topic, key->topic[0] ? ":" : "", print);
		each(arg, name);
	}
}

/* Topic || tip id: the id's length is fixed, so no two pairs run together alike. */
static void associate(struct associated_data *data, const char *topic, const struct tip_id *tip_id)
{
	size_t len = strlen(topic);

	if (len > BUS_TOPIC_MAX)
		BUG("a topic with a name of %zu characters", len);
	memcpy(data->bytes, topic, len);
	memcpy(data->bytes + len, tip_id->bytes, TIP_ID_BYTES);
	data->len = len + TIP_ID_BYTES;
}

int bus_seal(struct buf *out, struct bus_ring *ring, const char *topic, const struct tip_id *tip_id,
	     struct slice record, struct err *err)
{
	uint8_t key[BUS_KEY_BYTES];
	struct associated_data data;
	uint8_t *to;
	int epoch = topic_key(key, ring, topic, -1);

	if (epoch < 0)
		return err_set(err, ERR_CONFIG, REASON_RECORD_KEY, "no bus key for topic %s", topic);
	associate(&data, topic, tip_id);
	to = buf_reserve(out, BUS_OVERHEAD + record.len);
	to[0] = VERSION;
	to[1] = (uint8_t)epoch;
	randombytes_buf(to + 2, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(to + HEAD_BYTES, NULL, record.data, record.len, data.bytes,
						   data.len, NULL, to + 2, key);
	out->len += BUS_OVERHEAD + record.len;
	out->data[out->len] = '\0';
	sodium_memzero(key, sizeof(key));
	return 0;
}

int bus_open(struct buf *plain, struct bus_ring *ring, const char *topic, const struct tip_id *tip_id,
	     struct slice sealed, struct err *err)
{
	uint8_t key[BUS_KEY_BYTES];
	struct associated_data data;
	uint8_t *to;
	int failed;

	if (sealed.len < BUS_OVERHEAD || sealed.data[0] != VERSION)
		return err_set(err, ERR_DATA, REASON_RECORD_SEAL, "not a record sealed under a bus key");
	if (topic_key(key, ring, topic, sealed.data[1]) < 0)
		return err_set(err, ERR_DATA, REASON_RECORD_KEY, "no bus key of epoch %u for topic %s",
			       sealed.data[1], topic);
	associate(&data, topic, tip_id);
	to = buf_reserve(plain, sealed.len - BUS_OVERHEAD);
	failed = crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, sealed.data + HEAD_BYTES,
							    sealed.len - HEAD_BYTES, data.bytes, data.len,
							    sealed.data + 2, key);
	sodium_memzero(key, sizeof(key));
	if (failed)
		return err_set(err, ERR_DATA, REASON_RECORD_SEAL, "the record does not open under the bus key");
	plain->len += sealed.len - BUS_OVERHEAD;
	plain->data[plain->len] = '\0';
	return 0;
}
