// Filter and sort order of the rows.

import { $, all } from "./page.js";
import { explanation, rows, uptime } from "./rows.js";
import { refresh as refreshSelection } from "./select.js";

const parameters = new URLSearchParams(location.search);
const filter = { words: $("#q").value, state: parameters.get("state") || "" };
const folded = new Set(JSON.parse(sessionStorage.folded || "[]"));
const sort = $("#sort select");

const groupOf = row => row.parentElement.dataset.g;

const matches = row => {
  const isState = !filter.state || row.dataset.s === filter.state;
  return isState && row.dataset.n.toLowerCase().includes(filter.words.toLowerCase());
};

const showChips = counts => {
  for (const chip of all("#states a")) {
    const state = chip.dataset.s, count = state ? counts[state] || 0 : rows.size;
    $("b", chip).textContent = count;
    chip.hidden = state && !count && filter.state !== state;
    if (filter.state === state) chip.setAttribute("aria-current", "true");
    else chip.removeAttribute("aria-current");
  }
};

/** Shows the number of failures in the title of the tab. */
const title = document.title;
const showTitle = failures => { document.title = failures ? `(${failures}) ${title}` : title; };

/** Shows the rows that match the filter. */
export const settle = () => {
  const counts = {}, shownGroups = new Set();
  for (const row of rows.values()) {
    counts[row.dataset.s] = (counts[row.dataset.s] || 0) + 1;
    const isMatch = matches(row);
    if (isMatch) shownGroups.add(groupOf(row));
    row.hidden = !isMatch || folded.has(groupOf(row));
    const below = explanation(row);
    if (below) below.hidden = row.hidden;
  }
  for (const group of all("#t tbody")) group.hidden = !shownGroups.has(group.dataset.g);
  const none = $("#none");
  if (none) none.hidden = shownGroups.size > 0;
  showChips(counts);
  showTitle((counts.FATAL || 0) + (counts.BACKOFF || 0));
  refreshSelection();
};

const rank = ["FATAL", "BACKOFF", "UNKNOWN", "STARTING", "STOPPING", "RUNNING", "EXITED", "STOPPED"];

/** The sort key of a row, ascending. */
const keys = {
  name: row => row.dataset.n,
  state: row => rank.indexOf(row.dataset.s),
  uptime: row => -uptime(row),
  cpu: row => -(row.load.at(-1) ?? -1),
  memory: row => -(row.memory.at(-1) ?? -1),
  restarts: row => -Number($("td.r", row).textContent),
};

const byKey = ([one], [other]) => one < other ? -1 : one > other ? 1 : 0;

/** Sorts the rows of a group and returns the sort key of the group. */
const arrangeGroup = group => {
  const members = all("tr.r", group), key = keys[sort.value];
  const sorted = members.map(row => [key(row), row]).sort(byKey);
  if (sorted.some(([, row], at) => row !== members[at])) {
    for (const [, row] of sorted) group.append(...[row, explanation(row)].filter(Boolean));
  }
  return sort.value === "name" || !sorted.length ? group.dataset.g : sorted[0][0];
};

/** Sorts rows and groups; the server sends them sorted by name. */
export const arrange = () => {
  const table = $("#t");
  if (!table) return;
  const focused = document.activeElement, groups = all("tbody", table);
  const sorted = groups.map(group => [arrangeGroup(group), group]).sort(byKey);
  if (sorted.some(([, group], at) => group !== groups[at])) table.append(...sorted.map(([, group]) => group));
  if (focused !== document.activeElement && table.contains(focused)) focused.focus();
};

/** Sorts again after a change. `what` is the changed column, or nothing for all. */
export const rearrange = what => {
  if (sort.value !== "name" && (!what || what.includes(sort.value))) arrange();
};

/** Folds a group, or unfolds it. */
export const fold = button => {
  const group = button.closest("tbody").dataset.g;
  if (!folded.delete(group)) folded.add(group);
  sessionStorage.folded = JSON.stringify([...folded]);
  button.setAttribute("aria-expanded", String(!folded.has(group)));
  settle();
};

/** Connects the folding buttons of a new table. */
export const showFolds = () => {
  for (const button of all(".fold")) {
    button.hidden = false;
    button.setAttribute("aria-expanded", String(!folded.has(button.closest("tbody").dataset.g)));
  }
};

sort.addEventListener("change", arrange);
$("#sort").hidden = false;
$("#q").addEventListener("input", event => {
  filter.words = event.target.value;
  settle();
});
$("[role=search]").addEventListener("submit", event => event.preventDefault());
$("#states").addEventListener("click", event => {
  const chip = event.target.closest("a");
  if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  filter.state = filter.state === chip.dataset.s ? "" : chip.dataset.s;
  settle();
});
