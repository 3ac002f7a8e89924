// Keyboard shortcuts. They work while a row of the list has the focus, and nowhere else.

import { $, all, ask, choice, make, text } from "./page.js";
import { menu, press } from "./act.js";

const goTo = row => {
  if (!row) return;
  for (const other of all("tr.r[tabindex='0']")) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
};

const openLog = row => { location.href = $(".more", row).href; };

/** The shortcuts on a row, and those of them that also work on a button in it. */
const deedsOn = row => {
  const shown = all("tr.r:not([hidden])"), at = shown.indexOf(row);
  const move = to => goTo(shown[Math.max(0, Math.min(shown.length - 1, to))]);
  const anywhere = { ArrowDown: () => move(at + 1), ArrowUp: () => move(at - 1) };
  const find = () => $("#q").focus();
  const onRow = {
    ...anywhere,
    Home: () => move(0),
    End: () => move(shown.length - 1),
    PageDown: () => move(at + 10),
    PageUp: () => move(at - 10),
    " ": () => $("input[name=p]", row).click(),
    s: () => press(row, "start"),
    t: () => press(row, "stop"),
    r: () => press(row, "restart"),
    l: () => openLog(row),
    Enter: () => openLog(row),
    m: () => menu(row),
    f: find,
    Escape: find,
  };
  return { onRow, within: { ...anywhere, Escape: () => row.focus() } };
};

const list = $("#list");
if (list) {
  list.addEventListener("keydown", event => {
    const row = event.target.closest("tr.r");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const { onRow, within } = deedsOn(row);
    const deed = (event.target === row ? onRow : within)[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
}

// From the search field down to the list.
$("#q").addEventListener("keydown", event => {
  if (event.key !== "ArrowDown") return;
  event.preventDefault();
  goTo($("tr.r:not([hidden])"));
});

const help = $("#help");
help.hidden = !list;
help.addEventListener("click", () => {
  const keys = text("keys").split(" · ").map(entry => {
    const [, key, deed] = entry.match(/^(\S+(?: [↑↓])?) (.*)$/);
    return make("div", {}, make("kbd", {}, key), " ", deed);
  });
  ask(help.textContent, [make("div", { class: "keys" }, ...keys), make("div", { class: "row" }, choice("", text("close")))]);
});
