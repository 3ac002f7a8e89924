import { press, row, shows } from "../list_page.mjs";
import { checkAccessible } from "../browser.mjs";
import { equal } from "../waiting.mjs";

const NAMES = [`odd<b>&"'name`, "<script>alert(1)</script>".replace("/", "\\"), "100%done", "name?q=1&x#y", "订单服务", "long-".repeat(40)];

const section = name => `[program:${name}]\ncommand=sleep 1000\nstartsecs=0\n`;

export const badInput = {
  async "names with markup, quotes, percent signs and any letters are shown and obeyed"({ start, open }) {
    const daemon = await start(NAMES.map(section).join(""));
    const [page, plain] = [await open(), await open({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })];
    await page.goto(daemon.url);
    await checkAccessible(page, "the list of odd names");
    for (const name of NAMES) {
      await shows(page, name, "RUNNING");
      await press(page, "stop", name);
      await shows(page, name, "STOPPED");
      equal(await daemon.state(name), "STOPPED", `state of ${name}`);
      await plain.goto(daemon.url);
      await press(plain, "start", name);
      await shows(page, name, "RUNNING");
      await shows(plain, name, "RUNNING");
      await row(plain, name).locator(".n a").click();
      await plain.locator("h1", { hasText: name }).waitFor();
    }
    equal(await page.locator("tr.r b, tr.r script").count(), 0, "elements made from names");
  },
};
