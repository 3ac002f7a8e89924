// The list of processes as a user sees it: rows, their states and buttons.
import { until } from "./waiting.mjs";

export const row = (page, name) => page.locator(`tr.r[data-n=${JSON.stringify(name)}]`);

/** Does something with a row as it is now, at once: between two steps another one may take its place. */
const inRow = (page, name, deed, detail) => page.evaluate(`(() => {
  const row = [...document.querySelectorAll("tr.r")].find(one => one.dataset.n === ${JSON.stringify(name)});
  return (${deed})(row, ${JSON.stringify(detail ?? null)});
})()`);

/** Waits until a process is shown in a state. */
export const shows = (page, name, state) => row(page, name).and(page.locator(`[data-s=${state}]`)).waitFor();

/** Presses a button of a row. */
export const press = (page, verb, name) => row(page, name).locator(`button[value^="${verb} "]`).click();

/** Presses a button at once, if it is there: another tab may have been faster. */
export const pressIfThere = (page, verb, name) =>
  inRow(page, name, (found, value) => found.querySelector(`button[value^="${value} "]`)?.click(), verb);

/** How high the buttons of a row stand. */
export const heightOfButtons = (page, name) => inRow(page, name, found => found.querySelector("td.a").offsetHeight);

/** Ticks a row. One that is replaced while the mouse is down is not, and is tried again. */
export const tick = (page, name) => {
  const box = row(page, name).locator("input");
  return until(`${name} is ticked`, async () => await box.isChecked() || (await box.click(), false));
};

/** Waits until the page is connected. */
export const isLive = page => page.locator("#live:not(.lost)").waitFor();

/** How many rows are to be seen. */
export const shown = page => page.evaluate(() =>
  [...document.querySelectorAll("tr.r")].filter(row => row.checkVisibility()).length);

/** Waits until so many rows are to be seen. */
export const showsSoMany = (page, count) => until(`${count} rows are shown`, async () => await shown(page) === count);

/** Waits until nothing is under way any more. */
export const isSettled = page =>
  until("nothing is under way", async () => await page.locator("tr[aria-busy=true]").count() === 0);
