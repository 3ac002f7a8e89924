import { isLive, row, showsSoMany, shows } from "../list_page.mjs";
import { becomes, check, equal, until } from "../waiting.mjs";

const GROUPS = 40, MEMBERS = 50;

/** Bytes: what a first view may cost. */
const MOST = 100_000;

/** How long a slow machine may take to start them, in milliseconds. */
const PATIENCE = 180_000;

const programs = Array.from({ length: GROUPS }, (_, number) => `[program:service${number}]
command=sleep 100000
numprocs=${MEMBERS}
process_name=%(program_name)s_%(process_num)03d
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
`).join("");

/** Bytes of a page with all it has loaded. */
const wire = page => page.evaluate(() => {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return entries.reduce((sum, entry) => sum + entry.transferSize, 0);
});

/** Counts rows that are put into the table, by name, and cells that are written. */
const watch = page => page.evaluate(() => {
  globalThis.seen = { rows: {}, cells: 0 };
  new MutationObserver(records => {
    for (const { addedNodes, target } of records) {
      const rows = [...addedNodes].filter(node => node.matches?.("tr.r"));
      for (const row of rows) globalThis.seen.rows[row.dataset.n] = (globalThis.seen.rows[row.dataset.n] || 0) + 1;
      if (!rows.length && target.parentElement?.closest("td, tr.r")) globalThis.seen.cells++;
    }
  }).observe(document.querySelector("#t"), { childList: true, characterData: true, subtree: true });
});

/** Types into the search; how long the page then takes until it shows what was found. */
const find = (page, words) => page.evaluate(sought => new Promise(resolve => {
  const began = performance.now(), field = document.querySelector("#q");
  field.value = sought;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
}), words);

/** How long the browser takes for a fixed piece of work of the same kind, to compare its speed with. */
const calibrate = page => page.evaluate(() => {
  const began = performance.now(), table = document.createElement("table");
  for (let number = 0; number < 2000; number++) table.insertRow().insertCell().textContent = String(number);
  document.body.append(table);
  table.getBoundingClientRect();
  table.remove();
  return performance.now() - began;
});

export const crowd = {
  async "2,000 processes: a small page, and an update touches what it is about"({ start, open }) {
    const daemon = await start(programs);
    // They are started by name; the page that proves it costs too much to be asked for again and again meanwhile.
    await becomes(() => daemon.state("service9:service9_049"), "RUNNING", "state of the last one", PATIENCE);
    await until("all run", async () => (await (await daemon.fetch("")).text()).split('data-s="RUNNING"><td').length > GROUPS * MEMBERS);
    const page = await open();
    await page.goto(daemon.url);
    await isLive(page);
    const bytes = await wire(page), load = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domComplete);
    equal(await page.locator("tr.r").count(), GROUPS * MEMBERS, "rows");
    check(bytes < MOST, `a first view of ${bytes} bytes is small`);

    const filtered = await find(page, "service7_");
    await showsSoMany(page, MEMBERS);
    const unfiltered = await find(page, "");
    await showsSoMany(page, GROUPS * MEMBERS);

    await watch(page);
    const memory = daemon.memory();
    const name = "service7:service7_007";
    await row(page, name).locator('button[value^="restart "]').click();
    await row(page, name).locator(".said.ok", { hasText: "restarted" }).waitFor();
    await shows(page, name, "RUNNING");
    await page.locator("td.c:has(.spark)").first().waitFor();
    const seen = await page.evaluate(() => globalThis.seen);
    equal(Object.keys(seen.rows), [name], "rows replaced by the restart of one");
    check(seen.rows[name] <= 8, `a restart replaces its row a few times, not ${seen.rows[name]}`);
    check(seen.cells < 5_000, `samplings write what is in view, not ${seen.cells} cells`);

    const grown = daemon.memory() - memory;
    check(grown < 16_384, `supervisord does not grow with what it shows, but grew by ${grown} KiB`);
    console.log(`   ${bytes} bytes on the wire, complete after ${Math.round(load)} ms, filtered in ${Math.round(filtered)} ms, unfiltered in ${Math.round(unfiltered)} ms;`
      + ` 2,000 table rows take this browser ${Math.round(await calibrate(page))} ms; supervisord grew by ${grown} KiB`);
  },
};
