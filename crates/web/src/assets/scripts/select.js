// Selection of processes: single ones, ranges, or all that are shown.

import { $, all, fill } from "./page.js";

const list = $("#list");
let last = null;

const boxes = () => all("input[name=p]", list);

/** Shows the number of selected processes and their actions. */
export const refresh = () => {
  if (!list) return;
  const known = boxes(), ticked = known.filter(box => box.checked);
  for (const box of known) box.closest("tr").classList.toggle("picked", box.checked);
  $(".sel").classList.toggle("none", !ticked.length);
  const count = ticked.length ? fill($("#n").dataset.text, ticked.length) : "";
  if ($("#n").textContent !== count) $("#n").textContent = count;
  for (const control of all(".sel button, .sel select")) control.disabled = !ticked.length;
  const every = $("#every");
  if (!every) return;
  every.hidden = false;
  every.checked = ticked.length > 0 && ticked.length === known.length;
  every.indeterminate = ticked.length > 0 && !every.checked;
};

/** A box was clicked: with Shift, the range from the previous one follows it. */
export const pick = (box, isRange) => {
  const shown = all("tr.r:not([hidden]) input[name=p]", list);
  const from = shown.findIndex(other => other.value === last), to = shown.indexOf(box);
  if (isRange && from >= 0) {
    for (const other of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = box.checked;
  }
  last = box.value;
  refresh();
};

/** Selects all that are shown, or none. */
export const pickAll = isTicked => {
  for (const box of boxes()) box.checked = isTicked && !box.closest("tr").hidden;
  refresh();
};

/** Clears the selection. */
export const clear = () => pickAll(false);
