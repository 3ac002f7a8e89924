// Pictures for the documentation.
import { join } from "node:path";
import { configurationNamed } from "../daemon.mjs";
import { row, shows, tick } from "../list_page.mjs";
import { until } from "../waiting.mjs";

/** Samplings that make a curve worth looking at. */
const COURSE = 14;

const WIDE = { viewport: { width: 1200, height: 760 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true };

/** Waits until the curves that are in view are long enough. */
const hasCurves = page => until("curves are drawn", () => page.evaluate(course => {
  const lines = [...document.querySelectorAll(".spark polyline")].filter(line => line.checkVisibility());
  return lines.some(line => line.getAttribute("points").split(" ").length >= course);
}, COURSE));

const sortByCpu = page => page.locator("#sort select").selectOption("cpu");

const filterBy = (page, state) => page.locator(`#states a[data-s="${state}"]`).click();

export const pictures = {
  async "pictures of every view"({ start, open, pictures }) {
    const daemon = await start(configurationNamed("demo"));
    const take = async (name, path, options, prepare = () => {}) => {
      const page = await open(options);
      await page.goto(daemon.url + path);
      if (path === "") for (const name of ["mailer", "indexer"]) await shows(page, name, "FATAL");
      await prepare(page);
      await page.screenshot({ path: join(pictures, `${name}.png`) });
    };
    await Promise.all([
      take("light", "", { viewport: { width: 1440, height: 1000 } }, async page => {
        for (const number of [1, 2]) await tick(page, `web:web_0${number}`);
        await sortByCpu(page);
        await page.locator("#q").focus();
        await page.mouse.move(0, 0);
        await hasCurves(page);
        await page.evaluate(() => document.activeElement.blur());
      }),
      take("dark", "", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }, async page => {
        await sortByCpu(page);
        await hasCurves(page);
      }),
      take("phone", "", { ...PHONE, colorScheme: "dark", locale: "zh-CN" }, async page => {
        await sortByCpu(page);
        await hasCurves(page);
      }),
      take("logs", "tail.html?processname=web:web_00", {}, async page => {
        await page.fill("#q", "slow");
        await page.locator("#log .hit").nth(2).waitFor();
        await page.locator("#next").click();
      }),
      take("failure", "", WIDE, page => filterBy(page, "FATAL")),
      take("menu", "", WIDE, async page => {
        await filterBy(page, "RUNNING");
        await hasCurves(page);
        await row(page, "metrics").locator(".more").click();
      }),
    ]);
    daemon.append("[program:search]\ncommand=sleep 1000\n");
    await take("configuration", "", WIDE, page => page.locator("#config li").waitFor());
  },
};
