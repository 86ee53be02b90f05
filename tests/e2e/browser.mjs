// SPDX-License-Identifier: Apache-2.0
// A browser at work: a line of JSON on standard input is one thing to do, a line is the answer. Each "begin" is a
// person with a browser of his own, which remembers nothing.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, executablePath, origin] = process.argv.slice(-3);
const require = createRequire(`${packages}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
// plain.test: this machine under a name, so that a page from there is in no secure context.
const FLAGS = ["--host-resolver-rules=MAP plain.test 127.0.0.1", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WAIT_MS = 15000;

// With the cache of whole pages that people have when they go back.
const browser = await chromium.launch({ executablePath, args: FLAGS, chromiumSandbox: false,
  ignoreDefaultArgs: ["--disable-back-forward-cache"] });
let context, page, seen;

// What went out, what was said in the console, what a policy forbade.
function watch() {
  seen = { requests: [], console: [], violations: [] };
  page.on("request", (request) => seen.requests.push({ method: request.method(), url: request.url(),
    headers: request.headers(), body: request.postDataBuffer()?.toString("base64") ?? "" }));
  page.on("console", (message) => seen.console.push(message.text()));
  page.on("pageerror", (error) => seen.console.push(`error: ${error.message}`));
}

const jobs = {
  async begin({ js = true, width = 1200, height = 900 }) {
    await context?.close();
    context = await browser.newContext({ javaScriptEnabled: js, viewport: { width, height }, locale: "en-GB" });
    page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    watch();
    await page.exposeFunction("tellViolation", (text) => seen.violations.push(text));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) =>
      window.tellViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`)));
  },
  go: async ({ path }) => (await page.goto(origin + path)).status(),
  visit: async ({ url }) => (await page.goto(url)).status(),
  fill: ({ at, text }) => page.fill(at, text),
  click: ({ at }) => page.click(at),
  check: ({ at }) => page.check(at),
  press: ({ key }) => page.keyboard.press(key),
  text: ({ at }) => page.innerText(at),
  value: ({ at }) => page.inputValue(at),
  visible: ({ at }) => page.isVisible(at),
  count: ({ at }) => page.locator(at).count(),
  see: ({ at }) => page.waitForSelector(at).then(() => null),
  arrive: ({ path }) => page.waitForURL(origin + path).then(() => null),
  title: () => page.title(),
  at: ({ url }) => page.waitForURL(url).then(() => null),
  back: () => page.goBack({ waitUntil: "commit" }).then(() => null),
  evaluate: ({ script }) => page.evaluate(script),
  shot: ({ to }) => page.screenshot({ path: to, fullPage: true }).then(() => null),
  seen: () => seen,
  // The clock of this device.
  clock: ({ time }) => page.clock.setFixedTime(time),
  // What the network makes of an answer of the daemon's: another text in it; or it goes lost when it was given.
  alter: ({ path, from, to }) => page.route(origin + path, async (route) => {
    const answer = await route.fetch();
    const body = await answer.text();
    if (!body.includes(from)) throw new Error(`${path} has no ${from}`);
    await route.fulfill({ response: answer, body: body.replaceAll(from, to) });
  }),
  replace: ({ path, body }) => page.route(origin + path, async (route) =>
    route.fulfill({ response: await route.fetch(), body })),
  refuse: ({ path, status }) => page.route(origin + path, (route) =>
    route.fulfill({ status, json: { kept: false, reason: "test" } }), { times: 1 }),
  lose: ({ path }) => page.route(origin + path, async (route) => {
    await route.fetch();
    await route.abort("connectionreset");
  }, { times: 1 }),
  // What stays on the device but for the browser's own history.
  async left() {
    const stored = await page.evaluate(async () => [localStorage.length, sessionStorage.length,
      (await indexedDB.databases()).length, (await caches.keys()).length]);
    return { stored, cookies: (await context.cookies()).length };
  },
  async axe() {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" ")}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  try {
    console.log(JSON.stringify({ is: (await jobs[job.do](job)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ failed: error.message }));
  }
}
await browser.close();
