// SPDX-License-Identifier: Apache-2.0
// The people a report is about: one at first, more by a button, up to PEOPLE_MAX.
import { countIn } from "./counts.js";
import { PEOPLE_MAX, PERSON } from "./tip.js";

// Fields of the n-th person have ids person-N-FIELD; the first stands in the page and is the pattern of the others.
export class People {
  constructor(container, button) {
    this.container = container;
    this.button = button;
    this.pattern = container.firstElementChild.cloneNode(true);
    container.querySelectorAll("[data-limit]").forEach(countIn);
    button.addEventListener("click", () => this.add());
    this.number();
  }

  get fieldsets() {
    return [...this.container.children];
  }

  input(n, field) {
    return this.fieldsets[n].querySelector(`[data-limit="${field}"]`);
  }

  values() {
    return this.fieldsets.map((_, n) => Object.fromEntries(PERSON.map((field) => [field, this.input(n, field).value])));
  }

  add() {
    const fieldset = this.pattern.cloneNode(true);
    this.container.append(fieldset);
    fieldset.querySelectorAll("[data-limit]").forEach(countIn);
    const remove = fieldset.querySelector("button");
    remove.addEventListener("click", () => this.remove(fieldset));
    this.number();
    this.focus(this.fieldsets.length - 1);
  }

  remove(fieldset) {
    const n = this.fieldsets.indexOf(fieldset);
    fieldset.remove();
    this.number();
    this.focus(n - 1);
  }

  focus(n) {
    this.fieldsets[n].querySelector("legend").focus();
  }

  // Whoever was removed leaves no gap.
  number() {
    const many = this.fieldsets.length > 1;
    this.fieldsets.forEach((fieldset, n) => {
      fieldset.querySelector("legend").textContent = many ? `Person ${n + 1}` : "Who is it about?";
      const remove = fieldset.querySelector("button");
      remove.hidden = n === 0;
      remove.textContent = `Remove person ${n + 1}`;
      for (const field of PERSON) {
        const input = this.input(n, field), group = input.closest(".govuk-form-group");
        group.querySelector("label").htmlFor = input.id = `person-${n + 1}-${field}`;
      }
    });
    this.button.hidden = this.fieldsets.length >= PEOPLE_MAX;
  }

  clear() {
    this.fieldsets.slice(1).forEach((fieldset) => fieldset.remove());
    PERSON.forEach((field) => { this.input(0, field).value = ""; });
    this.number();
  }
}
