import { configurationNamed } from "../daemon.mjs";
import { checkAccessible } from "../browser.mjs";
import { row, shows } from "../list_page.mjs";
import { check, equal } from "../waiting.mjs";

const PAGES = ["", "tail.html?processname=web:web_00", "tail.html?channel=main", "?action=stopall"];

const allLooks = function* () {
  for (const locale of ["en-GB", "zh-CN"]) {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1440, 390]) yield { locale, colorScheme, viewport: { width, height: 900 } };
    }
  }
};

const checkLook = async (page, options, what) => {
  equal(await page.locator("html").getAttribute("lang"), options.locale === "zh-CN" ? "zh-Hans" : "en", `language of ${what}`);
  const isDark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/)[0] < 100);
  equal(isDark, options.colorScheme === "dark", `darkness of ${what}`);
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is as wide as the screen`);
  await checkAccessible(page, what);
};

export const looks = {
  async "every page is accessible in both languages, colours and widths"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    for (const options of allLooks()) {
      const page = await open(options);
      for (const path of PAGES) {
        await page.goto(daemon.url + path);
        if (path === "") {
          await shows(page, "mailer", "FATAL");
          await row(page, "metrics").locator("input").check();
        }
        const { locale, colorScheme, viewport } = options;
        await checkLook(page, options, `/${path} (${locale}, ${colorScheme}, ${viewport.width} pixels)`);
      }
      await page.context().close();
    }
  },

  async "without programs the page says how to write one down, and shows it when it comes"({ start, open }) {
    const daemon = await start("");
    const page = await open();
    await page.goto(daemon.url);
    await page.locator(".empty", { hasText: "No programs to manage" }).waitFor();
    await checkAccessible(page, "the empty page");
    daemon.append("[program:first]\ncommand=sleep 1000\nstartsecs=0\n");
    await page.locator('#config button[value="apply"]').click();
    await shows(page, "first", "RUNNING");
  },
};
