// A log as it grows. What comes is gathered and shown in portions, so that a flood freezes nothing; while the page has not caught up it reads no further, and the flood stays in the file.

import { $, body, fill, online, say, send, text } from "./page.js";
import { Painter } from "./ansi.js";
import { Search } from "./search.js";

/** How many lines are kept, and how many are shown at once. */
const MOST = 5_000;
const PORTION = 400;

/** How long a flood waits between two portions, in milliseconds. */
const BREATH = 100;

/** A line without an end is cut where nobody would read on, and a long one is shown up to here. */
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

/** Shows what waits: at once what comes now and then, a flood a few times a second, since nobody can read it. */
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

/** Reads the stream, once; how long to wait before the next attempt. */
const follow = async () => {
  const answer = await fetch("ui/log?" + body.dataset.query, { signal: controller.signal, cache: "no-store" });
  if (answer.status === 404) {
    // There is no log yet, or no longer.
    $("#live").hidden = true;
    return 5_000;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  online(true);
  forget();
  await read(answer.body);
  throw new Error("the stream has ended");
};

/** Keeps reading for as long as the page is there. */
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
