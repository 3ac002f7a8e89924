// Lines of a log with their colours: SGR sequences become classes. Other sequences and control characters are dropped.

import { make } from "./page.js";

/** CSI sequences with their parameters and final byte, OSC sequences, and the short ones. */
const SEQUENCE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]|[ -/]+[0-~])/g;

const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Codes that switch a class on, and those that switch classes off. */
const ON = { 1: "bo", 2: "di", 3: "it", 4: "un" };
const OFF = { 22: ["bo", "di"], 23: ["it"], 24: ["un"] };

/** Converts lines of a log to elements; keeps the SGR state from line to line. */
export class Painter {
  #flags = new Set();
  #front = "";
  #back = "";

  /** One line, without its end. */
  line(raw) {
    const line = make("span", { class: "l" });
    // Text before a carriage return is overwritten, as in a terminal.
    const words = raw.endsWith("\r") ? raw.slice(0, -1) : raw.slice(raw.lastIndexOf("\r") + 1);
    let from = 0;
    for (const found of words.matchAll(SEQUENCE)) {
      this.#add(line, words.slice(from, found.index));
      if (found[2] === "m") this.#turn(found[1]);
      from = found.index + found[0].length;
    }
    this.#add(line, words.slice(from));
    return line;
  }

  #add(line, words) {
    const clean = words.replace(CONTROL, "");
    if (!clean) return;
    const classes = [...this.#flags, this.#front, this.#back].filter(Boolean);
    line.append(classes.length ? make("span", { class: classes.join(" ") }, clean) : clean);
  }

  #turn(parameters) {
    const codes = (parameters || "0").split(/[;:]/).map(Number);
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at];
      if (code === 38 || code === 48) {
        // Of the 256 colours the first sixteen are known; true colours are left out.
        const isIndexed = codes[at + 1] === 5, colour = codes[at + 2];
        if (isIndexed) this.#colour(code - 8, colour < 16 ? colour % 8 : null);
        at += isIndexed ? 2 : 4;
      } else if (code === 0) {
        this.#flags.clear();
        this.#front = this.#back = "";
      } else if (ON[code]) {
        this.#flags.add(ON[code]);
      } else if (OFF[code]) {
        OFF[code].forEach(flag => this.#flags.delete(flag));
      } else if (code >= 90) {
        this.#colour(code - code % 10 - 60, code % 10);
      } else if (code >= 30 && code <= 49) {
        this.#colour(code - code % 10, code % 10 === 9 ? null : code % 10);
      }
    }
  }

  /** Sets the foreground (30) or background colour (40). */
  #colour(layer, number) {
    const name = prefix => number === null || number > 7 ? "" : prefix + number;
    if (layer === 30) this.#front = name("f");
    else if (layer === 40) this.#back = name("b");
  }
}
