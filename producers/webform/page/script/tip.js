// SPDX-License-Identifier: Apache-2.0
// What someone typed, as a tip of schema/tip.schema.json.

// Bytes of UTF-8, as schema/tip_fields.c has them.
export const LIMITS = { narrative: 200000, where: 1000, when: 1000, relation: 200, contact_details: 1016, name: 200,
  rank: 100, number: 50, station: 200 };
export const PERSON = ["name", "rank", "number", "station"];
export const PEOPLE_MAX = 8;

export const bytesIn = (text) => new TextEncoder().encode(clean(text)).length;

// Line ends as one character, no control characters but tab and line end, no half of a character: the schema refuses
// these, and nobody typed them.
export function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "")
    .replace(/\p{Surrogate}/gu, "\ufffd");
}

const isBlank = (text) => clean(text).trim() === "";

// The members that say something.
function told(from, names) {
  return Object.fromEntries(names.filter((name) => !isBlank(from[name])).map((name) => [name, clean(from[name])]));
}

// `report`: { narrative, where, when, relation, people: [{ name, rank, number, station }], contact, contact_details },
// all of them text as it was typed. Contact details never stand in the document: they are sealed apart.
export function tipOf(report) {
  const people = report.people.map((person) => told(person, PERSON)).filter((person) => Object.keys(person).length);
  const document = { ...told(report, ["narrative"]), ...(people.length ? { subjects: people } : {}),
    ...told(report, ["where", "when", "relation"]), channel: "web", contact: report.contact };
  return { document: JSON.stringify(document), contact: report.contact,
    details: report.contact === "details" ? clean(report.contact_details) : "" };
}

const LABELS = { narrative: "What happened", where: "Where it happened", when: "When it happened",
  relation: "How you know", contact_details: "Your contact details", name: "Name", rank: "Rank or role",
  number: "Number", station: "Station or team" };

function tooLong(name, text) {
  return bytesIn(text) > LIMITS[name] ?
    `${LABELS[name]} must be ${LIMITS[name].toLocaleString("en-GB")} characters or fewer` : null;
}

// What must be put right before it can be sent: [{ field, person, text }], `person` counted from 0 where there is one.
export function problemsOf(report) {
  const found = [];
  const add = (field, text, person) => { if (text) found.push({ field, person, text }); };
  add("narrative", isBlank(report.narrative) ? "Enter what happened" : tooLong("narrative", report.narrative));
  report.people.forEach((person, n) => PERSON.forEach((field) => add(field, tooLong(field, person[field]), n)));
  for (const field of ["where", "when", "relation"]) add(field, tooLong(field, report[field]));
  if (report.contact === "details") {
    add("contact_details", isBlank(report.contact_details) ? "Enter your contact details, or choose to stay anonymous" :
      tooLong("contact_details", report.contact_details));
  }
  return found;
}
