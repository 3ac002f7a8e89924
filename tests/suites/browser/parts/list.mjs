import { configurationNamed } from "../daemon.mjs";
import { checkAccessible } from "../browser.mjs";
import { row, showsSoMany, shown, shows } from "../list_page.mjs";
import { becomes, check, equal, until } from "../waiting.mjs";

const focused = page => page.evaluate(() => document.activeElement.dataset.n);

export const list = {
  async "processes are found, filtered, sorted and folded"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    await page.goto(daemon.url);
    await shows(page, "indexer", "FATAL");
    await shows(page, "mailer", "FATAL");
    const everything = await shown(page);
    await page.fill("#q", "WORKER");
    await showsSoMany(page, 2);
    await page.fill("#q", "nothing like this");
    await page.locator("#none").waitFor();
    await page.fill("#q", "");
    await page.locator('#states a[data-s="FATAL"]').click();
    await showsSoMany(page, 2);
    await page.locator('#states a[data-s=""]').click();
    await page.locator("#sort select").selectOption("state");
    await until("failures come first", async () => await page.locator("tr.r").first().getAttribute("data-s") === "FATAL");
    await page.locator("#sort select").selectOption("name");
    await until("names are in order", async () => await page.locator("tr.r").first().getAttribute("data-n") === "backup");
    await page.locator('tbody[data-g="web"] .fold').click();
    await showsSoMany(page, everything - 4);
    await page.reload();
    await showsSoMany(page, everything - 4);
    await page.locator('tbody[data-g="web"] .fold').click();
    await showsSoMany(page, everything);
  },

  async "keys move, select and act on a row"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    await page.goto(daemon.url);
    await shows(page, "metrics", "RUNNING");
    const names = await page.locator("tr.r").evaluateAll(found => found.map(one => one.dataset.n));
    await row(page, "metrics").focus();
    await page.keyboard.press("t");
    await shows(page, "metrics", "STOPPED");
    equal(await focused(page), "metrics", "focus after the row was replaced");
    await page.keyboard.press("s");
    await shows(page, "metrics", "RUNNING");
    await page.keyboard.press("ArrowDown");
    await becomes(() => focused(page), names[names.indexOf("metrics") + 1], "focus below metrics");
    await page.keyboard.press("Space");
    await becomes(() => page.locator("input[name=p]:checked").count(), 1, "rows ticked with the space bar");
    await page.keyboard.press("f");
    await becomes(() => page.evaluate(() => document.activeElement.id), "q", "focus after F");
    await page.keyboard.press("ArrowDown");
    await becomes(() => focused(page), names[0], "focus below the search");
    await page.locator("#help").click();
    await checkAccessible(page, "the list of keys");
    await page.keyboard.press("Escape");
    await becomes(() => page.locator("dialog").count(), 0, "dialogs left open");
  },

  async "a failure is explained, and counted in the title"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    await page.goto(daemon.url);
    for (const [name, reasons] of [
      ["mailer", ["smtp.password", "exit code 3"]],
      ["indexer", ["can't find command '/opt/search/bin/indexer'", "PATH"]],
      ["importer", ["ConnectionRefusedError", "keeps trying"]],
    ]) {
      for (const reason of reasons) await page.locator(`tr.y[data-of="${name}"]`, { hasText: reason }).waitFor();
    }
    await until("the title counts failures", async () => (await page.title()).startsWith("(3) Supervisor"));
  },

  async "CPU and memory are of the whole family of a process"({ start, open }) {
    const busy = "i=0; while :; do i=$((i+1)); done";
    const daemon = await start(`[program:parent]\ncommand=/bin/sh -c '(${busy}) & sleep 1000'\nstopasgroup=true\nkillasgroup=true\n`);
    const page = await open();
    await page.goto(daemon.url);
    const load = row(page, "parent").locator("td.c");
    await until("the child's work is shown", async () => parseFloat(await load.textContent()) > 1);
    await row(page, "parent").locator("td.m .spark").waitFor({ state: "attached" });
  },
};
