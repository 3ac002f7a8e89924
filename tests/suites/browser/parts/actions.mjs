import { configurationNamed } from "../daemon.mjs";
import { checkAccessible } from "../browser.mjs";
import { heightOfButtons, isLive, isSettled, press, pressIfThere, row, shows } from "../list_page.mjs";
import { becomes, equal, until } from "../waiting.mjs";

const WEBS = [0, 1, 2, 3].map(number => `web:web_0${number}`);

const allShow = async (page, names, state) => {
  for (const name of names) await shows(page, name, state);
};

/** Presses a button and waits for what it does: on this page, on another one, and in the daemon. */
const changes = async ({ daemon, page, other }, verb, name, state) => {
  const height = await heightOfButtons(page, name);
  await press(page, verb, name);
  await row(page, name).and(page.locator(":not([aria-busy=true])")).locator(".said.ok", { hasText: name }).waitFor();
  equal(await heightOfButtons(page, name), height, "height of the buttons with what came of one");
  await shows(page, name, state);
  await shows(other, name, state);
  equal(await daemon.state(name), state, `state of ${name}`);
};

const choose = async (page, name, value) => {
  await row(page, name).locator(".more").click();
  await checkAccessible(page, "the menu");
  await page.locator(`dialog button[value="${value}"]`).click();
};

/** Waits until a process runs as another child than before. */
const runsAnew = (daemon, name, pid) => until(`${name} runs anew`, async () => {
  const now = await daemon.process(name);
  return now.state === "RUNNING" && now.pid !== pid;
});

const onOne = async world => {
  const { daemon, page } = world;
  await changes(world, "start", "reports", "RUNNING");
  await changes(world, "stop", "reports", "STOPPED");
  await changes(world, "stop", "metrics", "STOPPED");
  await changes(world, "start", "metrics", "RUNNING");
  const { pid } = await daemon.process("metrics");
  await press(page, "restart", "metrics");
  await runsAnew(daemon, "metrics", pid);
  await isSettled(page);
};

const fromTheMenu = async ({ daemon, page }) => {
  const { pid } = await daemon.process("metrics");
  await until("it would take the signal", async () => (await daemon.log("metrics")).includes(`${pid} listens`));
  await choose(page, "metrics", "signal HUP");
  await until("the signal has arrived", async () => (await daemon.log("metrics")).includes("got HUP"));
  await choose(page, "metrics", "clearlog metrics");
  await until("the log is empty", async () => !(await daemon.log("metrics")).includes("got HUP"));
};

const onGroups = async ({ daemon, page }) => {
  await page.locator('button[value="stopgroup web"]').click();
  await allShow(page, WEBS, "STOPPED");
  await page.locator('button[value="startgroup web"]').click();
  await allShow(page, WEBS, "RUNNING");
  const { pid } = await daemon.process("worker:worker_01");
  await page.locator('button[value="restartgroup worker"]').click();
  await page.locator("#said .status_msg:not(.bad)", { hasText: "2 " }).waitFor();
  await runsAnew(daemon, "worker:worker_01", pid);
};

const onSeveral = async ({ page }) => {
  await row(page, WEBS[0]).locator("input").click();
  await row(page, WEBS[2]).locator("input").click({ modifiers: ["Shift"] });
  await page.locator("#n", { hasText: "3" }).waitFor();
  await page.locator('.sel button[value="stop"]').click();
  await allShow(page, WEBS.slice(0, 3), "STOPPED");
  await shows(page, WEBS[3], "RUNNING");
  await page.locator('.sel button[value="start"]').click();
  await allShow(page, WEBS.slice(0, 3), "RUNNING");
  await page.locator("#clear").click();
  await becomes(() => page.locator("input[name=p]:checked").count(), 0, "ticked after deselecting");
};

const onAll = async ({ daemon, page }) => {
  const sent = [];
  page.on("request", request => { if (request.method() === "POST") sent.push(request.postData()); });
  await page.locator('.every button[value="stopall"]').click();
  await page.locator('dialog button[value=""]').click();
  await page.locator("dialog").waitFor({ state: "detached" });
  equal(await daemon.state("metrics"), "RUNNING", "state after a change of mind");
  equal(sent, [], "what was sent after a change of mind");
  await page.locator('.every button[value="stopall"]').click();
  await page.locator('dialog button[value="yes"]').click();
  await allShow(page, [...WEBS, "worker:worker_00", "metrics"], "STOPPED");
  await isSettled(page);
  await page.locator('.every button[value="startall"]').click();
  await allShow(page, [...WEBS, "worker:worker_00", "metrics"], "RUNNING");
  await page.locator("#said .status_msg.bad", { hasText: "mailer" }).waitFor();
};

const allActions = async ({ start, open }, locale) => {
  const daemon = await start(configurationNamed("demo"));
  const [page, other] = [await open({ locale }), await open({ locale })];
  await page.goto(daemon.url);
  await other.goto(daemon.url);
  await shows(page, "mailer", "FATAL");
  const world = { daemon, page, other };
  for (const act of [onOne, fromTheMenu, onGroups, onSeveral, onAll]) await act(world);
};

export const actions = {
  "every action works in English": world => allActions(world, "en-GB"),
  "every action works in Chinese": world => allActions(world, "zh-CN"),

  async "a button that is pressed while its row changes does what it says"({ start, open }) {
    const daemon = await start("[program:one]\ncommand=sleep 1000\nstartsecs=0\n");
    const [page, other] = [await open(), await open()];
    for (const one of [page, other]) {
      await one.goto(daemon.url);
      await shows(one, "one", "RUNNING");
      await isLive(one);
    }
    await row(page, "one").locator('button[value="stop one"]').hover();
    await page.mouse.down();
    equal((await daemon.fetch("index.html?processname=one&action=restart")).status, 303, "answer to a program");
    const { pid } = await daemon.process("one");
    await row(other, "one").locator(".p", { hasText: String(pid) }).waitFor();
    await page.mouse.up();
    await shows(page, "one", "STOPPED");
  },

  async "two tabs that act at once both hear what came of it"({ start, open }) {
    const daemon = await start("[program:one]\ncommand=sleep 1000\nstartsecs=0\n");
    const pages = [await open(), await open()];
    for (const page of pages) {
      await page.goto(daemon.url);
      await shows(page, "one", "RUNNING");
    }
    await Promise.all(pages.map(page => pressIfThere(page, "stop", "one")));
    for (const page of pages) {
      await shows(page, "one", "STOPPED");
      await isSettled(page);
    }
    await Promise.all(pages.map(page => pressIfThere(page, "start", "one")));
    for (const page of pages) await shows(page, "one", "RUNNING");
  },
};
