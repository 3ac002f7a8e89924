// The list of processes, kept current by the event stream.

import { $, all, body, online } from "./page.js";
import { index, measure, replace, rows } from "./rows.js";
import { arrange, fold, rearrange, settle, showFolds } from "./order.js";
import { clear, pick, pickAll } from "./select.js";
import { menu } from "./act.js";
import "./keys.js";

/** How long a page is in the background before it disconnects. */
const UNSEEN = 10_000;

/** How long to wait before connecting again if the browser does not do it. */
const PATIENCE = 2_000;

let since = body.dataset.since;
let source = null;

const showTable = () => {
  index();
  showFolds();
  arrange();
  settle();
};

/** Fetches the whole list: processes were added or removed. */
const reload = async () => {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = $("#t", page), table = $("#t");
  if (!fresh || !table) return location.reload();
  const ticked = new Set(all("input[name=p]:checked").map(box => box.value));
  const focused = document.activeElement.closest?.("tr.r")?.dataset.n;
  table.replaceWith(document.adoptNode(fresh));
  for (const box of all("input[name=p]")) box.checked = ticked.has(box.value);
  since = page.body.dataset.since;
  showTable();
  rows.get(focused)?.focus();
  // Events that came while the list was fetched applied to the old list: apply them again.
  if (source) connect();
};

const takers = {
  rows: news => {
    for (const [name, html] of news) replace(name, html);
    settle();
    rearrange();
  },
  usage: news => {
    measure(news);
    rearrange(["cpu", "memory"]);
  },
  structure: () => reload().catch(() => online(false)),
  config: html => { $("#config > div").innerHTML = html; },
  mood: isRunning => { $("#ending").hidden = isRunning; },
};

let isPressed = false;
const postponed = [];

/** While a pointer is pressed the rows are not replaced, or the click would be lost. */
const whenReleased = deed => {
  if (isPressed) postponed.push(deed);
  else deed();
};

const release = () => {
  isPressed = false;
  for (const deed of postponed.splice(0)) deed();
};

addEventListener("pointerdown", event => { isPressed ||= event.button === 0 && event.target.closest("#t") !== null; });
// The click follows these events: that of a mouse within the same task, that of a finger soon.
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release, 50));
// A release outside of the page may not be reported.
addEventListener("pointermove", event => { if (isPressed && !event.buttons) release(); });

let reconnecting;

const connect = () => {
  source?.close();
  source = new EventSource("ui/events?since=" + encodeURIComponent(since));
  source.onopen = () => online(true);
  source.onerror = () => {
    online(false);
    if (source?.readyState !== EventSource.CLOSED) return;
    clearTimeout(reconnecting);
    reconnecting = setTimeout(connect, PATIENCE);
  };
  for (const [name, take] of Object.entries(takers)) {
    source.addEventListener(name, event => {
      whenReleased(() => {
        since = event.lastEventId || since;
        take(JSON.parse(event.data));
      });
    });
  }
};

const leave = () => {
  source?.close();
  source = null;
};

let leaving;

/** A hidden page disconnects, so that the daemon need not sample for it. */
const follow = () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(leave, UNSEEN);
  else if (!source || source.readyState === EventSource.CLOSED) connect();
};

$("#list")?.addEventListener("click", event => {
  const target = event.target;
  if (target.id === "every") pickAll(target.checked);
  else if (target.id === "clear") clear();
  else if (target.name === "p") pick(target, event.shiftKey);
  else if (target.classList.contains("fold")) fold(target);
  else if (target.closest(".more")) {
    event.preventDefault();
    menu(target.closest("tr"));
  }
});
document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", leave);
addEventListener("pageshow", event => { if (event.persisted) follow(); });

if (new URLSearchParams(location.search).has("message")) history.replaceState(null, "", location.pathname);
$("#refresh").hidden = true;
showTable();
follow();
