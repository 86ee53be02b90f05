// SPDX-License-Identifier: Apache-2.0
// npm's age-encryption, and the public web form's script, at work: a line of JSON on standard input is one thing to do,
// mostly a file to seal or open, and a line is the answer.
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

// The public web form's own script, bundled for Node by site_of_keys.py: `code` is the bundle.
async function list({ code, list: text, root, today, to }) {
  const { readList } = await import(code);
  writeFileSync(to, JSON.stringify(readList(text, root, today)));
}

// What the page would post of a report.
async function form({ code, list: text, root, report, to }) {
  const { dayOf, readList, sealTip, tipOf } = await import(code);
  writeFileSync(to, await sealTip(tipOf(report), readList(text, root, dayOf(Date.now()))));
}

async function problems({ code, report }) {
  const { problemsOf } = await import(code);
  return problemsOf(report).map(({ field, person }) => (person === undefined ? field : `${person} ${field}`)).join(" ");
}

const jobs = { seal, open, armour, list, form, problems };

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  try {
    console.log(`ok ${(await jobs[job.do](job)) ?? ""}`.trim());
  } catch (error) {
    console.log(error.code?.startsWith("recipients-") ? `refused: ${error.code}` :
      `failed: ${error.message}`.replaceAll("\n", " "));
  }
}
