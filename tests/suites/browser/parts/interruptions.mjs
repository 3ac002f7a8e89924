import { isLive, press, row, shows } from "../list_page.mjs";
import { check, equal, rest, until } from "../waiting.mjs";

const ONE = "[program:one]\ncommand=sleep 1000\nstartsecs=0\n";

export const interruptions = {
  async "the daemon goes and comes back"({ start, open }) {
    const daemon = await start(ONE);
    const [page, log] = [await open(), await open()];
    await page.goto(daemon.url);
    await log.goto(`${daemon.url}tail.html?channel=main`);
    await isLive(page);
    await daemon.stop();
    await page.locator("#live.lost").waitFor();
    await log.locator("#live.lost").waitFor();
    await page.locator('.every button[value="startall"]').click();
    await page.locator("#said .status_msg.bad", { hasText: "No connection" }).waitFor();
    await daemon.start();
    await isLive(page);
    await isLive(log);
    // Until then the page shows the child of the former supervisord, in rows that are about to be replaced.
    const { pid } = await daemon.process("one");
    await row(page, "one").locator(".p", { hasText: String(pid) }).waitFor();
    await press(page, "stop", "one");
    await shows(page, "one", "STOPPED");
  },

  async "the sampler ends with the last page, and then nothing wakes the daemon"({ start, open }) {
    const daemon = await start(ONE);
    const pages = [await open(), await open()];
    for (const page of pages) {
      await page.goto(daemon.url);
      await isLive(page);
    }
    const [first, left] = pages;
    await until("the sampler runs", async () => daemon.threads().includes("sampler"));
    await first.close();
    for (const [verb, state] of [["stop", "STOPPED"], ["start", "RUNNING"]]) {
      await press(left, verb, "one");
      await shows(left, "one", state);
    }
    check(daemon.threads().includes("sampler"), "the sampler runs for the page that is left");
    await left.close();
    await until("the sampler has ended", async () => !daemon.threads().includes("sampler"));
    await until("three seconds pass without a wake-up", async () => {
      const before = daemon.wakeups();
      await rest(3_000);
      return daemon.wakeups() === before;
    });
    equal(await daemon.state("one"), "RUNNING", "state of what runs meanwhile");
  },
};
