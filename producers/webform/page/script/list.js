// SPDX-License-Identifier: Apache-2.0
// The signed list of recipients: read, checked, and refused in the order and with the codes of schema/recipients.h,
// which says what a list is. What needs a list that was in force before (recipients-older, recipients-conflict) is the
// adapters' to ask: nothing on a tipster's device remembers one.
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { bech32 } from "@scure/base";

const CONTEXT = "tipline/recipients/v1";
const DOCUMENT_MAX = 4096;
const SIGNED_MAX = 1024;
const EPOCH_MAX = 4294967295;
// A browser's clock may be of another day than the site's.
const SLACK_DAYS = 1;
const MS_PER_DAY = 86400000;

export class Refusal extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

const malformed = (text) => new Refusal("recipients-format", text);

export const dayOf = (ms) => Math.floor(ms / MS_PER_DAY);

// A JSON text as the members of one flat object, [name, value], in their order: what JSON.parse would hide, a name that
// comes twice or a number of another spelling, is refused here.
function membersOf(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[^\s"{}[\]:,]+|[{}[\]:,]/g) ?? [];
  let object;
  try {
    object = JSON.parse(text);
  } catch {
    throw malformed("no JSON");
  }
  if (object === null || typeof object !== "object" || Array.isArray(object)) throw malformed("not an object");
  const members = Object.entries(object);
  if (tokens.filter((token) => token === ":").length !== members.length) throw malformed("a name twice, or not flat");
  if (/[\0\p{Surrogate}]/u.test(members.flat().join(""))) throw malformed("no text");
  return members.map(([name, value], n) => [name, typeof value === "number" ? { token: tokens[4 * n + 3] } : value]);
}

function bytesOf(base64, max) {
  if (typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4) return null;
  const binary = atob(base64);
  // Of several spellings of the same bytes one is right.
  return binary.length <= max && btoa(binary) === base64 ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : null;
}

function dayIn(text) {
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return ms >= 0 && new Date(ms).toISOString().startsWith(text) ? dayOf(ms) : null;
}

function epochIn(value) {
  return /^[1-9]\d{0,9}$/.test(value?.token) && Number(value.token) <= EPOCH_MAX ? Number(value.token) : null;
}

// One spelling of a key, and none that anybody could open (a point of low order).
function recipientIn(text) {
  try {
    const { prefix, bytes } = bech32.decodeToBytes(text);
    if (prefix !== "age" || bytes.length !== 32 || !text.startsWith("age1")) return null;
    x25519.getSharedSecret(new Uint8Array(32).fill(8), bytes);
    return text;
  } catch {
    return null;
  }
}

const ENVELOPE = {
  tipline: (value) => (value === "recipients/v1" ? value : null),
  signed: (value) => bytesOf(value, SIGNED_MAX),
  signature: (value) => { const bytes = bytesOf(value, 64); return bytes?.length === 64 ? bytes : null; },
};
const LIST = { epoch: epochIn, not_before: dayIn, not_after: dayIn, triage: recipientIn, recovery: recipientIn,
  custodian: recipientIn };

function take(text, parts, optional) {
  const taken = {};
  for (const [name, value] of membersOf(text)) {
    if (!Object.hasOwn(parts, name)) throw malformed("a member that is not known");
    taken[name] = parts[name](value);
    if (taken[name] === null) {
      throw new Refusal(parts[name] === recipientIn ? "recipients-key" : "recipients-format",
        `${name} is not what it must be`);
    }
  }
  for (const name of Object.keys(parts)) {
    if (name !== optional && !Object.hasOwn(taken, name)) throw malformed(`${name} is missing`);
  }
  return taken;
}

function parse(document) {
  if (new TextEncoder().encode(document).length > DOCUMENT_MAX) throw malformed(`more than ${DOCUMENT_MAX} bytes`);
  const envelope = take(document, ENVELOPE, "signature");
  let inner;
  try {
    inner = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(envelope.signed);
  } catch {
    throw malformed("bytes that are not UTF-8");
  }
  const list = take(inner, LIST);
  if (list.not_before > list.not_after) throw malformed("not_after is before not_before");
  if (new Set([list.triage, list.recovery, list.custodian]).size !== 3) {
    throw new Refusal("recipients-key", "one key stands in two places");
  }
  return { envelope, list };
}

function verify({ signed, signature }, root) {
  if (!signature) throw new Refusal("recipients-unsigned", "not signed");
  const message = new Uint8Array([...new TextEncoder().encode(CONTEXT), ...signed]);
  const key = /^[0-9a-f]{64}$/.test(root) ? Uint8Array.from(root.match(/../g), (hex) => parseInt(hex, 16)) : null;
  // Not as lenient as noble is unless told: RFC 8032, as libsodium checks it.
  if (!key || !ed25519.verify(signature, message, key, { zip215: false })) {
    throw new Refusal("recipients-signature", "not signed by the root key");
  }
}

// `document`: the list, byte for byte, as text. `root`: the root key's public half, 64 hex digits. `today`: days since
// 1970-01-01. Nothing of a list is returned before all of it was found right.
export function readList(document, root, today) {
  const { envelope, list } = parse(document);
  verify(envelope, root);
  if (today > list.not_after + SLACK_DAYS) throw new Refusal("recipients-expired", "its last day was before today");
  if (today < list.not_before - SLACK_DAYS) throw new Refusal("recipients-early", "its first day is after today");
  return list;
}
