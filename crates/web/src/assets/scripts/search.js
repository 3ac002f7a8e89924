// Search in the lines of a log.

import { $ } from "./page.js";

export class Search {
  #box;
  #field = $("#q");
  #only = $("#only");
  #hits = [];
  #at = -1;

  /** Searches the lines in `box`; `moved` is called when a hit is scrolled into view. */
  constructor(box, moved) {
    this.#box = box;
    const step = by => {
      if (this.#step(by)) moved();
    };
    this.#field.addEventListener("input", () => this.#find());
    this.#field.addEventListener("keydown", event => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      step(event.shiftKey ? -1 : 1);
    });
    this.#only.addEventListener("change", () => this.#find());
    $("#next").addEventListener("click", () => step(1));
    $("#prev").addEventListener("click", () => step(-1));
  }

  get #needle() {
    return this.#field.value.toLowerCase();
  }

  /** Searches new lines. */
  look(lines) {
    if (!this.#needle) return;
    for (const line of lines) this.#mark(line);
    this.#hits = this.#hits.filter(line => line.isConnected);
    this.#count();
  }

  /** Forgets all lines. */
  forget() {
    this.#hits = [];
    this.#at = -1;
    this.#count();
  }

  #mark(line) {
    const isHit = line.textContent.toLowerCase().includes(this.#needle);
    line.classList.toggle("hit", isHit);
    if (isHit) this.#hits.push(line);
  }

  #find() {
    this.#hits = [];
    this.#at = -1;
    for (const line of this.#box.querySelectorAll(".hit")) line.classList.remove("hit", "now");
    if (this.#needle) for (const line of this.#box.querySelectorAll(".l")) this.#mark(line);
    this.#box.classList.toggle("only", this.#only.checked && this.#needle !== "");
    this.#count();
  }

  /** Moves to another hit; returns whether there is one. */
  #step(by) {
    const count = this.#hits.length;
    if (!count) return false;
    this.#hits[this.#at]?.classList.remove("now");
    if (this.#at < 0) this.#at = by > 0 ? 0 : count - 1;
    else this.#at = (this.#at + by + count) % count;
    this.#hits[this.#at].classList.add("now");
    this.#hits[this.#at].scrollIntoView({ block: "center" });
    this.#count();
    return true;
  }

  #count() {
    const position = this.#at >= 0 ? `${this.#at + 1} / ` : "";
    $("#hits").textContent = this.#needle ? position + this.#hits.length : "";
  }
}
