// Clicks through the web interface of a real supervisord in a real browser, and takes the pictures for docs/.
//
// usage: node suite.mjs SUPERVISORD PICTURES [PART...]
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [program, pictures, ...wanted] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const here = new URL(".", import.meta.url).pathname;
const problems = [];
const check = (holds, what) => { if (!holds) throw new Error(what); };

// A supervisord of its own for the run.
class Daemon {
  constructor(config) {
    this.root = mkdtempSync(join(tmpdir(), "browser-"));
    this.config = join(this.root, "supervisord.conf");
    config(this.config);
  }
  async start() {
    if (!this.port) this.port = await new Promise(resolve => { const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => resolve(port)); }); });
    this.url = `http://127.0.0.1:${this.port}/`;
    this.child = spawn(program, ["-c", this.config], { env: { ...process.env, PORT: this.port }, stdio: "ignore" });
    await until("the daemon answers", async () => (await fetch(this.url + "ok.html").catch(() => null))?.ok);
  }
  async stop() {
    if (!this.child) return;
    const ended = new Promise(resolve => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
    this.child = null;
  }
  // What XML-RPC says, for comparison with what the page says.
  async state(name) {
    const call = `<?xml version="1.0"?><methodCall><methodName>supervisor.getProcessInfo</methodName><params><param><value><string>${name.replace(/[&<]/g, c => c === "&" ? "&amp;" : "&lt;")}</string></value></param></params></methodCall>`;
    const answer = await (await fetch(this.url + "RPC2", { method: "POST", body: call, headers: { "User-Agent": "suite" } })).text();
    const field = key => answer.match(new RegExp(`<name>${key}</name>\\s*<value><(?:string|int)>([^<]*)`))?.[1];
    return { name: field("statename"), pid: Number(field("pid")) };
  }
}
const until = async (what, condition, patience = 20000) => {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error("waited in vain until " + what);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light", locale: "en-GB", ...options });
  const page = await context.newPage();
  page.on("pageerror", error => problems.push("script: " + error.message));
  page.on("console", message => { if (message.type() === "error" && /Content Security|Refused/.test(message.text())) problems.push("policy: " + message.text()); });
  page.on("dialog", dialog => { problems.push("a dialog of the browser: " + dialog.message()); dialog.dismiss(); });
  return page;
};
const accessible = async (page, what) => {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(passes.length > 5, "axe has looked at " + what);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
  check(!violations.length, `${what} is not accessible:\n${told.join("\n")}`);
};
const row = (page, name) => page.locator(`tr.r[data-n=${JSON.stringify(name)}]`);
const shows = (page, name, state) => row(page, name).and(page.locator(`[data-s=${state}]`)).waitFor({ timeout: 15000 });
const press = (page, verb, name) => row(page, name).locator(`button[value^="${verb} "]`).click();

const daemon = new Daemon(path => copyFileSync(join(here, "demo.conf"), path));
const big = new Daemon(path => writeFileSync(path, `[supervisord]
nodaemon=true
minfds=20000
logfile=%(here)s/main.log
pidfile=%(here)s/s.pid
[inet_http_server]
port=127.0.0.1:%(ENV_PORT)s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
${Array.from({ length: 40 }, (_, n) => `[program:service${n}]\ncommand=sleep 100000\nnumprocs=50\nprocess_name=%(program_name)s_%(process_num)03d\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n`).join("")}`));

const parts = {
  async "every look is accessible"() {
    for (const locale of ["en-GB", "zh-CN"]) for (const colorScheme of ["light", "dark"]) for (const width of [1440, 390]) {
      const page = await open({ locale, colorScheme, viewport: { width, height: 900 } });
      const what = `${locale} ${colorScheme} ${width}`;
      for (const path of ["", "tail.html?processname=web:web_00", "tail.html?channel=main", "?action=stopall"]) {
        await page.goto(daemon.url + path);
        if (!path) await shows(page, "mailer", "FATAL");
        check(await page.evaluate(() => document.documentElement.lang) === (locale === "zh-CN" ? "zh-Hans" : "en"), "language of " + what);
        check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} /${path} is wider than the screen`);
        await accessible(page, `${what} /${path}`);
      }
      await page.context().close();
    }
  },
  async "every action works, in both languages"() {
    for (const locale of ["en-GB", "zh-CN"]) {
      const page = await open({ locale }), other = await open({ locale });
      await page.goto(daemon.url);
      await other.goto(daemon.url);
      const changes = async (verb, name, state) => {
        await press(page, verb, name);
        await shows(page, name, state);
        await shows(other, name, state);
        await row(page, name).locator(".said.ok").waitFor();
        check((await daemon.state(name)).name === state, `${name} is ${state}`);
      };
      await changes("start", "reports", "RUNNING");
      await changes("stop", "reports", "STOPPED");
      await changes("stop", "metrics", "STOPPED");
      await changes("start", "metrics", "RUNNING");
      const before = (await daemon.state("metrics")).pid;
      await press(page, "restart", "metrics");
      await until("metrics has another pid", async () => { const now = await daemon.state("metrics"); return now.name === "RUNNING" && now.pid !== before; });
      await changes("stop", `odd<b>&"'name`, "STOPPED");
      await changes("start", `odd<b>&"'name`, "RUNNING");
      // The menu: a signal, and clearing the log.
      const choose = async value => {
        await row(page, "metrics").locator(".more").click();
        await accessible(page, "the menu");
        await page.locator(`dialog button[value="${value}"]`).click();
        await row(page, "metrics").locator(".said.ok").waitFor();
      };
      await choose("signal HUP");
      await until("the signal has arrived", async () => (await (await fetch(daemon.url + "tail.html?processname=metrics")).text()).includes("got HUP"));
      await choose("clearlog metrics");
      await until("the log is empty", async () => !(await (await fetch(daemon.url + "tail.html?processname=metrics")).text()).includes("got HUP"));
      // A group, several at once, everything.
      await page.locator('button[value="stopgroup web"]').click();
      for (const number of [0, 1, 2, 3]) await shows(page, `web:web_0${number}`, "STOPPED");
      await page.locator('button[value="startgroup web"]').click();
      for (const number of [0, 1, 2, 3]) await shows(page, `web:web_0${number}`, "RUNNING");
      await page.locator('button[value="restartgroup worker"]').click();
      await page.locator("#said .status_msg").waitFor();
      await row(page, "web:web_00").locator("input").click();
      await row(page, "web:web_02").locator("input").click({ modifiers: ["Shift"] });
      check(/3/.test(await page.locator("#n").textContent()), "three are selected");
      await page.locator('.sel button[value="stop"]').click();
      for (const number of [0, 1, 2]) await shows(page, `web:web_0${number}`, "STOPPED");
      await shows(page, "web:web_03", "RUNNING");
      await page.locator('.sel button[value="start"]').click();
      for (const number of [0, 1, 2]) await shows(page, `web:web_0${number}`, "RUNNING");
      await page.locator('.every button[value="stopall"]').click();
      await page.locator("dialog button[value=yes]").click();
      await shows(page, "worker:worker_00", "STOPPED");
      await page.locator('.every button[value="startall"]').click();
      await shows(page, "worker:worker_00", "RUNNING");
      await shows(page, "mailer", "FATAL");
      await until("all has been said", async () => (await page.locator('tr[aria-busy="true"]').count()) === 0);
      await page.locator('button[value="stop reports"]').click();
      await shows(page, "reports", "STOPPED");
      await page.context().close();
      await other.context().close();
    }
  },
  async "finding, filtering, sorting, folding, keys"() {
    const page = await open();
    await page.goto(daemon.url);
    const shown = () => page.locator("tr.r:visible").count(), everything = await shown();
    await page.fill("#q", "WORKER");
    await until("two are found", async () => await shown() === 2);
    await page.fill("#q", "nothing like this");
    await page.locator("#none").waitFor();
    await page.fill("#q", "");
    await page.locator('#states a[data-s="FATAL"]').click();
    await until("the failures are shown", async () => await shown() === 2);
    await page.locator('#states a[data-s=""]').click();
    await page.locator("#sort select").selectOption("state");
    await until("failures come first", async () => (await page.locator("tr.r").first().getAttribute("data-s")) === "FATAL");
    await page.locator("#sort select").selectOption("name");
    await page.locator('tbody[data-g="web"] .fold').click();
    await until("the group is folded", async () => await shown() === everything - 4);
    await page.locator('tbody[data-g="web"] .fold').click();
    await row(page, "metrics").focus();
    await page.keyboard.press("t");
    await shows(page, "metrics", "STOPPED");
    check(await page.evaluate(() => document.activeElement.dataset.n) === "metrics", "the row keeps the focus");
    await page.keyboard.press("s");
    await shows(page, "metrics", "RUNNING");
    await page.keyboard.press("ArrowDown");
    check(await page.evaluate(() => document.activeElement.dataset.n) !== "metrics", "the arrow moves");
    await page.keyboard.press("Space");
    check(await page.locator("input[name=p]:checked").count() === 1, "the row is selected");
    await page.locator("#help").click();
    await page.keyboard.press("Escape");
    await page.context().close();
  },
  async "what is wrong is explained"() {
    const page = await open();
    await page.goto(daemon.url);
    const why = await page.locator('tr.y[data-of="mailer"]').textContent();
    check(why.includes("smtp.password") && why.includes("exit code 3"), "why mailer failed: " + why);
    check((await page.locator('tr.y[data-of="indexer"]').textContent()).includes("can't find command"), "why indexer failed");
    await page.context().close();
  },
  async "an edited configuration is shown and applied"() {
    const page = await open();
    await page.goto(daemon.url);
    appendFileSync(daemon.config, "\n[program:added]\ncommand=sleep 1000\nstartsecs=0\n");
    await page.locator("#config li", { hasText: "added" }).waitFor({ timeout: 15000 });
    await page.screenshot({ path: join(pictures, "configuration.png") });
    await page.locator('#config button[value="apply"]').click();
    await shows(page, "added", "RUNNING");
    await until("nothing is left to apply", async () => await page.locator("#config li").count() === 0);
    await page.context().close();
  },
  async "logs are followed, coloured, searched, paused"() {
    const page = await open();
    await page.goto(daemon.url + "tail.html?processname=web:web_01");
    const lines = page.locator("#log .l");
    await until("lines come", async () => await lines.count() > 3);
    check(await page.locator("#log .f2", { hasText: "INFO" }).count() > 0, "colours");
    check(await page.locator("#log script").count() === 0 && (await page.locator("#log").textContent()).includes("<script>"), "text is text");
    await page.fill("#q", "slow");
    await until("something is found", async () => await page.locator("#log .hit").count() > 0);
    await page.locator("#next").click();
    await page.locator("#log .now").waitFor();
    await page.locator("#only").check();
    check(await page.locator("#log .l:visible:not(.hit)").count() === 0, "only what matches");
    await page.locator("#only").uncheck();
    await page.fill("#q", "");
    await page.locator("#pause").click();
    const paused = await lines.count();
    await until("the page says that lines wait", async () => /\d/.test(await page.locator("#pause").textContent()));
    check(await lines.count() === paused, "nothing moves while paused");
    await page.locator("#pause").click();
    await until("it goes on", async () => await lines.count() > paused);
    await page.locator("#end").click();
    await until("the end is in view", () => page.evaluate(() => { const box = document.querySelector("#log"); return box.scrollHeight - box.scrollTop - box.clientHeight < 40; }));
    await page.locator("#wrap").uncheck();
    await page.locator('button[value^="clearlog "]').click();
    await page.locator("#log .l", { hasText: "File truncated" }).waitFor();
    const download = page.waitForEvent("download");
    await page.locator("a[download]").click();
    check((await (await download).suggestedFilename()).includes("web_01"), "the log has a name");
    await page.goto(daemon.url + "tail.html?channel=main");
    await page.locator("#log .l", { hasText: "spawned" }).first().waitFor();
    await page.context().close();
  },
  async "a flood into a log freezes neither page nor daemon"() {
    const page = await open();
    const memory = () => Number(readFileSync(`/proc/${daemon.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]);
    await page.goto(daemon.url + "tail.html?processname=flood");
    await page.locator('button[value="start flood"]').click();
    await until("lines come", async () => await page.locator("#log .l").count() > 1000);
    const before = memory();
    let slowest = 0;
    for (let round = 0; round < 20; round++) {
      slowest = Math.max(slowest, await page.evaluate(() => new Promise(resolve => { const began = performance.now(); requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began))); })));
      await page.waitForTimeout(200);
    }
    const lines = await page.locator("#log .l").count(), grown = memory() - before;
    await page.locator('button[value="stop flood"]').click();
    await until("it has stopped", async () => (await daemon.state("flood")).name === "STOPPED");
    console.log(`   slowest answer of the page ${Math.round(slowest)} ms, ${lines} lines kept, supervisord grew by ${grown} KB`);
    check(slowest < 1000 && lines <= 5000 && grown < 8192, "the flood is felt");
    await page.context().close();
  },
  async "without the script"() {
    for (const locale of ["en-GB", "zh-CN"]) {
      const page = await open({ javaScriptEnabled: false, locale });
      await page.goto(daemon.url);
      await press(page, "stop", "metrics");
      check((await page.locator(".status_msg").textContent()).includes("metrics"), "a message");
      check((await daemon.state("metrics")).name === "STOPPED", "it has stopped");
      await press(page, "start", "metrics");
      await shows(page, "metrics", "RUNNING");
      await page.locator('#states a[data-s="FATAL"]').click();
      check(await page.locator("tr.r").count() === 2, "two failures");
      await page.goto(daemon.url + "tail.html?processname=web:web_00");
      check((await page.locator("#log pre").textContent()).includes("GET /orders"), "the log");
      await page.goto(daemon.url);
      await page.locator('footer a[href*="theme=dark"]').click();
      check(await page.locator("html").getAttribute("data-theme") === "dark", "dark is remembered");
      await page.locator('footer a[href*="language=zh"]').click();
      check(await page.locator("html").getAttribute("lang") === "zh-Hans", "the language is remembered");
      await page.context().close();
    }
  },
  async "upstream's links ask a browser first"() {
    const page = await open();
    await page.goto(daemon.url + "index.html?processname=metrics&action=stop");
    check((await daemon.state("metrics")).name === "RUNNING", "a link alone stops nothing");
    await page.locator("button.main").click();
    await until("it is stopped", async () => (await daemon.state("metrics")).name === "STOPPED");
    await page.goto("data:text/html,<form method=post action='" + daemon.url + "'><input name=do value='stopall'><button>x</button></form>");
    await page.locator("button").click();
    check((await daemon.state("worker:worker_00")).name === "RUNNING", "another site stops nothing");
    const answer = await fetch(daemon.url + "index.html?processname=metrics&action=start", { redirect: "manual", headers: { "User-Agent": "curl/8" } });
    check(answer.status === 303, "programs are obeyed");
    await page.context().close();
  },
  async "the daemon goes and comes back"() {
    const page = await open();
    await page.goto(daemon.url);
    await page.locator("#live:not(.lost)").waitFor();
    await daemon.stop();
    await page.locator("#live.lost").waitFor();
    await daemon.start();
    await page.locator("#live:not(.lost)").waitFor({ timeout: 20000 });
    await shows(page, "metrics", "RUNNING");
    await press(page, "stop", "metrics");
    await shows(page, "metrics", "STOPPED");
    await press(page, "start", "metrics");
    await page.context().close();
  },
  async "pictures"() {
    await until("mailer has failed", async () => (await daemon.state("mailer")).name === "FATAL");
    const take = async (name, path, options, prepare = async () => {}) => {
      const page = await open(options);
      await page.goto(daemon.url + path);
      await page.waitForTimeout(16000);
      await prepare(page);
      await page.screenshot({ path: join(pictures, name + ".png") });
      await page.context().close();
    };
    const calm = page => page.locator("#q").fill("e");
    await Promise.all([
      take("light", "", { viewport: { width: 1440, height: 1080 } }, async page => { await row(page, "web:web_01").locator("input").check(); await row(page, "web:web_02").locator("input").check(); await page.locator("#sort select").selectOption("cpu"); await page.evaluate(() => scrollTo(0, 0)); }),
      take("dark", "", { colorScheme: "dark" }),
      take("phone", "", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: "dark", locale: "zh-CN", isMobile: true }),
      take("logs", "tail.html?processname=web:web_00", {}, async page => { await page.fill("#q", "slow"); await page.locator("#next").click(); }),
      take("failure", "", { viewport: { width: 1200, height: 760 } }, page => page.locator('#states a[data-s="FATAL"]').click()),
      take("menu", "", { viewport: { width: 1200, height: 760 } }, async page => { await page.locator('#states a[data-s="RUNNING"]').click(); await row(page, "metrics").locator(".more").click(); }),
    ]);
  },
  async "2,000 processes"() {
    await big.start();
    const page = await open();
    await page.addInitScript(() => { globalThis.longest = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => { globalThis.longest = Math.max(globalThis.longest, entry.duration); })).observe({ type: "longtask", buffered: true }); });
    await until("all run", async () => (await big.state("service39:service39_049")).name === "RUNNING", 60000);
    await page.goto(big.url);
    await page.locator("#live:not(.lost)").waitFor();
    const load = await page.evaluate(() => ({ wire: performance.getEntriesByType("navigation")[0].transferSize, took: Math.round(performance.getEntriesByType("navigation")[0].domComplete), longest: Math.round(globalThis.longest) }));
    await page.waitForTimeout(6000);
    await page.evaluate(() => { globalThis.longest = 0; });
    const began = Date.now();
    await page.fill("#q", "service7_");
    await until("fifty are found", async () => await page.locator("tr.r:visible").count() === 50);
    const filtered = Date.now() - began;
    await page.fill("#q", "");
    await page.locator('button[value="restartgroup service7"]').click();
    await until("the group has been restarted", async () => await page.locator("#said .status_msg").count() === 1);
    await page.waitForTimeout(6000);
    const longest = Math.round(await page.evaluate(() => globalThis.longest));
    console.log(`   page ${load.wire} bytes on the wire, complete after ${load.took} ms (longest task ${load.longest} ms), filtered in ${filtered} ms, longest task afterwards ${longest} ms`);
    check(longest < 400, `the page stuttered for ${longest} ms`);
    await page.screenshot({ path: join(pictures, "many.png") });
    await page.context().close();
    await big.stop();
  },
};

let failures = 0;
try {
  await daemon.start();
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length && !wanted.some(word => name.includes(word))) continue;
    const began = Date.now();
    try {
      await part();
      check(!problems.length, problems.splice(0).join("\n"));
      console.log(`ok ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      failures++;
      console.log(`FAILED ${name}: ${error.message}\n${error.stack?.split("\n").filter(line => line.includes("suite.mjs")).join("\n")}`);
    }
  }
} finally {
  await browser.close();
  for (const one of [daemon, big]) { await one.stop(); rmSync(one.root, { recursive: true, force: true }); }
}
process.exit(failures ? 1 : 0);
