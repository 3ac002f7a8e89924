// What the pages can do beyond forms and links. Without it everything still works; nothing here is needed to see or
// to act. The server makes all HTML, so text from processes is never put together here, except in the log, where it
// goes in as text.
"use strict";
(() => {
  const body = document.body;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const text = key => body.dataset["t" + key[0].toUpperCase() + key.slice(1)] || "";
  const fill = (pattern, ...values) => pattern.replace(/\{\}/g, () => values.shift());
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  body.classList.add("js");

  // What is said: where the eye is, and to those who listen.
  const say = (message, isWell = true) => {
    const place = $("#said");
    if (!place) return;
    place.replaceChildren(make("div", { class: isWell ? "status_msg" : "status_msg bad" }, message));
    clearTimeout(say.timer);
    if (isWell) say.timer = setTimeout(() => place.replaceChildren(), 8000);
  };
  const online = isOnline => {
    const live = $("#live");
    live.hidden = false;
    live.classList.toggle("lost", !isOnline);
    const words = text(isOnline ? "live" : "lost");
    if (live.textContent !== words) live.textContent = words;
  };

  // Sends a form as the button would, and takes what came of it.
  const send = async (form, button, extra = {}) => {
    const fields = new URLSearchParams();
    fields.set("token", $("input[name=token]", form).value);
    if (button.value.includes(" ") === false) for (const box of all("input[name=p]:checked", form)) fields.append("p", box.value);
    const signal = $("select[name=signal]", button.parentElement || form);
    if (signal) fields.set("signal", signal.value);
    fields.set("do", button.value);
    for (const [key, value] of Object.entries(extra)) fields.set(key, value);
    const answer = await fetch("./", { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (answer.status === 403) throw new Error(text("expired").replace(/[.。:：].*$/, ""));
    if (!answer.ok) throw new Error(answer.status + " " + answer.statusText);
    return answer.json();
  };

  // A question or a menu. Resolves with the value of the button that was pressed.
  const ask = (title, content, anchor) => new Promise(resolve => {
    const dialog = make("dialog", { "aria-label": title }, make("h2", {}, title), ...content);
    dialog.addEventListener("click", event => {
      const chosen = event.target.closest("button[value]");
      if (chosen) dialog.close(chosen.value);
      else if (event.target === dialog) dialog.close("");
    });
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue); });
    body.append(dialog);
    dialog.showModal();
    if (anchor && innerWidth > 700) {
      const box = anchor.getBoundingClientRect(), size = dialog.getBoundingClientRect();
      dialog.style.margin = "0";
      dialog.style.left = Math.max(8, Math.min(box.right - size.width, innerWidth - size.width - 8)) + "px";
      dialog.style.top = Math.max(8, Math.min(box.bottom + 4, innerHeight - size.height - 8)) + "px";
    }
  });
  const choice = (value, label, kind = "") => make("button", { type: "button", value, class: kind }, label);
  const confirmed = async title => await ask(title, [make("div", { class: "row" }, choice("yes", title, "main"), choice("", text("cancel")))]) === "yes";

  if (body.dataset.page === "status") statusPage();
  if (body.dataset.page === "log") logPage();

  function statusPage() {
    const rows = new Map(), results = new Map(), visible = new Set(), folded = new Set(JSON.parse(sessionStorage.folded || "[]"));
    let since = body.dataset.since, source = null, filter = { q: $("#q").value, state: new URLSearchParams(location.search).get("state") || "" };
    if (new URLSearchParams(location.search).has("message")) history.replaceState(null, "", location.pathname);
    const list = $("#list");

    // Rows.
    const watcher = new IntersectionObserver(entries => entries.forEach(({ target, isIntersecting }) => {
      if (isIntersecting) { visible.add(target); tick(target); paint(target); } else visible.delete(target);
    }), { rootMargin: "200px" });
    const why = row => { const next = row.nextElementSibling; return next && next.classList.contains("y") ? next : null; };
    const adopt = (row, former) => {
      const name = row.dataset.n;
      rows.set(name, row);
      row.tabIndex = -1;
      row.since = performance.now();
      const load = $(".c", row);
      row.load = former && former.load.length ? former.load : (load.dataset.h || "").split(",").filter(Boolean).map(Number);
      row.memory = former ? former.memory : null;
      if (former && $(".p", former).textContent !== $(".p", row).textContent) { row.load = []; row.memory = null; }
      showResult(row);
      watcher.observe(row);
    };
    const showResult = row => {
      all(".said", row).forEach(old => old.remove());
      const result = results.get(row.dataset.n);
      if (!result) return;
      row.setAttribute("aria-busy", result.busy);
      if (result.text) $(".a", row).append(make("span", { class: "said " + (result.ok ? "ok" : "no"), role: "status" }, result.text));
    };
    const note = (name, result) => {
      if (result) results.set(name, result); else results.delete(name);
      const row = rows.get(name);
      if (row) { row.removeAttribute("aria-busy"); showResult(row); }
      if (result && result.ok && !result.busy) setTimeout(() => { if (results.get(name) === result) note(name, null); }, 6000);
    };
    const replace = (name, html) => {
      const former = rows.get(name);
      if (!former) return;
      const template = document.createElement("template");
      template.innerHTML = html;
      const [row, more] = template.content.children;
      $("input[name=p]", row).checked = $("input[name=p]", former).checked;
      const focused = former.contains(document.activeElement) ? document.activeElement : null;
      const focus = focused && (focused === former ? "row" : focused.value ? focused.value.split(" ")[0] : focused.className);
      const old = why(former);
      if (old && more && old.innerHTML === more.innerHTML) { more.remove(); } else { if (old) old.remove(); if (more) former.after(more); }
      watcher.unobserve(former);
      visible.delete(former);
      const isCurrent = former.tabIndex === 0;
      former.replaceWith(row);
      adopt(row, former);
      if (isCurrent) row.tabIndex = 0;
      if (focus) (focus === "row" ? row : $(`button[value^="${focus} "]`, row) || $("." + focus.split(" ").join("."), row) || row).focus();
    };
    const index = () => {
      const former = new Map(rows);
      rows.clear(); visible.clear(); watcher.disconnect();
      all("tr.r").forEach(row => adopt(row, former.get(row.dataset.n)));
      const first = $("tr.r");
      if (first) first.tabIndex = 0;
      all(".fold").forEach(button => {
        button.hidden = false;
        button.setAttribute("aria-expanded", !folded.has(button.closest("tbody").dataset.g));
      });
      const every = $("#every");
      if (every) every.hidden = false;
      $("#sort").hidden = false;
      arrange(); settle();
    };

    // Numbers that move.
    const clock = seconds => {
      const days = Math.floor(seconds / 86400), pad = number => String(number).padStart(2, "0");
      return (days ? days + "d " : "") + Math.floor(seconds % 86400 / 3600) + ":" + pad(Math.floor(seconds % 3600 / 60)) + ":" + pad(Math.floor(seconds % 60));
    };
    const tick = row => {
      const passed = (performance.now() - row.since) / 1000, up = $(".u", row), retry = $("[data-r]", row);
      if (up.dataset.u) up.textContent = clock(+up.dataset.u + passed);
      if (retry) retry.textContent = fill(text("retry"), Math.max(0, Math.ceil(+retry.dataset.r - passed)));
    };
    setInterval(() => { if (!document.hidden) visible.forEach(tick); }, 1000);
    const draw = row => {
      const load = row.load, cell = $(".c", row);
      if (load.length < 2) return;
      let svg = $("svg", cell);
      if (!svg) {
        svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        for (const [key, value] of [["class", "spark"], ["viewBox", "0 0 40 10"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
        svg.append(document.createElementNS("http://www.w3.org/2000/svg", "polyline"));
        cell.prepend(svg);
      }
      const top = Math.max(50, ...load), first = 40 - load.length;
      svg.firstChild.setAttribute("points", load.map((value, at) => (first + at + 1) + "," + (9.5 - 9 * value / top).toFixed(1)).join(" "));
    };
    // Only what is in view is painted; the rest is when it comes into view.
    const write = (cell, words) => {
      const last = cell.lastChild;
      if (!last || last.nodeType !== 3) cell.append(words); else if (last.data !== words) last.data = words;
    };
    const paint = row => {
      for (const control of $(".a", row).children) if (!control.ariaLabel && control.matches("button, a")) control.ariaLabel = control.textContent + ": " + row.dataset.n;
      if (row.memory) write($(".m", row), (row.memory / 1024).toFixed(1) + " MB");
      if (row.load.length) write($(".c", row), (row.load.at(-1) / 10).toFixed(1) + " %");
      draw(row);
    };
    const measure = news => {
      const told = new Map(news.map(([name, load, memory]) => [name, [load, memory]]));
      for (const [name, row] of rows) {
        const usage = told.get(name);
        if (usage && usage[1]) row.memory = usage[1];
        const load = usage && usage[0] !== null ? usage[0] : row.load.at(-1);
        if (load !== undefined) row.load.push(load);
        if (row.load.length > 40) row.load.shift();
        if (visible.has(row)) paint(row);
      }
      if (sort.value === "cpu" || sort.value === "memory") arrange();
    };

    // What is shown, and in which order.
    const settle = () => {
      const counts = {}, needle = filter.q.toLowerCase();
      let shown = 0;
      for (const [name, row] of rows) {
        counts[row.dataset.s] = (counts[row.dataset.s] || 0) + 1;
        const isFolded = folded.has(row.parentElement.dataset.g);
        const matches = (!filter.state || row.dataset.s === filter.state) && (!needle || name.toLowerCase().includes(needle));
        row.matches = matches;
        row.hidden = !matches || isFolded;
        shown += matches;
        const more = why(row);
        if (more) more.hidden = row.hidden;
      }
      all("tbody").forEach(group => { group.hidden = !all("tr.r", group).some(row => row.matches); });
      all("#states a").forEach(chip => {
        const state = chip.dataset.s, count = state ? counts[state] || 0 : rows.size;
        $("b", chip).textContent = count;
        chip.hidden = state && !count && filter.state !== state;
        if (filter.state === state) chip.setAttribute("aria-current", "true"); else chip.removeAttribute("aria-current");
      });
      const none = $("#none");
      if (none) none.hidden = shown > 0;
      select();
    };
    const sort = $("#sort select");
    const rank = { FATAL: 0, BACKOFF: 1, UNKNOWN: 2, STARTING: 3, STOPPING: 4, RUNNING: 5, EXITED: 6, STOPPED: 7 };
    const keys = {
      name: null,
      state: row => rank[row.dataset.s],
      uptime: row => -($(".u", row).dataset.u ? +$(".u", row).dataset.u + (performance.now() - row.since) / 1000 : -1),
      cpu: row => -(row.load.at(-1) ?? -1),
      memory: row => -(row.memory || 1024 * parseFloat($(".m", row).textContent) || -1),
      restarts: row => -(+$("td.r", row).textContent || 0),
    };
    const arrange = () => {
      const key = keys[sort.value], table = $("#t");
      if (!table || (!key && !arrange.was)) return;
      arrange.was = key;
      const focused = document.activeElement;
      const groups = all("tbody", table).map(group => {
        const members = all("tr.r", group);
        const order = key || (row => row.dataset.n);
        const keyed = members.map(row => [order(row), row]).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
        if (keyed.some(([, row], at) => row !== members[at])) keyed.forEach(([, row]) => { const more = why(row); group.append(row); if (more) group.append(more); });
        return [key && keyed.length ? keyed[0][0] : group.dataset.g, group];
      });
      const sorted = [...groups].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
      if (sorted.some(([, group], at) => group !== groups[at][1])) table.append(...sorted.map(([, group]) => group));
      if (focused && focused !== document.activeElement && table.contains(focused)) focused.focus();
    };
    sort.addEventListener("change", () => { arrange.was = true; arrange(); });
    $("#q").addEventListener("input", event => { filter.q = event.target.value; settle(); });
    $("[role=search]").addEventListener("submit", event => event.preventDefault());
    $("#states").addEventListener("click", event => {
      const chip = event.target.closest("a");
      if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      filter.state = filter.state === chip.dataset.s ? "" : chip.dataset.s;
      settle();
    });

    // Selecting.
    let lastPicked = null;
    const select = () => {
      if (!list) return;
      const boxes = all("input[name=p]", list), picked = boxes.filter(box => box.checked), every = $("#every");
      const marked = new Set(picked.map(box => box.closest("tr")));
      all("tr.picked", list).forEach(row => { if (!marked.has(row)) row.classList.remove("picked"); });
      marked.forEach(row => row.classList.add("picked"));
      $(".sel").classList.toggle("none", !picked.length);
      $("#n").textContent = picked.length ? fill($("#n").dataset.text, picked.length) : "";
      all(".sel button, .sel select").forEach(control => { control.disabled = !picked.length; });
      if (every) { every.checked = picked.length > 0 && picked.length === boxes.length; every.indeterminate = picked.length > 0 && !every.checked; }
    };
    if (list) list.addEventListener("click", event => {
      const box = event.target;
      if (box.id === "every") {
        for (const row of rows.values()) $("input[name=p]", row).checked = box.checked && !row.hidden;
        select();
      } else if (box.name === "p") {
        const order = all("tr.r:not([hidden]) input[name=p]");
        if (event.shiftKey && lastPicked) {
          const [from, to] = [order.findIndex(other => other.value === lastPicked), order.indexOf(box)].sort((a, b) => a - b);
          if (from >= 0) order.slice(from, to + 1).forEach(other => { other.checked = box.checked; });
        }
        lastPicked = box.value;
        select();
      } else if (box.classList.contains("fold")) {
        const group = box.closest("tbody").dataset.g;
        if (!folded.delete(group)) folded.add(group);
        sessionStorage.folded = JSON.stringify([...folded]);
        box.setAttribute("aria-expanded", !folded.has(group));
        settle();
      } else if (box.closest(".more")) {
        event.preventDefault();
        menu(box.closest("tr"), box.closest(".more"));
      }
    });

    // Acting.
    const act = async (form, button, extra) => {
      const [verb, ...rest] = button.value.split(" "), name = rest.join(" ");
      if (["stopall", "restartall"].includes(verb) && !await confirmed(fill(text("sure"), button.textContent))) return;
      const touched = rows.has(name) ? [name] : verb.endsWith("group") ? [...rows.keys()].filter(key => rows.get(key).parentElement.dataset.g === name)
        : name || form.id !== "list" ? [] : verb.endsWith("all") ? [...rows.keys()] : all("input[name=p]:checked", form).map(box => box.value);
      touched.forEach(key => note(key, { busy: true, ok: true, text: touched.length < 50 ? text("working") : "" }));
      try {
        const outcome = await send(form, button, extra);
        touched.forEach(key => note(key, null));
        for (const [key, error] of outcome.results) if (rows.has(key)) note(key, { busy: false, ok: error === null, text: error === null ? "✓" : error });
        if (touched.length === 1 && rows.has(name)) note(name, { busy: false, ok: outcome.ok, text: outcome.message });
        else say(outcome.message, outcome.ok);
      } catch (error) {
        touched.forEach(key => note(key, null));
        if (touched.length === 1 && rows.has(name)) note(name, { busy: false, ok: false, text: error.message });
        else say(error.message, false);
      }
    };
    document.addEventListener("submit", event => {
      if (event.target.method !== "post" || !event.submitter) return;
      event.preventDefault();
      act(event.target, event.submitter);
    });
    const press = (row, verb) => {
      const button = $(`button[value^="${verb} "]`, row);
      if (button) act(list, button);
    };
    const menu = async (row, anchor) => {
      const name = row.dataset.n, link = $(".more", row).href, order = (verb, label) => choice(verb + " " + name, label);
      const signals = all("select[name=signal] option", list).map(option => choice("signal " + option.value, option.value));
      const chosen = await ask(name, [
        make("div", { class: "row" }, make("a", { class: "b", href: link }, text("output")), make("a", { class: "b", href: link + "&channel=stderr" }, text("errors")),
          order("restart", text("restart")), order("clearlog", text("clear"))),
        make("h3", {}, text("signal")), make("div", { class: "row" }, ...signals),
        make("div", { class: "row" }, choice("", text("close"))),
      ], anchor);
      const current = rows.get(name);
      if (current) ($(".more", current) || current).focus();
      if (!chosen) return;
      const isSignal = chosen.startsWith("signal ") && chosen !== "signal " + name;
      const button = make("button", { value: isSignal ? "signal " + name : chosen });
      act(list, button, isSignal ? { signal: chosen.slice(7) } : {});
    };

    // Keys, for whoever is on a row.
    if (list) list.addEventListener("keydown", event => {
      const row = event.target.closest("tr.r");
      if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
      const shown = all("tr.r:not([hidden])"), at = shown.indexOf(row);
      const go = to => {
        const next = shown[Math.max(0, Math.min(shown.length - 1, to))];
        if (!next) return;
        all("tr.r[tabindex='0']").forEach(other => { other.tabIndex = -1; });
        next.tabIndex = 0;
        next.focus();
      };
      const onRow = event.target === row;
      const deeds = { ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1) };
      if (onRow) Object.assign(deeds, {
        Home: () => go(0), End: () => go(shown.length - 1), PageDown: () => go(at + 10), PageUp: () => go(at - 10),
        " ": () => $("input[name=p]", row).click(), s: () => press(row, "start"), t: () => press(row, "stop"), r: () => press(row, "restart"),
        l: () => { location.href = $(".more", row).href; }, Enter: () => { location.href = $(".more", row).href; },
        m: () => menu(row, $(".more", row)), f: () => $("#q").focus(), Escape: () => $("#q").focus(),
      });
      else deeds.Escape = () => row.focus();
      const deed = deeds[event.key];
      if (deed) { event.preventDefault(); deed(); }
    });
    const help = $("#help");
    help.hidden = false;
    help.addEventListener("click", () => ask(help.textContent, [make("p", {}, text("keys")), make("div", { class: "row" }, choice("", text("close")))]));
    $("#refresh").hidden = true;

    // What the server tells.
    const reload = async () => {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = $("#t", page), table = $("#t");
      if (!fresh || !table) return location.reload();
      const picked = new Set(all("input[name=p]:checked").map(box => box.value));
      const focus = document.activeElement.closest && document.activeElement.closest("tr.r");
      table.replaceWith(document.adoptNode(fresh));
      all("input[name=p]").forEach(box => { box.checked = picked.has(box.value); });
      since = page.body.dataset.since;
      index();
      if (focus && rows.has(focus.dataset.n)) rows.get(focus.dataset.n).focus();
    };
    const connect = () => {
      if (source) source.close();
      source = new EventSource("ui/events?since=" + encodeURIComponent(since));
      const on = (name, take) => source.addEventListener(name, event => {
        if (event.lastEventId) since = event.lastEventId;
        take(JSON.parse(event.data));
      });
      source.onopen = () => online(true);
      source.onerror = () => {
        online(false);
        if (source.readyState === EventSource.CLOSED) { clearTimeout(connect.timer); connect.timer = setTimeout(connect, 2000); }
      };
      on("rows", news => { news.forEach(([name, html]) => replace(name, html)); settle(); if (sort.value !== "name") arrange(); });
      on("usage", measure);
      on("structure", () => reload().catch(() => online(false)));
      on("config", html => { $("#config > div").innerHTML = html; });
      on("mood", isRunning => { $("#ending").hidden = isRunning; });
    };
    // Nobody looks at a hidden page; then the daemon need not look either.
    const follow = () => {
      clearTimeout(follow.timer);
      if (document.hidden) follow.timer = setTimeout(() => { if (source) source.close(); source = null; }, 10000);
      else if (!source || source.readyState === EventSource.CLOSED) connect();
    };
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", () => { if (source) source.close(); source = null; });
    addEventListener("pageshow", event => { if (event.persisted) follow(); });
    index();
    follow();
  }

  function logPage() {
    const most = 5000, portion = 400, box = $("#log"), pre = $("pre", box), only = $("#only"), search = $("#q"), pause = $("#pause");
    let partial = "", style = new Set(), waiting = [], isPaused = false, sticks = true, hits = [], at = -1, isScheduled = false, controller = null;
    $("#tools").hidden = false;
    $("#plain").hidden = true;

    // Lines with their colours: what select-graphic-rendition sequences say, as classes; other sequences are dropped.
    const pattern = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]|[ -/]+[0-~])/g;
    const set = (prefix, name) => { for (const old of [...style]) if (old[0] === prefix && old.length === 2) style.delete(old); if (name) style.add(prefix + name); };
    const turn = codes => {
      const list = (codes || "0").split(/[;:]/).map(Number);
      for (let i = 0; i < list.length; i++) {
        const code = list[i];
        if (code === 0) style.clear();
        else if (code === 1) style.add("bo"); else if (code === 2) style.add("di"); else if (code === 3) style.add("it"); else if (code === 4) style.add("un");
        else if (code === 22) { style.delete("bo"); style.delete("di"); } else if (code === 23) style.delete("it"); else if (code === 24) style.delete("un");
        else if (code >= 30 && code <= 37) set("f", String(code - 30)); else if (code === 39) set("f");
        else if (code >= 40 && code <= 47) set("b", String(code - 40)); else if (code === 49) set("b");
        else if (code >= 90 && code <= 97) set("f", String(code - 90)); else if (code >= 100 && code <= 107) set("b", String(code - 100));
        else if (code === 38 || code === 48) i += list[i + 1] === 5 ? 2 : 4;
      }
    };
    const add = (line, words) => {
      const clean = words.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
      if (!clean) return;
      if (style.size) line.append(make("span", { class: [...style].join(" ") }, clean)); else line.append(clean);
    };
    const render = raw => {
      const line = make("span", { class: "l" });
      const words = raw.endsWith("\r") ? raw.slice(0, -1) : raw.slice(raw.lastIndexOf("\r") + 1);
      let from = 0;
      for (const found of words.matchAll(pattern)) {
        add(line, words.slice(from, found.index));
        if (found[2] === "m") turn(found[1]);
        from = found.index + found[0].length;
      }
      add(line, words.slice(from));
      return line;
    };

    // Taking in what comes, one screen refresh at a time.
    const flush = () => {
      isScheduled = false;
      if (isPaused) { pause.textContent = text("resume") + " · " + fill(text("waiting"), waiting.length); return; }
      const lines = waiting.splice(0, portion).map(render), needle = search.value.toLowerCase();
      if (needle) lines.forEach(line => { if (line.textContent.toLowerCase().includes(needle)) { line.classList.add("hit"); hits.push(line); } });
      pre.append(...lines);
      const surplus = pre.childElementCount - most;
      for (let i = 0; i < surplus; i++) pre.firstChild.remove();
      if (needle) { hits = hits.filter(line => line.isConnected); count(); }
      if (sticks) box.scrollTop = box.scrollHeight;
      if (waiting.length) schedule();
    };
    const schedule = () => { if (!isScheduled) { isScheduled = true; (document.hidden ? setTimeout : requestAnimationFrame)(flush, 200); } };
    const take = words => {
      const lines = (partial + words).split("\n");
      partial = lines.pop();
      // A line without an end is cut where nobody would read on.
      if (partial.length > 65536) { lines.push(partial); partial = ""; }
      for (const line of lines) waiting.push(line.length > 16384 ? line.slice(0, 16384) + " …" : line);
      if (waiting.length > most) waiting.splice(0, waiting.length - most);
      schedule();
    };
    box.addEventListener("scroll", () => { sticks = box.scrollHeight - box.scrollTop - box.clientHeight < 24; }, { passive: true });

    // Controls.
    const count = () => { $("#hits").textContent = search.value ? (at >= 0 ? at + 1 + " / " : "") + hits.length : ""; };
    const find = () => {
      const needle = search.value.toLowerCase();
      at = -1;
      hits = [];
      for (const line of pre.children) {
        const isHit = needle && line.textContent.toLowerCase().includes(needle);
        line.classList.toggle("hit", !!isHit);
        line.classList.remove("now");
        if (isHit) hits.push(line);
      }
      box.classList.toggle("only", only.checked && !!needle);
      count();
    };
    const step = by => {
      if (!hits.length) return;
      if (at >= 0 && hits[at]) hits[at].classList.remove("now");
      at = at < 0 ? (by > 0 ? 0 : hits.length - 1) : (at + by + hits.length) % hits.length;
      hits[at].classList.add("now");
      sticks = false;
      hits[at].scrollIntoView({ block: "center" });
      count();
    };
    search.addEventListener("input", find);
    search.addEventListener("keydown", event => { if (event.key === "Enter") { event.preventDefault(); step(event.shiftKey ? -1 : 1); } });
    only.addEventListener("change", find);
    $("#next").addEventListener("click", () => step(1));
    $("#prev").addEventListener("click", () => step(-1));
    $("#wrap").addEventListener("change", event => box.classList.toggle("nowrap", !event.target.checked));
    $("#end").addEventListener("click", () => { sticks = true; box.scrollTop = box.scrollHeight; });
    pause.addEventListener("click", () => { isPaused = !isPaused; pause.textContent = text(isPaused ? "resume" : "pause"); pause.setAttribute("aria-pressed", isPaused); schedule(); });
    document.addEventListener("submit", async event => {
      if (event.target.method !== "post" || !event.submitter) return;
      event.preventDefault();
      event.submitter.disabled = true;
      say(text("working"));
      try {
        const outcome = await send(event.target, event.submitter);
        say(outcome.message, outcome.ok);
      } catch (error) { say(error.message, false); }
      event.submitter.disabled = false;
    });

    // The stream; it comes again when it breaks.
    const stream = async () => {
      controller = new AbortController();
      try {
        const answer = await fetch("ui/log?" + body.dataset.query, { signal: controller.signal, cache: "no-store" });
        if (answer.status === 404) { $("#live").hidden = true; return setTimeout(() => { if (!document.hidden) stream(); }, 5000); }
        if (!answer.ok) throw new Error(String(answer.status));
        online(true);
        pre.replaceChildren();
        [partial, waiting, hits, at] = ["", [], [], -1];
        style.clear();
        const reader = answer.body.getReader(), decoder = new TextDecoder();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          take(decoder.decode(value, { stream: true }));
          // A flood is left in the file until the page has caught up; a page that stands still keeps the newest.
          while (waiting.length > portion && !isPaused) await new Promise(resolve => setTimeout(resolve, 30));
        }
      } catch (error) { if (error.name === "AbortError") return; }
      online(false);
      setTimeout(stream, 2000);
    };
    addEventListener("pagehide", () => controller.abort());
    addEventListener("pageshow", event => { if (event.persisted) stream(); });
    stream();
  }
})();
