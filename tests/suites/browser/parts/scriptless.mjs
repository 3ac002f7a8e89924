import { configurationNamed } from "../daemon.mjs";
import { checkAccessible } from "../browser.mjs";
import { press, shows } from "../list_page.mjs";
import { becomes, check, equal } from "../waiting.mjs";

const withoutScript = async ({ start, open }, locale) => {
  const daemon = await start(configurationNamed("demo"));
  const page = await open({ javaScriptEnabled: false, locale });
  await page.goto(daemon.url);
  await press(page, "stop", "metrics");
  check((await page.locator(".status_msg").textContent()).includes("metrics"), "the page says what came of it");
  equal(await daemon.state("metrics"), "STOPPED", "state of metrics");
  await press(page, "start", "metrics");
  await shows(page, "metrics", "RUNNING");
  for (const name of ["mailer", "indexer"]) await becomes(() => daemon.state(name), "FATAL", `state of ${name}`);
  await page.locator('#states a[data-s="FATAL"]').click();
  await becomes(() => page.locator("tr.r").count(), 2, "failures");
  await page.locator('#states a[data-s=""]').click();
  await page.locator('input[name=p][value="web:web_00"]').check();
  await page.locator('.sel button[value="stop"]').click();
  await shows(page, "web:web_00", "STOPPED");
  await page.goto(`${daemon.url}tail.html?processname=web:web_01`);
  await page.locator("#log pre", { hasText: "GET /orders" }).waitFor();
  await page.goto(daemon.url);
  await page.locator('footer a[href*="theme=dark"]').click();
  await becomes(() => page.locator("html").getAttribute("data-theme"), "dark", "colours");
  await page.locator('footer a[href*="language=zh"]').click();
  await becomes(() => page.locator("html").getAttribute("lang"), "zh-Hans", "language");
};

export const scriptless = {
  "without the script everything works in English": world => withoutScript(world, "en-GB"),
  "without the script everything works in Chinese": world => withoutScript(world, "zh-CN"),

  async "without the script an edited configuration is shown at once"({ start, open }) {
    const daemon = await start("[program:one]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.append("[program:two]\ncommand=sleep 1000\nstartsecs=0\n");
    const page = await open({ javaScriptEnabled: false });
    await page.goto(daemon.url);
    await page.locator('#config button[value="apply"]').click();
    await page.locator(".status_msg", { hasText: "two" }).waitFor();
    // It is started once its group is there, and this page shows a moment.
    await becomes(() => daemon.state("two"), "RUNNING", "state of two");
    await page.goto(daemon.url);
    await shows(page, "two", "RUNNING");
  },
};
