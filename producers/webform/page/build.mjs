// SPDX-License-Identifier: Apache-2.0
// build.mjs PACKAGES OUT: makes the folder that the daemon loads: pages, style and script. PACKAGES has node_modules as
// package-lock.json says. Of a page what stands here between {% and %} is filled now, what stands between {{ and }} by
// the daemon.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [packages, out] = process.argv.slice(2).map((path) => resolve(path));
const here = fileURLToPath(new URL(".", import.meta.url));
const modules = join(packages, "node_modules");
const require = createRequire(pathToFileURL(join(packages, "package.json")));

const EVERYWHERE = ["organisation", "phone", "exit"];
const OF_THE_REPORT = ["recipients", "root", "problem", "problem_at", "problem_mark", "problem_hidden", "narrative",
  "where", "when", "relation", "subject_name", "subject_rank", "subject_number", "subject_station", "contact_details",
  "contact_none", "contact_details_checked"];
const PAGES = [
  { name: "start" },
  { name: "safety", title: "How to stay safe" },
  { name: "report", title: "{{problem_mark}}Make a report", placeholders: OF_THE_REPORT },
  { name: "received", title: "We have your report" },
  { name: "unavailable", title: "You cannot send a report online just now" },
  { name: "missing", title: "Page not found" },
];

const read = (name) => readFileSync(join(here, name), "utf8");

// A reader never finds half of a file.
function write(name, content) {
  writeFileSync(join(out, `.${name}`), content);
  renameSync(join(out, `.${name}`), join(out, name));
}

function style() {
  return require("sass").compile(join(here, "style.scss"), { style: "compressed", loadPaths: [modules] }).css + "\n";
}

// The libraries' words for a console are left out with their calls: nothing of a report may ever stand in one.
function script() {
  const { outputFiles, metafile } = require("esbuild").buildSync({
    entryPoints: [join(here, "script", "report.js")], bundle: true, minify: true, format: "iife", charset: "utf8",
    target: ["chrome109", "firefox115", "safari16"], nodePaths: [modules], absWorkingDir: packages, write: false,
    metafile: true, legalComments: "none", drop: ["console", "debugger"],
    banner: { js: "/*! SPDX-License-Identifier: Apache-2.0 AND BSD-3-Clause AND MIT (see LICENCES.txt) */" },
  });
  return { code: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}

// Of the packages that a file that is served was made from: their licences ask for it.
function licences(inputs) {
  const names = new Set(inputs.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean));
  return [...names, "govuk-frontend"].filter((name, n, all) => all.indexOf(name) === n).sort().map((name) => {
    const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json")));
    const file = readdirSync(join(modules, name)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(modules, name, file), "utf8") : read("govuk-frontend.licence.txt");
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  }).join(`\n${"-".repeat(72)}\n\n`);
}

function page({ name, title, placeholders = [] }, layout, code) {
  const service = "Report corruption or abuse in the police";
  const values = { title: title ? `${title} – ${service}` : service, main: read(`${name}.html`), service,
    integrity: `sha512-${createHash("sha512").update(code).digest("base64")}` };
  const html = layout.replace(/\{% (\w+) %\}/g, (all, key) => values[key].trim()).replace(/<!--[^]*?-->\n*/g, "")
    .replaceAll("{% service %}", service);
  for (const [, key] of html.matchAll(/\{\{(.*?)\}\}/g)) {
    if (![...EVERYWHERE, ...placeholders].includes(key)) throw new Error(`${name}.html: {{${key}}} is not filled`);
  }
  for (const key of placeholders) {
    if (!html.includes(`{{${key}}}`)) throw new Error(`${name}.html: {{${key}}} has no place`);
  }
  return html;
}

mkdirSync(out, { recursive: true });
const { code, inputs } = script();
const layout = read("layout.html");
write("site.css", style());
write("report.js", code);
write("LICENCES.txt", licences(inputs));
// The report last: make looks at its age.
for (const each of [...PAGES].sort((a, b) => (a.name === "report") - (b.name === "report"))) {
  write(`${each.name}.html`, page(each, layout, code));
}
