import { configurationNamed } from "../daemon.mjs";
import { press, row, shows, tick } from "../list_page.mjs";
import { equal, until } from "../waiting.mjs";

const ADDED = "\n[program:added]\ncommand=sleep 1000\nstartsecs=0\n";

export const configuration = {
  async "an edited configuration is shown and applied"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    await page.goto(daemon.url);
    daemon.append(ADDED);
    await page.locator("#config li", { hasText: "added" }).waitFor();
    await page.locator('#config button[value="apply"]').click();
    await shows(page, "added", "RUNNING");
    await until("nothing is left to apply", async () => await page.locator("#config li").count() === 0);
  },

  async "what changes while the list is fetched anew is not lost"({ start, open }) {
    const daemon = await start("[program:kept]\ncommand=sleep 1000\nstartsecs=0\n");
    const page = await open();
    await page.goto(daemon.url);
    await shows(page, "kept", "RUNNING");
    await page.route(daemon.url, async route => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      await daemon.fetch("index.html?processname=kept&action=stop");
      await shows(page, "kept", "STOPPED");
      await route.fulfill({ response });
    });
    daemon.append(ADDED);
    await page.locator('#config button[value="apply"]').click();
    await row(page, "added").waitFor();
    await shows(page, "kept", "STOPPED");
  },

  async "a mistake in the configuration is shown with its place"({ start, open }) {
    const daemon = await start("[program:one]\ncommand=sleep 1000\n");
    const page = await open();
    await page.goto(daemon.url);
    daemon.append("[program:two]\ncommand=sleep 1000\nstopsignal=NONE\n");
    await page.locator("#config .bad", { hasText: "'NONE' is not a valid signal name in section 'program:two'" }).waitFor();
  },

  async "a process removed while it is shown goes, and the others stay as they are"({ start, open }) {
    const daemon = await start("[program:kept]\ncommand=sleep 1000\n[program:going]\ncommand=sleep 1000\n");
    const [page, stale] = [await open(), await open({ javaScriptEnabled: false })];
    await page.goto(daemon.url);
    await stale.goto(daemon.url);
    await tick(page, "kept");
    daemon.configure("[program:kept]\ncommand=sleep 1000\n");
    await page.locator('#config button[value="apply"]').click();
    await row(page, "going").waitFor({ state: "detached" });
    equal(await row(page, "kept").locator("input").isChecked(), true, "the other one is still ticked");
    // A page that has not noticed.
    await press(stale, "stop", "going");
    await stale.locator(".status_msg", { hasText: "no such process" }).waitFor();
  },
};
