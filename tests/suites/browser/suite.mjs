// Clicks through the web interface of a real supervisord in a real browser.
//
// usage: node suite.mjs SUPERVISORD [WORD...]
//
// Parts whose names contain one of the words are run, all without any. The variable CHROMIUM names the browser. With
// PICTURES, pictures for the documentation are taken as well, and put into the folder that it names.
import { Browser } from "./browser.mjs";
import { Daemon } from "./daemon.mjs";
import { check, within } from "./waiting.mjs";
import { actions } from "./parts/actions.mjs";
import { badInput } from "./parts/bad_input.mjs";
import { configuration } from "./parts/configuration.mjs";
import { crowd } from "./parts/crowd.mjs";
import { interruptions } from "./parts/interruptions.mjs";
import { list } from "./parts/list.mjs";
import { logs } from "./parts/logs.mjs";
import { looks } from "./parts/looks.mjs";
import { pictures } from "./parts/pictures.mjs";
import { proxies } from "./parts/proxies.mjs";
import { scriptless } from "./parts/scriptless.mjs";
import { security } from "./parts/security.mjs";

/** However slow the machine: a part that takes longer hangs. */
const PATIENCE = 300_000;

const [program, ...words] = process.argv.slice(2);
const folder = process.env.PICTURES;
const parts = {
  ...looks, ...actions, ...list, ...configuration, ...logs, ...scriptless, ...security, ...proxies, ...badInput, ...interruptions,
  ...crowd, ...(folder ? pictures : {}),
};

/** Runs a part on a supervisord and in a browser profile of its own; returns what went wrong. */
const run = async (browser, part) => {
  const daemons = [];
  const world = {
    pictures: folder,
    open: options => browser.open(options),
    start: async (configuration, settings) => {
      const daemon = new Daemon(program, configuration, settings);
      daemons.push(daemon);
      await daemon.start();
      return daemon;
    },
  };
  const errors = [];
  const attempt = promise => promise.catch(error => { errors.push(error); });
  await attempt(within(PATIENCE, part(world)));
  if (errors.length) console.log(await browser.read());
  await attempt(browser.closePages());
  for (const daemon of daemons) await attempt(daemon.remove());
  return errors;
};

const chosen = Object.entries(parts).filter(([name]) => !words.length || words.some(word => name.includes(word)));
check(chosen.length, `a part's name contains ${words.join(" or ")}`);

const browser = await Browser.launch();
let failures = 0;
try {
  for (const [name, part] of chosen) {
    const began = performance.now();
    const errors = await run(browser, part);
    const took = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${errors.length ? "FAILED" : "ok"} ${name} (${took} s)`);
    for (const error of errors) console.log(error.stack);
    failures += errors.length ? 1 : 0;
  }
} finally {
  await browser.close();
}
process.exitCode = failures ? 1 : 0;
