// SPDX-License-Identifier: Apache-2.0
// Shows what is wrong: a summary on top that takes the focus, a message at each field, and the word in the title.
const MARK = "Error: ";

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Returns what takes it back. Ids may change meanwhile, when a person is removed.
function markField({ input, text }) {
  const described = input.getAttribute("aria-describedby");
  const group = input.closest(".govuk-form-group");
  const message = element("p", "govuk-error-message");
  message.id = `${input.id}-error`;
  message.append(element("span", "govuk-visually-hidden", MARK), text);
  input.before(message);
  group.classList.add("govuk-form-group--error");
  input.classList.add(input.tagName === "TEXTAREA" ? "govuk-textarea--error" : "govuk-input--error");
  input.setAttribute("aria-describedby", `${described ?? ""} ${message.id}`.trim());
  return () => {
    message.remove();
    group.classList.remove("govuk-form-group--error");
    input.classList.remove("govuk-textarea--error", "govuk-input--error");
    if (described) input.setAttribute("aria-describedby", described);
    else input.removeAttribute("aria-describedby");
  };
}

export class Problems {
  // `summary`: the element on top, hidden so far, with a title and a body.
  constructor(summary) {
    this.summary = summary;
    this.marks = [];
  }

  clear() {
    this.marks.forEach((takeBack) => takeBack());
    this.marks = [];
    this.summary.hidden = true;
    document.title = document.title.replace(MARK, "");
  }

  #show(title, ...body) {
    this.summary.querySelector(".govuk-error-summary__title").textContent = title;
    this.summary.querySelector(".govuk-error-summary__body").replaceChildren(...body);
    this.summary.hidden = false;
    document.title = MARK + document.title.replace(MARK, "");
    this.summary.focus();
    this.summary.scrollIntoView();
  }

  // [{ input, text }]
  showFields(fields) {
    const list = element("ul", "govuk-list govuk-error-summary__list");
    for (const field of fields) {
      const link = element("a", "", field.text);
      link.href = `#${field.input.id}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        field.input.labels[0].scrollIntoView();
        field.input.focus({ preventScroll: true });
      });
      const item = element("li", "");
      item.append(link);
      list.append(item);
      this.marks.push(markField(field));
    }
    this.#show("There is a problem", list);
  }

  // Of the whole page: sentences, each a paragraph.
  showPage(title, sentences) {
    this.#show(title, ...sentences.map((sentence) => element("p", "", sentence)));
  }
}
