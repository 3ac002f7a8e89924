// The browser, and what must hold on every page that is opened in it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { check } from "./waiting.mjs";

const PATIENCE = 90_000;

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const QUIET = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync",
];

export class Browser {
  #chromium;
  #contexts = [];
  #complaints = [];

  /** Started with further arguments, if there are any. */
  static async launch(further = []) {
    const browser = new Browser();
    // Chromium refuses to sandbox its pages for root.
    const args = [...QUIET, ...further, ...(process.getuid() === 0 ? ["--no-sandbox"] : [])];
    browser.#chromium = await chromium.launch({ executablePath: process.env.CHROMIUM, args, timeout: PATIENCE });
    return browser;
  }

  /** A page in a profile of its own. Errors of the script, and what the content policy refuses, are complaints. */
  async open(options = {}) {
    const usual = { viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-GB" };
    const context = await this.#chromium.newContext({ ...usual, ...options });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on("pageerror", error => this.#complaints.push(`script: ${error.stack}`));
    page.on("console", message => {
      const isRefusal = message.type() === "error" && /Content Security|Refused/.test(message.text());
      if (isRefusal) this.#complaints.push(`policy: ${message.text()}`);
    });
    page.on("dialog", dialog => {
      this.#complaints.push(`a dialog of the browser: ${dialog.message()}`);
      dialog.dismiss();
    });
    return page;
  }

  /** What is to be read on each page now, for whoever looks for the cause of a failure. */
  async read() {
    const pages = this.#contexts.flatMap(context => context.pages());
    const texts = pages.map(async page => {
      const text = await page.locator("body").innerText({ timeout: 5_000 }).catch(error => error.message);
      return `--- ${page.url()}\n${text.split("\n").filter(line => line.trim()).slice(0, 80).join("\n")}`;
    });
    return (await Promise.all(texts)).join("\n");
  }

  /** Closes all pages; fails if any of them gave reason to complain. */
  async closePages() {
    for (const context of this.#contexts.splice(0)) await context.close();
    const complaints = this.#complaints.splice(0);
    check(!complaints.length, `pages run without complaints\n${complaints.join("\n")}`);
  }

  async close() {
    await this.#chromium.close();
  }
}

/** Fails if a page breaks a rule of WCAG 2.2 AA that a program can check. */
export const checkAccessible = async (page, what) => {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(rules => globalThis.axe.run({ runOnly: rules }), RULES);
  check(passes.length > 5, `${what} has been looked at`);
  const told = violations.map(({ id, help, nodes }) => {
    const examples = nodes.slice(0, 3).map(node => node.html.slice(0, 160));
    return `${id}: ${help}: ${examples.join(" | ")}`;
  });
  check(!violations.length, `${what} is accessible\n${told.join("\n")}`);
};
