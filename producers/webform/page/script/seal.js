// SPDX-License-Identifier: Apache-2.0
// A tip as the two age files of schema/seal.h, in the form in which the page posts it: tip id, contact, body.
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

const VERSION = 1;
const CHANNEL_WEB = 0;
const CONTACT_MODES = { none: 0, details: 2 };
const BODY_STANZAS = 4;
const CONTACT_STANZAS = 3;
const CONTACT_PLAIN = 1024;
const ID_BYTES = 16;
const BODY_HEAD = 8 + ID_BYTES;
const SIZES = [4, 16, 64, 256, 1024].map((kib) => kib * 1024);

// 0 to n - 1, each as likely as the other.
function below(n) {
  const word = new Uint32Array(1);
  do crypto.getRandomValues(word); while (word[0] >= 2 ** 32 - (2 ** 32 % n));
  return word[0] % n;
}

function shuffled(items) {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const other = below(i + 1);
    [out[i], out[other]] = [out[other], out[i]];
  }
  return out;
}

// A public key whose secret half nobody keeps.
async function fill() {
  return identityToRecipient(await generateX25519Identity());
}

// Always so many stanzas, in an order that says nothing: age keeps the order in which recipients are added.
async function sealAmongFill(plain, keys, stanzas) {
  const all = [...keys];
  while (all.length < stanzas) all.push(await fill());
  const encrypter = new Encrypter();
  for (const recipient of shuffled(all)) encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
}

function bodyPlain(tipId, json) {
  const size = SIZES.find((bytes) => bytes >= BODY_HEAD + json.length);
  if (!size) throw new RangeError("a tip of more than 1 MiB");
  const plain = new Uint8Array(size);
  const head = new DataView(plain.buffer);
  head.setUint16(0, VERSION);
  head.setUint16(2, CHANNEL_WEB);
  head.setUint32(4, json.length);
  plain.set(tipId, 8);
  plain.set(json, BODY_HEAD);
  return plain;
}

function contactPlain(mode, details) {
  if (details.length > CONTACT_PLAIN - 8) throw new RangeError("contact details of more than 1016 bytes");
  const plain = new Uint8Array(CONTACT_PLAIN);
  const head = new DataView(plain.buffer);
  head.setUint16(0, VERSION);
  head.setUint16(2, CONTACT_MODES[mode]);
  head.setUint32(4, details.length);
  plain.set(details, 8);
  return plain;
}

function randomId() {
  const id = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return id.some((byte) => byte) ? id : randomId();
}

// `tip`: { document, contact, details }, of tip.js. `to`: a list that readList returned.
export async function sealTip(tip, to) {
  const encoder = new TextEncoder();
  const tipId = randomId();
  const plains = [contactPlain(tip.contact, encoder.encode(tip.details)),
    bodyPlain(tipId, encoder.encode(tip.document))];
  const contact = await sealAmongFill(plains[0], [to.custodian, to.recovery], CONTACT_STANZAS);
  const body = await sealAmongFill(plains[1], [to.triage, to.recovery], BODY_STANZAS);
  for (const plain of plains) plain.fill(0);
  return new Uint8Array([...tipId, ...contact, ...body]);
}
