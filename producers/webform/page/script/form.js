// SPDX-License-Identifier: Apache-2.0
// The form. Until this has found all that it needs the page shows no field, the button is disabled, and neither the
// form nor its fields have an action or names, so that no browser could send what is in them by itself.
import { countIn } from "./counts.js";
import { dayOf, readList } from "./list.js";
import { People } from "./people.js";
import { Problems } from "./problems.js";
import { sealTip } from "./seal.js";
import { send } from "./send.js";
import { problemsOf, tipOf } from "./tip.js";

const FIELDS = ["narrative", "where", "when", "relation", "contact_details"];

const byId = (id) => document.getElementById(id);

export class Form {
  #tip = null; // what the bytes below are of, as text
  #sealed = null;

  constructor(form) {
    this.form = form;
    this.button = byId("send");
    this.problems = new Problems(byId("problems"));
    this.phone = form.dataset.phone.replaceAll(" ", "\u00a0");
  }

  // The list as it is today: a page may stay open for days.
  list() {
    return readList(this.form.dataset.recipients, this.form.dataset.root, dayOf(Date.now()));
  }

  begin() {
    byId("starting").hidden = true;
    if (!globalThis.crypto?.subtle) return this.cannot("no-secure-context");
    try {
      this.list();
    } catch (error) {
      return this.cannot(error.code ?? "list-unreadable");
    }
    this.people = new People(byId("people"), byId("add-person"));
    this.form.querySelectorAll("[data-limit]:not(#people *)").forEach(countIn);
    this.contacts = [...this.form.querySelectorAll("input[type=radio]")];
    for (const radio of this.contacts) {
      radio.name = "contact"; // without one they are no group
      radio.addEventListener("change", () => this.showContact());
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.button.addEventListener("click", () => this.submit());
    addEventListener("pagehide", () => this.clear()); // Back must find nothing
    addEventListener("pageshow", () => this.busy(false)); // and, where the whole page comes back, a form that works
    this.form.hidden = false;
    this.button.disabled = false;
  }

  cannot(code) {
    this.form.hidden = true;
    this.button.disabled = true;
    byId("cannot-reason").textContent = code;
    byId("cannot").hidden = false;
  }

  get contact() {
    return this.contacts.find((radio) => radio.checked).value;
  }

  showContact() {
    byId("contact-more").classList.toggle("govuk-radios__conditional--hidden", this.contact !== "details");
  }

  report() {
    return { ...Object.fromEntries(FIELDS.map((name) => [name, byId(name).value])), people: this.people.values(),
      contact: this.contact };
  }

  inputOf({ field, person }) {
    return person === undefined ? byId(field) : this.people.input(person, field);
  }

  async submit() {
    if (this.button.disabled) return;
    this.problems.clear();
    const report = this.report();
    const wrong = problemsOf(report);
    if (wrong.length) return this.problems.showFields(wrong.map((p) => ({ input: this.inputOf(p), text: p.text })));
    this.busy(true);
    const answer = await this.deliver(tipOf(report));
    if (answer === "kept") {
      this.clear();
      location.replace("/received");
      return;
    }
    this.busy(false);
    this.tell(answer);
  }

  // What is sent again is the very same bytes under the same id, so that it is kept once; what was changed meanwhile is
  // another tip.
  async deliver(tip) {
    let list;
    try {
      list = this.list();
    } catch (error) {
      return error.code ?? "list-unreadable";
    }
    try {
      const text = JSON.stringify(tip);
      if (text !== this.#tip) {
        this.#sealed = await sealTip(tip, list);
        this.#tip = text;
      }
    } catch {
      return "not-sealed";
    }
    return send(this.#sealed);
  }

  busy(is) {
    this.button.disabled = is;
    this.button.textContent = is ? "Sending your report" : "Send your report";
    byId("sending").textContent = is ? "Sending your report. Please wait." : "";
  }

  tell(answer) {
    const kept = "What you wrote is still on this page.";
    const call = `Or call ${this.phone}.`;
    if (answer === "failed") {
      this.problems.showPage("Your report has not been sent yet", [
        `We could not be reached, or could not take it. ${kept}`,
        `Try again in a few minutes: it will not be taken twice. ${call}`]);
    } else {
      const why = answer === "refused" ? "Our side did not take it." :
        `It could not be sealed so that only the right people can open it (${answer}).`;
      this.problems.showPage("Your report has not been sent", [`${why} ${kept}`,
        `Copy it if it is safe to, open this page again and try once more. ${call}`]);
    }
  }

  clear() {
    for (const name of FIELDS) byId(name).value = "";
    this.people.clear();
    this.contacts[0].checked = true;
    this.showContact();
    this.#tip = this.#sealed = null;
  }
}
