// A log as it grows. Lines are coalesced and added in portions, so that a flood does not block the page; while it is behind it does
// not read, and the rest stays in the file.

import { $, body, fill, online, say, send, text } from "./page.js";
import { Painter } from "./ansi.js";
import { Search } from "./search.js";

/** How many lines are kept, and how many are added at once. */
const MOST = 5_000;
const PORTION = 400;

/** The interval between two portions of a flood, in milliseconds. */
const BREATH = 100;

/** An unfinished line is cut at this length, and a long one is shown up to here. */
const ENDLESS = 65_536;
const LONG = 16_384;

/** How close to the end counts as the end, in pixels. */
const NEAR = 24;

const box = $("#log"), lines = $("pre", box), pause = $("#pause");
const search = new Search(box, () => { sticks = false; });

let painter = new Painter();
let partial = "";
let waiting = [];
let isPaused = false;
let isScheduled = false;

/** The view follows the end of the log. */
let sticks = true;

const pauseLabel = () => {
  if (!isPaused) return text("pause");
  return waiting.length ? `${text("resume")} · ${fill(text("waiting"), waiting.length)}` : text("resume");
};

const show = () => {
  isScheduled = false;
  pause.textContent = pauseLabel();
  if (isPaused) return;
  const fresh = waiting.splice(0, PORTION).map(line => painter.line(line));
  lines.append(...fresh);
  for (let surplus = lines.childElementCount - MOST; surplus > 0; surplus--) lines.firstChild.remove();
  search.look(fresh);
  $("#silent").hidden = lines.childElementCount > 0;
  if (sticks) box.scrollTop = box.scrollHeight;
  if (waiting.length) schedule(true);
};

/** Shows the pending lines: single ones at once, a flood a few times a second. */
const schedule = (isFlood = document.hidden) => {
  if (isScheduled) return;
  isScheduled = true;
  if (isFlood) setTimeout(show, BREATH);
  else requestAnimationFrame(show);
};

const take = words => {
  const taken = (partial + words).split("\n");
  partial = taken.pop();
  if (partial.length > ENDLESS) {
    taken.push(partial);
    partial = "";
  }
  for (const line of taken) waiting.push(line.length > LONG ? line.slice(0, LONG) + " …" : line);
  if (waiting.length > MOST) waiting.splice(0, waiting.length - MOST);
  schedule();
};

const forget = () => {
  lines.replaceChildren();
  search.forget();
  painter = new Painter();
  partial = "";
  waiting = [];
  schedule();
};

const rest = milliseconds => new Promise(resolve => { setTimeout(resolve, milliseconds); });

const read = async stream => {
  const reader = stream.getReader(), decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(decoder.decode(value, { stream: true }));
    while (waiting.length > PORTION && !isPaused) await rest(30);
  }
};

let controller = null;

/** Reads the stream until it ends; returns how long to wait before the next attempt. */
const follow = async () => {
  const answer = await fetch("ui/log?" + body.dataset.query, { signal: controller.signal, cache: "no-store" });
  if (answer.status === 404) {
    // The log does not exist.
    $("#live").hidden = true;
    return 5_000;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  online(true);
  forget();
  await read(answer.body);
  throw new Error("the stream has ended");
};

/** Reads as long as the page is open. */
const keepFollowing = async () => {
  controller = new AbortController();
  const { signal } = controller;
  while (!signal.aborted) {
    const patience = await follow().catch(() => {
      if (!signal.aborted) online(false);
      return 2_000;
    });
    if (!signal.aborted) await rest(patience);
  }
};

box.addEventListener("scroll", () => {
  sticks = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
}, { passive: true });
$("#wrap").addEventListener("change", event => box.classList.toggle("nowrap", !event.target.checked));
$("#end").addEventListener("click", () => {
  sticks = true;
  box.scrollTop = box.scrollHeight;
});
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  schedule();
});
document.addEventListener("submit", async event => {
  if (event.target.method !== "post" || !event.submitter) return;
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  say(text("working"));
  try {
    const outcome = await send(event.target, button);
    say(outcome.message, outcome.ok);
  } catch (error) {
    say(error.message, false);
  }
  button.disabled = false;
});
addEventListener("pagehide", () => controller.abort());
addEventListener("pageshow", event => { if (event.persisted) keepFollowing(); });

$("#tools").hidden = false;
$("#plain").hidden = true;
keepFollowing();
