import { isLive, press, shows } from "../list_page.mjs";
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
    await shows(page, "one", "RUNNING");
    await press(page, "stop", "one");
    await shows(page, "one", "STOPPED");
  },

  async "nobody looks once the last page is closed, and then nothing wakes the daemon"({ start, open }) {
    const daemon = await start(ONE);
    const pages = [await open(), await open()];
    for (const page of pages) {
      await page.goto(daemon.url);
      await isLive(page);
    }
    check(daemon.threads().includes("look"), "somebody looks");
    await pages[0].close();
    check(daemon.threads().includes("look"), "somebody looks for the page that is left");
    await pages[1].close();
    await until("nobody looks", async () => !daemon.threads().includes("look"));
    await until("three seconds pass without a wake-up", async () => {
      const before = daemon.wakeups();
      await rest(3_000);
      return daemon.wakeups() === before;
    });
    equal(await daemon.state("one"), "RUNNING", "state of what runs meanwhile");
  },
};
