// SPDX-License-Identifier: Apache-2.0
// npm's age-encryption, and WebCrypto, at work: a line of JSON on standard input is one file to seal or open, a line is the answer.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Decrypter, Encrypter, armor } from "age-encryption";

async function seal({ recipients, from, to }) {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  writeFileSync(to, await encrypter.encrypt(readFileSync(from)));
}

async function open({ identity, from, to }) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  writeFileSync(to, await decrypter.decrypt(readFileSync(from)));
}

function armour({ from, to }) {
  writeFileSync(to, armor.encode(readFileSync(from)));
}

// What the public web form's page does with the list of recipients: WebCrypto alone, by the words of
// schema/recipients.h.
async function list({ from, root, to }) {
  const { tipline, signed, signature } = JSON.parse(readFileSync(from, "utf8"));
  const bytes = Uint8Array.from(atob(signed), (c) => c.charCodeAt(0));
  const context = new TextEncoder().encode("tipline/recipients/v1");
  const message = new Uint8Array([...context, ...bytes]);
  const key = await crypto.subtle.importKey("raw", Buffer.from(root, "hex"), { name: "Ed25519" }, false, ["verify"]);
  const good = await crypto.subtle.verify("Ed25519", key, Buffer.from(signature, "base64"), message);
  if (tipline !== "recipients/v1" || !good) throw new Error("not signed by the root key");
  writeFileSync(to, bytes);
}

const jobs = { seal, open, armour, list };

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  try {
    await jobs[job.do](job);
    console.log("ok");
  } catch (error) {
    console.log(`failed: ${error.message}`.replaceAll("\n", " "));
  }
}
