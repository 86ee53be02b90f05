// SPDX-License-Identifier: Apache-2.0
// How much more a field takes, told when it fills up: in bytes of UTF-8, which is what the limits count.
import { LIMITS, bytesIn } from "./tip.js";

const TELL_FROM = 0.75;
// Long enough after the last key that a screen reader does not speak in between.
const QUIET_MS = 1000;

function words(left) {
  const n = Math.abs(left).toLocaleString("en-GB");
  const characters = Math.abs(left) === 1 ? "character" : "characters";
  return left < 0 ? `You have ${n} ${characters} too many` : `You have ${n} ${characters} remaining`;
}

function line(classes, attribute, value) {
  const element = document.createElement("div");
  element.className = classes;
  element.setAttribute(attribute, value);
  return element;
}

// `input` has data-limit, the name of its limit.
export function countIn(input) {
  const limit = LIMITS[input.dataset.limit];
  const shown = line("govuk-hint govuk-character-count__message", "aria-hidden", "true");
  const spoken = line("govuk-visually-hidden", "role", "status");
  let timer = 0;
  const update = () => {
    // A short text cannot have too many bytes: no need to count those of a long one at each key.
    const bytes = input.value.length * 3 < limit * TELL_FROM ? 0 : bytesIn(input.value);
    const text = bytes < limit * TELL_FROM ? "" : words(limit - bytes);
    shown.textContent = text;
    shown.classList.toggle("govuk-error-message", bytes > limit);
    shown.classList.toggle("govuk-hint", bytes <= limit);
    clearTimeout(timer);
    timer = setTimeout(() => { spoken.textContent = text; }, QUIET_MS);
  };
  input.after(shown, spoken);
  input.addEventListener("input", update);
}
