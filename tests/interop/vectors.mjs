// SPDX-License-Identifier: Apache-2.0
// Writes each of the CCTV age vectors, which npm's cctv-age exports as bytes under their names, into the folder given.
import { mkdirSync, writeFileSync } from "node:fs";
import * as vectors from "cctv-age";

const folder = process.argv.at(-1);
mkdirSync(folder, { recursive: true });
for (const [name, bytes] of Object.entries(vectors)) {
  if (bytes instanceof Uint8Array && /^[a-z0-9_]+$/.test(name)) writeFileSync(`${folder}/${name}`, bytes);
}
