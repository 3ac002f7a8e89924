// The rows of the list. The server sends a row again when its process changes; the state of the page (selection, focus, history of
// CPU and memory, results of actions) is carried over to the new row. Only rows in view are painted.

import { $, all, fill, make, text } from "./page.js";
import { draw, historyIn, push, write } from "./curve.js";

/** The row of each process, by its name. */
export const rows = new Map();

const visible = new Set();

/** The result of the last action, by the name of the process: `{ busy, ok, text }`. */
const results = new Map();

/** How long a success is shown beside a process. */
const PRAISE = 6000;

const watcher = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      visible.add(target);
      tick(target);
      paint(target);
    } else {
      visible.delete(target);
    }
  }
}, { rootMargin: "200px" });

/** The row below that explains a failure, if there is one. */
export const explanation = row => {
  const next = row.nextElementSibling;
  return next && next.classList.contains("y") ? next : null;
};

const showResult = row => {
  all(".said", row).forEach(old => old.remove());
  const result = results.get(row.dataset.n);
  row.toggleAttribute("aria-busy", false);
  if (!result) return;
  if (result.busy) row.setAttribute("aria-busy", "true");
  if (!result.text) return;
  $(".a", row).append(said(result));
};

/** A failure as text; a success as an icon with a text for screen readers, so that rows do not change size under the pointer. */
const said = ({ ok, busy, text: words }) => {
  if (!ok) return make("span", { class: "said no", role: "status" }, words);
  const sign = make("span", { "aria-hidden": "true" }, busy ? "…" : "✓");
  return make("span", { class: "said ok", role: "status", title: words }, make("span", { class: "vh" }, words), sign);
};

/** Shows the result of an action beside a process, or that it is under way; `null` removes it. */
export const note = (name, result) => {
  if (result) results.set(name, result);
  else results.delete(name);
  if (rows.has(name)) showResult(rows.get(name));
  if (result && result.ok && !result.busy) {
    setTimeout(() => { if (results.get(name) === result) note(name, null); }, PRAISE);
  }
};

/** Registers a row; `former` is the row it replaces. */
const adopt = (row, former) => {
  const pid = other => $(".p", other).textContent;
  const isSameChild = former && pid(former) === pid(row);
  rows.set(row.dataset.n, row);
  row.tabIndex = -1;
  row.since = performance.now();
  row.load = isSameChild && former.load.length ? former.load : historyIn($(".c", row));
  row.memory = isSameChild && former.memory.length ? former.memory : historyIn($(".m", row));
  showResult(row);
  watcher.observe(row);
};

/** Registers all rows of the page. */
export const index = () => {
  const former = new Map(rows);
  rows.clear();
  visible.clear();
  watcher.disconnect();
  all("tr.r").forEach(row => adopt(row, former.get(row.dataset.n)));
  const first = $("tr.r");
  if (first) first.tabIndex = 0;
};

/** The focused element of a row, described so that it can be found in its replacement. */
const focusIn = row => {
  const focused = document.activeElement;
  if (!row.contains(focused)) return null;
  if (focused === row) return "";
  if (focused.name === "p") return "input[name=p]";
  return focused.value ? `button[value^="${focused.value.split(" ")[0]} "]` : "." + [...focused.classList].join(".");
};

const replaceExplanation = (former, next) => {
  const old = explanation(former);
  if (old && next && old.innerHTML === next.innerHTML) return next.remove();
  if (old) old.remove();
  if (next) former.after(next);
};

/** Replaces the row of a process. */
export const replace = (name, html) => {
  const former = rows.get(name);
  if (!former) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  const [row, next] = template.content.children;
  $("input[name=p]", row).checked = $("input[name=p]", former).checked;
  const focus = focusIn(former), isCurrent = former.tabIndex === 0;
  replaceExplanation(former, next);
  watcher.unobserve(former);
  visible.delete(former);
  former.replaceWith(row);
  adopt(row, former);
  if (isCurrent) row.tabIndex = 0;
  if (focus !== null) ((focus && $(focus, row)) || row).focus();
};

const clock = seconds => {
  const days = Math.floor(seconds / 86400), pad = number => String(Math.floor(number)).padStart(2, "0");
  return `${days ? days + "d " : ""}${Math.floor(seconds % 86400 / 3600)}:${pad(seconds % 3600 / 60)}:${pad(seconds % 60)}`;
};

/** Seconds since the child of a row was started; negative if there is none. */
export const uptime = row => {
  const known = $(".u", row).dataset.u;
  return known ? Number(known) + (performance.now() - row.since) / 1000 : -1;
};

const tick = row => {
  const up = uptime(row), retry = $("[data-r]", row);
  if (up >= 0) $(".u", row).textContent = clock(up);
  if (retry) {
    const left = Number(retry.dataset.r) - (performance.now() - row.since) / 1000;
    retry.textContent = fill(text("retry"), Math.max(0, Math.ceil(left)));
  }
};

/** Updates the counters of time, every second. */
setInterval(() => { if (!document.hidden) visible.forEach(tick); }, 1000);

/** Adds the name of the process to the labels of its buttons, for screen readers. */
const name = row => {
  for (const control of $(".a", row).children) {
    if (!control.ariaLabel && control.matches("button, a")) control.ariaLabel = `${control.textContent}: ${row.dataset.n}`;
  }
};

const paint = row => {
  name(row);
  if (row.load.length) {
    write($(".c", row), (row.load.at(-1) / 10).toFixed(1) + " %");
    draw($(".c", row), row.load, 0, 50);
  }
  if (row.memory.length) {
    const kib = row.memory.at(-1);
    write($(".m", row), kib < 1024 * 1024 ? (kib / 1024).toFixed(1) + " MB" : (kib / 1024 / 1024).toFixed(2) + " GB");
    // The scale covers at least a tenth, so that a leak is visible and a single page is not.
    draw($(".m", row), row.memory, kib * 0.95, kib * 1.05);
  }
};

/** Adds a sampling: `[[name, load, memory]]` of the processes whose usage has changed. */
export const measure = news => {
  const told = new Map(news.map(([name, load, memory]) => [name, { load, memory }]));
  for (const [name, row] of rows) {
    const { load, memory } = told.get(name) || {};
    const newest = load ?? row.load.at(-1), size = memory || row.memory.at(-1);
    if (newest !== undefined) push(row.load, newest);
    if (size !== undefined) push(row.memory, size);
    if (visible.has(row)) paint(row);
  }
};
