// SPDX-License-Identifier: Apache-2.0
// npm's age-encryption at work: a line of JSON on standard input is one file to seal or open, a line is the answer.
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

const jobs = { seal, open, armour };

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  try {
    await jobs[job.do](job);
    console.log("ok");
  } catch (error) {
    console.log(`failed: ${error.message}`.replaceAll("\n", " "));
  }
}
