/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seeds that only our own code can make: frames, age files, records, entries, Kafka records. They are
 * random where sealing is, so they are made once and kept in tests/fuzz/corpus: `make fuzz-seeds` makes them anew.
 * Seeds that are text stand there as somebody wrote them.
 */
#include <sodium.h>
#include <sys/stat.h>

#include "schema/age_parts.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/seal.h"
#include "tests/fuzz/age_identity.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/record_sample.h"
#include "workers/dedupe/entry.h"

static const char *folder;

static void write_seed(const char *target, const char *name, struct slice content)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, target);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	file = fopen(path, "wb");
	FUZZ_HOLDS(file && fwrite(content.data, 1, content.len, file) == content.len && fclose(file) == 0);
}

static void write_frame(void)
{
	static const uint8_t contact[FRAME_CONTACT_BYTES];
	uint8_t public_key[FRAME_SIGN_PUBLIC], secret[FRAME_SIGN_SECRET];
	struct frame frame = { .tip_id = { { 1, 2, 3 } }, .adapter = 1, .day = 20000, .body = slice_str("body"),
			       .contact = slice_of(contact, sizeof(contact)) };
	struct buf out = BUF_INIT;

	frame_sign_keypair(public_key, secret);
	frame_build(&out, &frame, secret);
	write_seed("frame", "small", buf_slice(&out));
	buf_release(&out);
}

/* As armour_fuzz.c reads it, and age_stream_fuzz.c behind two bytes that cut the pieces. */
static void write_armour(const char *name, struct slice file)
{
	struct buf out = BUF_INIT;
	char line[80];

	buf_append_be16(&out, 0);
	buf_append_slice(&out, file);
	write_seed("age_stream", name, buf_slice(&out));
	buf_clear(&out);
	buf_append_be16(&out, 37);
	buf_append_str(&out, "-----BEGIN AGE ENCRYPTED FILE-----\n");
	for (size_t at = 0; at < file.len; at += 48) {
		sodium_bin2base64(line, sizeof(line), file.data + at, file.len - at < 48 ? file.len - at : 48,
				  sodium_base64_VARIANT_ORIGINAL);
		buf_printf(&out, "%s\n", line);
	}
	buf_append_str(&out, "-----END AGE ENCRYPTED FILE-----\n");
	write_seed("armour", name, slice_of(out.data + 2, out.len - 2));
	(void)snprintf(line, sizeof(line), "%s-as-text", name);
	write_seed("age_stream", line, buf_slice(&out));
	buf_release(&out);
}

static void write_age(void)
{
	static const size_t lengths[] = { 0, 100 };
	static const uint8_t zeros[100];
	struct age_recipient keys[3];
	struct age_identity *identity;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	char name[32];

	FUZZ_HOLDS(age_identity_parse(&identity, FUZZ_AGE_IDENTITY, strlen(FUZZ_AGE_IDENTITY), &err) == 0);
	age_identity_recipient(identity, &keys[0]);
	age_recipient_fill(&keys[1]);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		buf_clear(&out);
		age_seal_among_fill(&out, keys, 1 + i, 1 + 2 * i, slice_of(zeros, lengths[i]));
		(void)snprintf(name, sizeof(name), "of-%zu-bytes", lengths[i]);
		write_seed("age", name, buf_slice(&out));
		write_armour(name, buf_slice(&out));
	}
	age_identity_free(identity);
	buf_release(&out);
}

/* As sealed_fuzz.c reads it: the body's size, then the beginnings of both files. */
static void write_sealed(void)
{
	static const struct {
		const char *name;
		size_t body, contact;
	} kinds[] = { { "tip", BODY_STANZAS, CONTACT_STANZAS }, { "other-stanzas", CONTACT_STANZAS, BODY_STANZAS } };
	uint8_t file_key[AGE_FILE_KEY_BYTES];
	struct age_recipient key;

	age_recipient_fill(&key);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct age_recipient *places[AGE_RECIPIENTS_MAX] = { &key };
		struct buf out = BUF_INIT;

		buf_append_byte(&out, 0);
		buf_append_be16(&out, (uint16_t)(age_sealed_size(kinds[i].body, 0) - age_payload_size(0)));
		age_header_seal(&out, places, kinds[i].body, file_key);
		age_header_seal(&out, places, kinds[i].contact, file_key);
		write_seed("sealed", kinds[i].name, buf_slice(&out));
		buf_release(&out);
	}
}

/* As kafka_fuzz.c reads it. `flags`: sealed, with the id of the value, routed. */
static void write_kafka(const char *name, uint8_t flags, struct slice value)
{
	struct buf out = BUF_INIT;

	buf_append_byte(&out, flags);
	buf_append_be32(&out, 3);
	buf_append_be64(&out, 41);
	buf_append_be64(&out, UINT64_C(20000) * 86400000);
	buf_append_byte(&out, 2);
	buf_append_byte(&out, 1); /* day */
	buf_append_be16(&out, 5);
	buf_append_str(&out, "20001");
	buf_append_byte(&out, 7); /* attempts */
	buf_append_be16(&out, 1);
	buf_append_str(&out, "3");
	buf_append_be16(&out, 32); /* key */
	buf_append_str(&out, "000102030405060708090a0b0c0d0e0f");
	buf_append_slice(&out, value);
	write_seed("kafka", name, buf_slice(&out));
	buf_release(&out);
}

static void write_records(struct arena *arena)
{
	static const struct {
		const char *name;
		uint32_t parts;
	} kinds[] = {
		{ "fresh", 0 }, { "classified", RECORD_CLASSIFIED }, { "linked", RECORD_CLASSIFIED | RECORD_LINKED },
		{ "routed", RECORD_CLASSIFIED | RECORD_LINKED | RECORD_ROUTED },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct buf cbor = BUF_INIT, json = BUF_INIT;
		struct record record;

		sample_record(&record, kinds[i].parts, 1, arena);
		record.tokens.n = record.tokens.n < 8 ? record.tokens.n : 8;
		record_encode(&cbor, &record);
		record_to_json(&json, &record);
		write_seed("record", kinds[i].name, buf_slice(&cbor));
		write_seed("record_json", kinds[i].name, buf_slice(&json));
		write_kafka(kinds[i].name, (kinds[i].parts & RECORD_ROUTED) ? 2 + 4 + 8 : 2 + 4, buf_slice(&cbor));
		buf_release(&cbor);
		buf_release(&json);
	}
}

static void write_entries(struct arena *arena)
{
	struct entry entry = { .day = 20000, .case_id = { { 7 } } };
	struct record record;
	struct buf out = BUF_INIT;

	sample_record(&record, RECORD_CLASSIFIED | RECORD_LINKED, 1, arena);
	entry.tokens = record.tokens;
	entry.tokens.n = 8;
	entry_encode(&out, &entry);
	write_seed("entry", "entry", buf_slice(&out));
	buf_clear(&out);
	entry_links_encode(&out, record.links, record.n_links);
	write_seed("entry", "links", buf_slice(&out));
	buf_release(&out);
}

int main(int argc, char **argv)
{
	struct arena *arena = arena_new(65536);
	struct err err = ERR_INIT;

	FUZZ_HOLDS(argc == 2 && keys_begin(&err) == 0);
	folder = argv[1];
	write_frame();
	write_age();
	write_sealed();
	write_records(arena);
	write_entries(arena);
	arena_free(arena);
	return 0;
}
