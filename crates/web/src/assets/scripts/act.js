// Actions: sent without leaving the page; the results appear beside the processes.

import { $, all, ask, choice, confirmed, fill, make, say, send, text } from "./page.js";
import { note, rows } from "./rows.js";

const list = $("#list");

/** From so many processes on there is one message instead of one beside each. */
const CROWD = 50;

/** The processes of an action. */
const touchedBy = (form, verb, name) => {
  if (rows.has(name)) return [name];
  if (form !== list) return [];
  if (verb.endsWith("group")) return [...rows.keys()].filter(key => rows.get(key).parentElement.dataset.g === name);
  if (verb.endsWith("all")) return [...rows.keys()];
  return all("input[name=p]:checked", form).map(box => box.value);
};

const tellOutcome = (touched, outcome) => {
  for (const name of touched) note(name, null);
  for (const [name, error] of outcome.results) {
    if (rows.has(name)) note(name, { busy: false, ok: error === null, text: error ?? "✓" });
  }
};

/** Performs the action of a button. */
export const act = async (form, button, extra) => {
  const [verb, ...rest] = button.value.split(" "), name = rest.join(" ");
  const isDrastic = verb === "stopall" || verb === "restartall";
  if (isDrastic && !await confirmed(fill(text("sure"), rows.size), button.textContent)) return;
  const touched = touchedBy(form, verb, name), isOne = touched.length === 1 && rows.has(name);
  const words = touched.length < CROWD ? text("working") : "";
  for (const key of touched) note(key, { busy: true, ok: true, text: words });
  const outcome = await send(form, button, extra)
    .catch(error => ({ ok: false, message: error.message, results: [] }));
  tellOutcome(touched, outcome);
  if (isOne) note(name, { busy: false, ok: outcome.ok, text: outcome.message });
  else say(outcome.message, outcome.ok);
};

/** Presses a button of a row, if the row has it now. */
export const press = (row, verb) => {
  const button = $(`button[value^="${verb} "]`, row);
  if (button) act(list, button);
};

const menuOf = row => {
  const name = row.dataset.n, log = $(".more", row).href;
  const order = (verb, label) => choice(`${verb} ${name}`, label);
  const signals = all("select[name=signal] option", list).map(({ value }) => choice(`signal ${value}`, value));
  const line = (...children) => make("div", { class: "row" }, ...children);
  return [
    make("h3", {}, text("log")),
    line(make("a", { class: "b", href: log }, text("output")),
      make("a", { class: "b", href: `${log}&channel=stderr` }, text("errors")), order("clearlog", text("clear"))),
    make("h3", {}, text("signal")), line(...signals),
    line(order("restart", text("restart")), choice("", text("close"))),
  ];
};

/** The menu of further actions. */
export const menu = async row => {
  const name = row.dataset.n, anchor = $(".more", row);
  const chosen = await ask(name, menuOf(row), anchor);
  const current = rows.get(name);
  if (current) $(".more", current).focus();
  if (!chosen) return;
  const [verb, value] = chosen.split(" ");
  const isSignal = verb === "signal";
  act(list, make("button", { value: isSignal ? `signal ${name}` : chosen }), isSignal ? { signal: value } : {});
};

document.addEventListener("submit", event => {
  if (event.target.method !== "post" || !event.submitter) return;
  event.preventDefault();
  act(event.target, event.submitter);
});
