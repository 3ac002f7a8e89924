import { configurationNamed } from "../daemon.mjs";
import { checkAccessible } from "../browser.mjs";
import { shows, tick } from "../list_page.mjs";
import { check, equal } from "../waiting.mjs";

const PAGES = ["", "tail.html?processname=web:web_00", "tail.html?channel=main", "?action=stopall"];

const allLooks = function* (locale) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1440, 390]) yield { locale, colorScheme, viewport: { width, height: 900 } };
  }
};

const checkLook = async (page, options, what) => {
  equal(await page.locator("html").getAttribute("lang"), options.locale === "zh-CN" ? "zh-Hans" : "en", `language of ${what}`);
  const isDark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/)[0] < 100);
  equal(isDark, options.colorScheme === "dark", `darkness of ${what}`);
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is as wide as the screen`);
  await checkAccessible(page, what);
};

const checkLooks = async ({ start, open }, locale) => {
  const daemon = await start(configurationNamed("demo"));
  for (const options of allLooks(locale)) {
    const page = await open(options);
    for (const path of PAGES) {
      await page.goto(daemon.url + path);
      if (path === "") {
        await shows(page, "mailer", "FATAL");
        await tick(page, "metrics");
      }
      const { colorScheme, viewport } = options;
      await checkLook(page, options, `/${path} (${locale}, ${colorScheme}, ${viewport.width} pixels)`);
    }
    await page.context().close();
  }
};

/** The controls that stand out of the page, or of the table, which shows nothing beyond its edge. */
const cutOff = page => page.evaluate(() => {
  const isOut = control => {
    const [box, frame] = [control, control.closest("table") ?? document.documentElement].map(one => one.getBoundingClientRect());
    return box.left < frame.left || box.right > frame.right;
  };
  return [...document.querySelectorAll("a, button, input, select")]
    .filter(control => control.checkVisibility() && isOut(control)).map(control => control.outerHTML);
});

export const looks = {
  "every page is accessible in English, both colours and widths": world => checkLooks(world, "en-GB"),
  "every page is accessible in Chinese, both colours and widths": world => checkLooks(world, "zh-CN"),

  async "nothing is cut off on a screen of any width"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    for (const path of PAGES) {
      await page.goto(daemon.url + path);
      if (path === "") await shows(page, "metrics", "RUNNING");
      for (let width = 320; width <= 1680; width += 20) {
        await page.setViewportSize({ width, height: 900 });
        equal(await cutOff(page), [], `what is cut off of /${path} at ${width} pixels`);
      }
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
