import { Browser } from "../browser.mjs";
import { isLive, press, shows } from "../list_page.mjs";
import { LOGIN, asked, recipeOfTheManual, startBehind } from "../proxied.mjs";
import { becomes, check, equal } from "../waiting.mjs";

/** Any name that ends so is this machine, and the usual ports are those the proxy listens on. */
const resolving = ({ plain, secure }) =>
  [`--host-resolver-rules=MAP *.test:80 127.0.0.1:${plain},MAP *.test:443 127.0.0.1:${secure},MAP *.test 127.0.0.1`];

/** The cookie and the token of a session that the browser does not have. */
const [TOKEN, ANOTHER] = ["a".repeat(32), "b".repeat(32)];

const HTTP = "access_log off; port_in_redirect off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; "
  + "uwsgi_temp_path uwsgi; scgi_temp_path scgi;";

const nginx = (folder, sections) => `daemon off; worker_processes 1; user root; pid nginx.pid; events {}
http { ${HTTP}
${sections}
}`;

/**
 * Recipes as they are found in the field: where the proxy listens, to which server it passes requests on and how. At
 * `plain` and `secure` the browser knows another port than the proxy, as behind a container's port.
 */
const RECIPES = [
  { name: "bare", at: "plain", to: "open" },
  { name: "bare-locked", at: "other", to: "locked" },
  { name: "host", at: "plain", to: "named", set: "Host $host" },
  { name: "host-port", at: "other", to: "locked", set: "Host $host" },
  { name: "http-host", at: "other", to: "named", set: "Host $http_host" },
  { name: "proxy-host", at: "other", to: "open", set: "Host $proxy_host" },
  { name: "server-port", at: "plain", to: "locked", set: "Host $host:$server_port" },
  { name: "no-host", at: "plain", to: "open", set: 'Host ""' },
  { name: "upstream", at: "other", to: "locked", pass: "http://supervisord", set: 'Connection ""', more: "proxy_http_version 1.1;" },
  { name: "path", at: "other", to: "open", below: "/supervisor/" },
  { name: "path-tls", at: "secure", to: "locked", below: "/supervisor/", set: "Host $host" },
  { name: "tls", at: "secure", to: "named", set: "Host $host" },
  { name: "unix", at: "plain", to: "unix" },
  { name: "unix-path", at: "other", to: "unix", below: "/supervisor/", set: "Host $http_host", more: "proxy_buffering off;" },
];

const serverOf = ({ name, at, to, pass, set, more = "", below = "/" }, ports) => {
  const listen = at === "secure"
    ? `${ports.secure} ssl; ssl_certificate chain.pem; ssl_certificate_key key.pem` : `${ports[at]}`;
  // With a path behind it the address takes the place of the location's.
  const end = below === "/" ? "" : "/";
  const unix = `http://unix:${ports.folder}/s:${end}`;
  const target = to === "unix" ? unix : `${pass ?? `http://127.0.0.1:${ports[to]}`}${end}`;
  return `server { listen 127.0.0.1:${listen}; server_name ${name}.test;
  location ${below} { proxy_pass ${target}; ${set ? `proxy_set_header ${set};` : ""} ${more} } }`;
};

const addressOf = ({ name, at, below = "/" }, ports) => {
  const port = at === "other" ? `:${ports.other}` : "";
  return `${at === "secure" ? "https" : "http"}://${name}.test${port}${below}`;
};

/** What a user does with the page: look, follow, press, read a log, change the language; with the script and without. */
const works = async (browser, daemon, url) => {
  const usual = { httpCredentials: LOGIN, ignoreHTTPSErrors: true };
  const page = await browser.open(usual);
  const refused = [];
  page.on("response", answer => { if (answer.status() >= 400 && answer.status() !== 401) refused.push(answer.url()); });
  equal((await page.goto(url)).status(), 200, `answer at ${url}`);
  equal(await page.title(), "Supervisor Status", `title at ${url}`);
  await isLive(page);
  await press(page, "stop", "one");
  await shows(page, "one", "STOPPED");
  // Nothing but the stream tells the page.
  await daemon.fetch("?action=start&processname=one");
  await shows(page, "one", "RUNNING");

  await page.goto(`${url}tail.html?processname=one`);
  const lines = page.locator("#log pre");
  const pid = async () => (await daemon.process("one")).pid;
  await lines.getByText(`started as ${await pid()}`).waitFor();
  await page.locator('button[value="restart one"]').click();
  await page.locator("#said", { hasText: "restarted" }).waitFor();
  await lines.getByText(`started as ${await pid()}`).waitFor();
  await page.locator("header a.b").first().click();
  await page.locator("footer a", { hasText: "简体中文" }).click();
  await becomes(() => page.title(), "Supervisor 状态", `the language changes at ${url}`);
  equal(page.url(), url, "address after the language was changed");
  await becomes(() => page.evaluate(() => getComputedStyle(document.querySelector("header")).display), "flex", "its style");
  equal(refused, [], `what was refused at ${url}`);

  const plain = await browser.open({ ...usual, javaScriptEnabled: false });
  await plain.goto(url);
  await press(plain, "stop", "one");
  await plain.locator(".status_msg", { hasText: "one stopped" }).waitFor();
  check(plain.url().startsWith(url), `back at ${url}: ${plain.url()}`);
  await press(plain, "start", "one");
  await plain.locator(".status_msg", { hasText: "one started" }).waitFor();
  await browser.closePages();
};

/** What another site, or a program without a session, has a browser send. Nothing of it stops anything. */
const withstands = async (daemon, port, host, path, secure) => {
  const credentials = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
  const usual = {
    Host: host, "User-Agent": "Mozilla/5.0", Authorization: `Basic ${credentials}`,
    "Content-Type": "application/x-www-form-urlencoded",
  };
  const own = `${secure ? "https" : "http"}://${host}`;
  for (const [what, headers, token] of [
    ["another site's form", { Origin: "http://evil.example" }, null],
    ["another site's form with a guessed token", { Origin: "http://evil.example" }, TOKEN],
    ["no token", { Origin: own, Cookie: `supervisor_token=${TOKEN}` }, null],
    ["another session's token", { Origin: own, Cookie: `supervisor_token=${TOKEN}` }, ANOTHER],
    ["a token without its cookie", { Origin: own }, TOKEN],
    ["a neighbour's page that has planted the cookie, over plain HTTP",
      { Origin: "http://neighbour.test:8080", Cookie: `supervisor_token=${TOKEN}` }, TOKEN],
    ["a neighbour's page that has planted the cookie",
      { Origin: own, Cookie: `supervisor_token=${TOKEN}`, "Sec-Fetch-Site": "same-site" }, TOKEN],
  ]) {
    const body = `do=stop+one${token ? `&token=${token}` : ""}`;
    const answer = await asked(port, path, { method: "POST", headers: { ...usual, ...headers }, body, secure });
    equal(answer.status, 403, `answer to ${what} at ${own}${path}`);
  }
  equal(await daemon.state("one"), "RUNNING", `state after all attacks at ${own}`);
};

const behind = async (start, proxy, configured, deed) => {
  const world = await startBehind(start, proxy, configured);
  const browser = await Browser.launch(resolving(world.ports));
  try {
    await deed(browser, world.daemon, world.ports);
  } finally {
    await browser.close();
  }
};

/** A recipe of the manual in a proxy of its kind, at the root of a name and below a path. */
const followsTheManual = (proxy, around, scheme = "http") => async ({ start }) => {
  const recipe = recipeOfTheManual(proxy).replaceAll("example.com", "manual.test");
  const configured = ports => around(recipe.replaceAll("127.0.0.1:9001", `127.0.0.1:${ports.named}`), ports);
  await behind(start, proxy, configured, async (browser, daemon, ports) => {
    const secure = scheme === "https", port = secure ? ports.secure : ports.plain;
    for (const [host, path] of [["supervisor.manual.test", "/"], ["www.manual.test", "/supervisor/"]]) {
      await works(browser, daemon, `${scheme}://${host}${path}`);
      await withstands(daemon, port, host, path, secure);
    }
    const page = await browser.open({ ignoreHTTPSErrors: true });
    await page.goto(`${scheme}://www.manual.test/supervisor`);
    equal(page.url(), `${scheme}://www.manual.test/supervisor/`, "where the path without its slash leads");
    await browser.closePages();
  });
};

const apacheAround = (recipe, { plain, folder }) => {
  const modules = ["mpm_event", "authz_core", "alias", "proxy", "proxy_http"];
  return `ServerRoot ${folder}
ServerName localhost
${modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
Listen 127.0.0.1:${plain}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog /dev/stderr
User www-data
Group www-data
${recipe.replaceAll("*:80", `*:${plain}`)}`;
};

const caddyAround = (recipe, { plain, secure, folder }) => `{
  admin off
  http_port ${plain}
  https_port ${secure}
  local_certs
  skip_install_trust
  storage file_system ${folder}/caddy
}
${recipe}`;

export const proxies = {
  async "behind nginx, whatever it passes on, the page works and attacks fail"({ start }) {
    const configured = ports => nginx(ports.folder, [
      `upstream supervisord { server 127.0.0.1:${ports.locked}; keepalive 2; }`,
      ...RECIPES.map(recipe => serverOf(recipe, ports)),
      serverOf({ name: "refused", at: "plain", to: "open", set: "Host $host" }, ports),
    ].join("\n"));
    await behind(start, "nginx", configured, async (browser, daemon, ports) => {
      for (const recipe of RECIPES) {
        await works(browser, daemon, addressOf(recipe, ports));
        const host = recipe.at === "other" ? `${recipe.name}.test:${ports.other}` : `${recipe.name}.test`;
        await withstands(daemon, ports[recipe.at], host, recipe.below ?? "/", recipe.at === "secure");
      }
      const page = await browser.open();
      // A name that a server without a password does not take: that of the proxy, and one that was made to mean this machine.
      for (const [address, name] of [
        ["http://refused.test/", "refused.test"],
        [`http://evil.test:${ports.open}/`, "evil.test"],
      ]) {
        equal((await page.goto(address)).status(), 403, `answer at ${address}`);
        await page.getByText(`allowed_hosts=${name}`).waitFor();
        await page.locator("footer a", { hasText: "简体中文" }).click();
        await becomes(() => page.title(), "请求被拒绝", "the refusal is told in Chinese");
        const log = await daemon.fetch("tail.html?channel=main&limit=100000");
        const lines = (await log.text()).split("\n").filter(line => line.includes(`as &#39;${name}&#39;`));
        equal(lines.length, 1, `lines about ${name} in the log`);
      }
      await browser.closePages();
    });
  },

  "behind nginx as the manual has it": followsTheManual("nginx", (recipe, { plain, folder }) =>
    nginx(folder, recipe.replaceAll("listen 80;", `listen 127.0.0.1:${plain};`))),

  "behind Apache as the manual has it": followsTheManual("apache", apacheAround),

  "behind Caddy as the manual has it": followsTheManual("caddy", caddyAround, "https"),

  "behind HAProxy as the manual has it": followsTheManual("haproxy", (recipe, { plain }) =>
    recipe.replaceAll("bind :80", `bind 127.0.0.1:${plain}`)),
};
