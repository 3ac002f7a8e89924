import { configurationNamed } from "../daemon.mjs";
import { isLive, press, row, shows } from "../list_page.mjs";
import { becomes, check, equal, until } from "../waiting.mjs";

const ONE = "[program:one]\ncommand=sleep 1000\nstartsecs=0\n";

/** Waits until it runs, as it does by itself. */
const runs = daemon => becomes(() => daemon.state("one"), "RUNNING", "state, as it is started by itself");

const foreignForm = url =>
  `data:text/html,<form method=post action='${url}'><input name=do value='stop one'><button>x</button></form>`;

export const security = {
  async "upstream's links ask a browser first and obey a program"({ start, open }) {
    const daemon = await start(ONE);
    const page = await open();
    await runs(daemon);
    await page.goto(`${daemon.url}index.html?processname=one&action=stop`);
    equal(await daemon.state("one"), "RUNNING", "state after a link was opened");
    await page.locator("button.main").click();
    await until("it is stopped", async () => await daemon.state("one") === "STOPPED");
    equal((await daemon.fetch("index.html?processname=one&action=start")).status, 303, "answer to a program");
    equal(await daemon.state("one"), "RUNNING", "state after a program has asked");
  },

  async "another site stops nothing"({ start, open }) {
    const daemon = await start(ONE);
    const page = await open();
    await page.goto(daemon.url);
    await runs(daemon);
    await page.goto(foreignForm(daemon.url));
    await page.locator("button").click();
    await page.waitForURL(daemon.url);
    equal(await daemon.state("one"), "RUNNING", "state after another site's form");
  },

  async "an expired token is explained, and a fresh page works"({ start, open }) {
    const daemon = await start(ONE);
    const page = await open();
    await page.goto(daemon.url);
    await shows(page, "one", "RUNNING");
    await page.context().clearCookies();
    await press(page, "stop", "one");
    await row(page, "one").locator(".said.no", { hasText: "expired" }).waitFor();
    equal(await daemon.state("one"), "RUNNING", "state after a button without a token");
    await page.reload();
    await press(page, "stop", "one");
    await shows(page, "one", "STOPPED");
  },

  async "without the script an expired token leads to a question"({ start, open }) {
    const daemon = await start(ONE);
    const page = await open({ javaScriptEnabled: false });
    await page.goto(daemon.url);
    await page.context().clearCookies();
    await press(page, "stop", "one");
    await page.locator("main.ask button.main").click();
    await shows(page, "one", "STOPPED");
  },

  async "a wrong password shows nothing, and a changed one is told"({ start, open }) {
    const daemon = await start(ONE, { password: "right" });
    const stranger = await open({ httpCredentials: { username: "user", password: "wrong" } });
    const answer = await stranger.goto(daemon.url);
    equal(answer.status(), 401, "answer to a wrong password");
    check(!(await stranger.content()).includes("one"), "a stranger sees no process");
    const page = await open({ httpCredentials: { username: "user", password: "right" } });
    await page.goto(daemon.url);
    await isLive(page);
    await press(page, "stop", "one");
    await shows(page, "one", "STOPPED");
    await daemon.stop();
    daemon.password = "changed";
    await daemon.start();
    await page.locator("#live.lost").waitFor();
    await press(page, "start", "one");
    await row(page, "one").locator(".said.no", { hasText: "password" }).waitFor();
    await runs(daemon);
  },

  async "nothing runs on a page but its own script"({ start, open }) {
    const daemon = await start(configurationNamed("demo"));
    const page = await open();
    const answer = await page.goto(daemon.url);
    const policy = answer.headers()["content-security-policy"];
    check(policy.includes("default-src 'none'") && !policy.includes("unsafe"), `the policy is strict: ${policy}`);
    const hosts = await page.evaluate(() => performance.getEntriesByType("resource").map(entry => new URL(entry.name).host));
    check(hosts.length && hosts.every(host => host === new URL(daemon.url).host), `nothing comes from elsewhere: ${hosts}`);
  },
};
