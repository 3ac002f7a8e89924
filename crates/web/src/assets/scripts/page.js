// Shared by the scripts of all pages. The server renders all HTML; the scripts insert text only as text, so that nothing a
// process writes becomes markup.

export const body = document.body;

export const $ = (selector, within = document) => within.querySelector(selector);

export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** A message in the language of the page, from its attributes. */
export const text = key => body.dataset["t" + key[0].toUpperCase() + key.slice(1)] || "";

/** Replaces each `{}` by a value. */
export const fill = (pattern, ...values) => pattern.replace(/\{\}/g, () => values.shift());

export const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

let fading;

/** Shows the result of an action. A success disappears by itself; a failure stays until it is closed. */
export const say = (message, isWell = true) => {
  const place = $("#said");
  if (!place) return;
  clearTimeout(fading);
  const clear = () => place.replaceChildren();
  const note = make("div", { class: isWell ? "status_msg" : "status_msg bad" }, make("span", {}, message));
  if (isWell) {
    fading = setTimeout(clear, 8000);
  } else {
    const close = make("button", { type: "button", class: "quiet" }, text("close"));
    close.addEventListener("click", clear);
    note.append(close);
  }
  place.replaceChildren(note);
};

/** Shows whether the page is connected. */
export const online = isOnline => {
  const live = $("#live");
  live.hidden = false;
  live.classList.toggle("lost", !isOnline);
  const words = text(isOnline ? "live" : "lost");
  if (live.textContent !== words) live.textContent = words;
};

/** The fields that a button of a form sends. */
const fieldsOf = (form, button, extra) => {
  const fields = new URLSearchParams({ token: $("input[name=token]", form).value, do: button.value });
  const isAboutOne = button.value.includes(" ");
  if (!isAboutOne) all("input[name=p]:checked", form).forEach(box => fields.append("p", box.value));
  const signal = button.parentElement && $("select[name=signal]", button.parentElement);
  if (signal) fields.set("signal", signal.value);
  for (const [key, value] of Object.entries(extra)) fields.set(key, value);
  return fields;
};

/** Sends a form as the button would; returns the answer: `{ ok, message, results: [[name, error]] }`. */
export const send = async (form, button, extra = {}) => {
  const request = { method: "POST", body: fieldsOf(form, button, extra), headers: { Accept: "application/json" } };
  const answer = await fetch("./", request).catch(() => { throw new Error(text("lost")); });
  if (answer.status === 403) throw new Error(text("expired"));
  if (answer.status === 401) throw new Error(text("password"));
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.json();
};

/** Places a dialog below its anchor, if there is room. */
const place = (dialog, anchor) => {
  if (!anchor || innerWidth <= 700) return;
  const box = anchor.getBoundingClientRect(), size = dialog.getBoundingClientRect();
  const within = (wanted, most) => Math.max(8, Math.min(wanted, most - 8)) + "px";
  dialog.style.margin = "0";
  dialog.style.left = within(box.right - size.width, innerWidth - size.width);
  dialog.style.top = within(box.bottom + 4, innerHeight - size.height);
};

/** A question or a menu. Resolves to the value of the pressed button; empty if it was dismissed. */
export const ask = (title, content, anchor) => new Promise(resolve => {
  const dialog = make("dialog", { "aria-label": title }, make("h2", {}, title), ...content);
  dialog.addEventListener("click", event => {
    const chosen = event.target.closest("button[value]");
    if (chosen) dialog.close(chosen.value);
    else if (event.target === dialog) dialog.close("");
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue);
  });
  body.append(dialog);
  dialog.showModal();
  place(dialog, anchor);
});

export const choice = (value, label, kind = "") => make("button", { type: "button", value, class: kind }, label);

export const confirmed = async (question, label) => {
  const answers = make("div", { class: "row" }, choice("yes", label, "main"), choice("", text("cancel")));
  return await ask(question, [answers]) === "yes";
};

body.classList.add("js");
