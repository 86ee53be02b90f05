// SPDX-License-Identifier: Apache-2.0
// Begins on every page: the way out of it. On the page of the form: seals what was typed on this device and sends it.
// What was typed stands in the fields of the page alone: in no storage, address or console.
import { Button, ExitThisPage, SkipLink } from "govuk-frontend";
import { Form } from "./form.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
document.querySelectorAll("[data-module=govuk-exit-this-page]").forEach((element) => new ExitThisPage(element));
document.querySelectorAll("[data-module=govuk-button]").forEach((element) => new Button(element));
document.querySelectorAll("[data-module=govuk-skip-link]").forEach((element) => new SkipLink(element));

const form = document.getElementById("report");
if (form) new Form(form).begin();
