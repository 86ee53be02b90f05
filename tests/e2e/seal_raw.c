/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal_raw SIGN RECIPIENTS ADAPTER [CONFIG]: seals and signs bytes that no adapter would, for tests of what opens them.
 *
 * Each line of standard input is "TWIST FILE": the file's bytes become the JSON of a body, unchecked; the twist (of the
 * table below, "-" for none) damages it on the way. The frame goes to FILE.frame. With CONFIG, an adapter's, it is also
 * submitted to the gateway as libtipline submits, and the receipt awaited. A line comes out for each in order of its
 * end: "FILE TIP-ID WORD", WORD being "sealed", or the receipt's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "producers/sdk/rehearsal.h"
#include "schema/age_parts.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/recipients.h"

#define WAIT_MS 30000
#define STANZA_BYTES 98 /* of X25519: two lines */

struct letter {
	char *file;
	struct seal_recipients recipients;
	struct seal_body body;
	struct frame frame;
	struct buf json, age, contact, bytes;
};

static _Noreturn void fail(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "seal_raw: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static void insert(struct buf *out, size_t at, struct slice what)
{
	struct buf whole = BUF_INIT;

	buf_append(&whole, out->data, at);
	buf_append_slice(&whole, what);
	buf_append(&whole, out->data + at, out->len - at);
	buf_release(out);
	*out = whole;
}

static size_t mac_at(void)
{
	return age_sealed_size(BODY_STANZAS, 0) - AGE_NONCE_BYTES - AGE_TAG_BYTES - AGE_BASE64_32 - 1;
}

static size_t first_share(void)
{
	return strlen(AGE_VERSION_LINE AGE_STANZA_START AGE_X25519 " ");
}

/* Of the age file, before it is signed. */

static void nine_stanzas(struct letter *letter)
{
	struct buf stanza = BUF_INIT;

	buf_append(&stanza, letter->age.data + strlen(AGE_VERSION_LINE), STANZA_BYTES);
	for (int i = BODY_STANZAS; i < 9; i++)
		insert(&letter->age, strlen(AGE_VERSION_LINE), buf_slice(&stanza));
	buf_release(&stanza);
}

static void scrypt_stanza(struct letter *letter)
{
	insert(&letter->age, strlen(AGE_VERSION_LINE),
	       slice_str("-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\nTEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"));
}

static void low_order(struct letter *letter)
{
	memset(letter->age.data + first_share(), 'A', AGE_BASE64_32);
}

/* The last column holds four bits; a fifth makes another text of the same bytes. */
static void base64(struct letter *letter)
{
	letter->age.data[first_share() + AGE_BASE64_32 - 1]++;
}

static void crlf(struct letter *letter)
{
	insert(&letter->age, strlen(AGE_VERSION_LINE) - 1, slice_str("\r"));
}

static void bad_mac(struct letter *letter)
{
	uint8_t *mac = letter->age.data + mac_at();

	*mac = *mac == 'A' ? 'B' : 'A';
}

static void swapped_payload(struct letter *letter)
{
	const size_t payload = mac_at() + AGE_BASE64_32 + 1;
	struct buf other = BUF_INIT;
	struct err err = ERR_INIT;

	if (seal_body(&other, &letter->recipients, &letter->body, &err))
		fail(letter->file, &err);
	memcpy(letter->age.data + payload, other.data + payload, other.len - payload);
	buf_release(&other);
}

/* Bodies of 64 KiB and more fill their chunks. */
static void missing_final_chunk(struct letter *letter)
{
	letter->age.len -= AGE_CHUNK + AGE_TAG_BYTES;
}

/* A plaintext of our own, of the smallest size, with a byte behind the JSON. */
static void padding(struct letter *letter)
{
	const struct age_recipient keys[] = { letter->recipients.triage, letter->recipients.recovery };
	uint8_t plain[4096] = { 0, 1, 0, CHANNEL_BATCH, 0, 0, 0, (uint8_t)letter->json.len };

	memcpy(plain + 8, letter->frame.tip_id.bytes, TIP_ID_BYTES);
	memcpy(plain + BODY_HEAD, letter->json.data, letter->json.len & 0xff);
	plain[sizeof(plain) - 1] = 1;
	buf_clear(&letter->age);
	age_seal_among_fill(&letter->age, keys, 2, BODY_STANZAS, slice_of(plain, sizeof(plain)));
}

/* The channel of the form; the others are of the batch. */
static void web(struct letter *letter)
{
	struct err err = ERR_INIT;

	letter->body.channel = CHANNEL_WEB;
	buf_clear(&letter->age);
	if (seal_body(&letter->age, &letter->recipients, &letter->body, &err))
		fail(letter->file, &err);
}

static void inner_id(struct letter *letter)
{
	letter->frame.tip_id.bytes[0] ^= 1;
}

/* Of the frame, after it was signed. */

static void magic(struct letter *letter)
{
	letter->bytes.data[0] ^= 1;
}

static void version(struct letter *letter)
{
	letter->bytes.data[4] = 2;
}

static void body_length(struct letter *letter)
{
	memset(letter->bytes.data + 28, 0xff, 4);
}

static void contact_length(struct letter *letter)
{
	memset(letter->bytes.data + 32, 0xff, 4);
}

static void cut(struct letter *letter)
{
	letter->bytes.len--;
}

static void extra_byte(struct letter *letter)
{
	buf_append_byte(&letter->bytes, 0);
}

static void unknown_adapter(struct letter *letter)
{
	memset(letter->bytes.data + 6, 0x77, 2);
}

static void signature(struct letter *letter)
{
	letter->bytes.data[letter->bytes.len - 1] ^= 1;
}

static const struct twist {
	const char *name;
	void (*before)(struct letter *), (*after)(struct letter *);
} twists[] = {
	{ "-", NULL, NULL },
	{ "web", web, NULL },
	{ "nine-stanzas", nine_stanzas, NULL },
	{ "scrypt-stanza", scrypt_stanza, NULL },
	{ "low-order", low_order, NULL },
	{ "base64", base64, NULL },
	{ "crlf", crlf, NULL },
	{ "bad-mac", bad_mac, NULL },
	{ "swapped-payload", swapped_payload, NULL },
	{ "missing-final-chunk", missing_final_chunk, NULL },
	{ "padding", padding, NULL },
	{ "inner-id", inner_id, NULL },
	{ "magic", NULL, magic },
	{ "version", NULL, version },
	{ "body-length", NULL, body_length },
	{ "contact-length", NULL, contact_length },
	{ "short", NULL, cut },
	{ "extra-byte", NULL, extra_byte },
	{ "unknown-adapter", NULL, unknown_adapter },
	{ "signature", NULL, signature },
};

static const struct twist *twist_of(const char *name)
{
	for (size_t i = 0; i < sizeof(twists) / sizeof(twists[0]); i++)
		if (strcmp(twists[i].name, name) == 0)
			return &twists[i];
	fail("no such twist", NULL);
}

static void write_frame(const struct letter *letter)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s.frame", letter->file);
	FILE *file = fopen(buf_text(&path), "we");
	if (file == NULL || fwrite(letter->bytes.data, 1, letter->bytes.len, file) != letter->bytes.len || fclose(file))
		fail(buf_text(&path), NULL);
	buf_release(&path);
}

static void seal(struct letter *letter, const struct twist *twist, const uint8_t secret[FRAME_SIGN_SECRET])
{
	struct err err = ERR_INIT;

	if (file_read(&letter->json, letter->file, BODY_JSON_MAX, &err))
		fail(letter->file, &err);
	tip_id_random(&letter->frame.tip_id);
	letter->body = (struct seal_body){ CHANNEL_BATCH, letter->frame.tip_id, buf_slice(&letter->json) };
	if (seal_body(&letter->age, &letter->recipients, &letter->body, &err) ||
	    seal_contact(&letter->contact, &letter->recipients, CONTACT_NONE, slice_of("", 0), &err))
		fail(letter->file, &err);
	if (twist->before)
		twist->before(letter);
	letter->frame.day = clock_day();
	letter->frame.body = buf_slice(&letter->age);
	letter->frame.contact = buf_slice(&letter->contact);
	frame_build(&letter->bytes, &letter->frame, secret);
	if (twist->after)
		twist->after(letter);
	write_frame(letter);
}

static void say(const char *file, const uint8_t tip_id[TIP_ID_BYTES], const char *word)
{
	char hex[TIP_ID_HEX];
	struct tip_id id;

	memcpy(id.bytes, tip_id, TIP_ID_BYTES);
	tip_id_hex(&id, hex);
	(void)printf("%s %s %s\n", file, hex, word);
}

static void on_receipt(void *arg, const struct tipline_receipt *receipt)
{
	(void)arg;
	say(receipt->opaque, receipt->tip_id, receipt->reason);
}

static void take_line(char *line, struct letter *letter, const uint8_t secret[FRAME_SIGN_SECRET],
		      struct tipline *tipline)
{
	char *file = strchr(line, ' ');

	if (file == NULL)
		fail("a line is \"TWIST FILE\"", NULL);
	*file++ = '\0';
	letter->file = file;
	seal(letter, twist_of(line), secret);
	if (tipline == NULL)
		say(file, letter->frame.tip_id.bytes, "sealed");
	else if (rehearsal_put_frame(tipline, buf_slice(&letter->bytes), letter->frame.tip_id.bytes, file))
		fail(tipline_error(), NULL);
}

int main(int argc, char **argv)
{
	static char lines[256][512]; /* the names outlive their lines: receipts come late */
	uint8_t secret[FRAME_SIGN_SECRET];
	struct recipients list;
	struct tipline *tipline = NULL;
	struct err err = ERR_INIT;

	if (argc < 4 || argc > 5)
		fail("SIGN RECIPIENTS ADAPTER [CONFIG]", NULL);
	if (keys_begin(&err) || keys_load_sign(secret, argv[1], &err) || recipients_load(&list, argv[2], &err))
		fail("keys", &err);
	if (argc == 5 && tipline_open(&tipline, argv[4]))
		fail(tipline_error(), NULL);
	if (tipline != NULL)
		tipline_on_receipt(tipline, on_receipt, NULL);
	for (size_t n = 0; n < sizeof(lines) / sizeof(lines[0]) && fgets(lines[n], sizeof(lines[n]), stdin); n++) {
		struct letter letter = { .recipients = list.to, .frame.adapter = (uint16_t)strtoul(argv[3], NULL, 10) };

		lines[n][strcspn(lines[n], "\n")] = '\0';
		take_line(lines[n], &letter, secret, tipline);
		buf_release(&letter.json);
		buf_release(&letter.age);
		buf_release(&letter.contact);
		buf_release(&letter.bytes);
	}
	return tipline != NULL && tipline_close(tipline, WAIT_MS) ? 75 : 0;
}
