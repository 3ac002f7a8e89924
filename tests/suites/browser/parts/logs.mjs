import { configurationNamed } from "../daemon.mjs";
import { becomes, check, equal, rest, until } from "../waiting.mjs";

const box = page => page.locator("#log");

const lines = page => page.locator("#log .l");

/** How much of the log is below what is in view, in pixels. */
const hidden = page => box(page).evaluate(log => log.scrollHeight - log.scrollTop - log.clientHeight);

const openLog = async ({ start, open }, query, options) => {
  const daemon = await start(configurationNamed("demo"));
  const page = await open(options);
  await page.goto(`${daemon.url}tail.html?${query}`);
  return { daemon, page };
};

export const logs = {
  async "a log is followed with its colours, and what it holds stays text"(world) {
    const { page } = await openLog(world, "processname=web:web_01");
    await page.locator("#log .f2", { hasText: "INFO" }).first().waitFor();
    await page.locator("#log .l", { hasText: "<script>" }).first().waitFor();
    equal(await page.locator("#log script").count(), 0, "elements made from a log");
    const before = await lines(page).count();
    await until("more lines come", async () => await lines(page).count() > before);
  },

  async "words are found in a log"(world) {
    const { page } = await openLog(world, "processname=web:web_01");
    await page.fill("#q", "slow");
    await page.locator("#log .hit").first().waitFor();
    await page.locator("#next").click();
    await page.locator("#log .now").waitFor();
    await page.locator("#only").check();
    await becomes(() => page.locator("#log .l:visible:not(.hit)").count(), 0, "lines shown that do not match");
    await page.locator("#only").uncheck();
    await page.fill("#q", "");
    await becomes(() => page.locator("#log .hit").count(), 0, "hits of no search");
  },

  async "a log is paused, and jumped to its end"(world) {
    const { page } = await openLog(world, "processname=web:web_01", { viewport: { width: 1440, height: 480 } });
    await until("lines come", async () => await lines(page).count() > 3);
    await page.locator("#pause").click();
    await until("the page says that lines wait", async () => /\d/.test(await page.locator("#pause").textContent()));
    const paused = await lines(page).count();
    const waiting = Number((await page.locator("#pause").textContent()).match(/\d+/)[0]);
    await until("more lines wait", async () => Number((await page.locator("#pause").textContent()).match(/\d+/)[0]) > waiting);
    equal(await lines(page).count(), paused, "lines shown while paused");
    await page.locator("#pause").click();
    await until("it goes on", async () => await lines(page).count() > paused);
    await until("the log is longer than its box", () => box(page).evaluate(log => log.scrollHeight > log.clientHeight + 100));
    await box(page).evaluate(log => { log.scrollTop = 0; });
    const read = await lines(page).count();
    await until("more comes", async () => await lines(page).count() > read + 5);
    equal(await box(page).evaluate(log => log.scrollTop), 0, "how far the log has moved under who reads it");
    await page.locator("#end").click();
    for (const moment of ["at once", "and still after more has come"]) {
      await becomes(async () => await hidden(page) < 40, true, `the end is in view ${moment}`);
      const seen = await lines(page).count();
      await until("more comes", async () => await lines(page).count() > seen + 5);
    }
  },

  async "a log is cleared and downloaded while it is followed"(world) {
    const { daemon, page } = await openLog(world, "processname=web:web_01");
    await until("lines come", async () => await lines(page).count() > 3);
    await page.locator("#wrap").uncheck();
    await page.locator("#log.nowrap").waitFor();
    // A log that grows beyond what was read of it before it is looked at again shows no mark.
    await page.locator('button[value^="stop "]').click();
    await until("it has stopped", async () => await daemon.state("web:web_01") === "STOPPED");
    await page.locator('button[value^="clearlog "]').click();
    await page.locator("#log .l", { hasText: "File truncated" }).waitFor();
    await page.locator('button[value^="start "]').click();
    await page.locator("#log .l:last-child", { hasText: "GET /orders" }).waitFor();
    const download = page.waitForEvent("download");
    await page.locator("a[download]").click();
    check((await download).suggestedFilename().includes("web_01"), "the file is called after its process");
  },

  async "the errors of a process and the main log are shown"(world) {
    const { daemon, page } = await openLog(world, "processname=mailer&channel=stderr");
    await page.locator("#log .l", { hasText: "smtp.password" }).waitFor();
    await page.goto(`${daemon.url}tail.html?channel=main`);
    await page.locator("#log .l", { hasText: "spawned" }).first().waitFor();
    await page.goto(`${daemon.url}tail.html?processname=reports`);
    await page.locator("#silent").waitFor();
  },

  async "binary, escape sequences and endless lines are shown as far as they can be"({ start, open }) {
    const daemon = await start(configurationNamed("binary"));
    const page = await open();
    await page.goto(`${daemon.url}tail.html?processname=binary`);
    await page.locator("#log .l", { hasText: "last" }).waitFor();
    const shown = await page.locator("#log pre").evaluate(log => log.innerText.split("\n"));
    equal(shown.filter(line => /^[a-z]+$/.test(line)), ["first", "written", "last"], "lines of letters");
    await page.locator("#log .f1", { hasText: "red" }).waitFor();
    check(shown.some(line => line.startsWith("red\uFFFD\uFFFDend")), "bytes that are no text are told as such");
    check(shown.every(line => !/[\x00-\x08\x0b-\x1f]/.test(line)), "no control character is shown");
    check(shown.some(line => line.endsWith(" …") && line.length > 16_000), "an endless line is cut");
  },

  async "a flood into a log freezes neither page nor daemon"(world) {
    const { daemon, page } = await openLog(world, "processname=flood");
    await page.locator('button[value="start flood"]').click();
    await until("lines come", async () => await lines(page).count() > 1000);
    const before = daemon.memory(), read = () => page.evaluate(() => document.querySelector("#log .l:last-child").textContent);
    // Where the file was rotated in between, a line may be torn.
    await until("the flood is shown", async () => (await read()).includes("as fast as it can"));
    let slowest = 0, most = 0;
    for (let round = 0; round < 20; round++) {
      const frame = () => page.evaluate(() => new Promise(resolve => {
        const began = performance.now();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
      }));
      slowest = Math.max(slowest, await frame());
      most = Math.max(most, await lines(page).count());
      await rest(200);
    }
    const grown = daemon.memory() - before;
    await page.locator('button[value="stop flood"]').click();
    await until("it has stopped", async () => await daemon.state("flood") === "STOPPED");
    console.log(`   slowest answer of the page ${Math.round(slowest)} ms, at most ${most} lines, supervisord grew by ${grown} KiB`);
    check(most <= 5000, "the page keeps no more than 5,000 lines");
    check(grown < 8192, "supervisord keeps nothing of a flood");
  },
};
