// A supervisord with a server of each kind, and reverse proxies in front of it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./daemon.mjs";
import { check, until } from "./waiting.mjs";

export const LOGIN = { username: "user", password: "right" };

/** Says something whenever it is started. */
const PROGRAM = `
[program:one]
command=/bin/sh -c 'echo "started as $$"; exec sleep 1000'
startsecs=0
`;

/** The servers beside the usual one, which is on a loopback address without a password. */
const servers = ({ locked, named }) => `
[inet_http_server:locked]
port=127.0.0.1:${locked}
username=${LOGIN.username}
password=${LOGIN.password}

[inet_http_server:named]
port=127.0.0.1:${named}
allowed_hosts=.test

[unix_http_server]
file=%(here)s/s
`;

/** What runs a proxy in the foreground, and the package it comes from. */
const PROGRAMS = {
  nginx: ["/usr/sbin/nginx", "-p %(here)s/ -c %(here)s/nginx.conf -e stderr", "nginx"],
  apache: ["/usr/sbin/apache2", "-D FOREGROUND -f %(here)s/apache.conf", "apache2-bin"],
  caddy: ["/usr/bin/caddy", "run --adapter caddyfile --config %(here)s/caddy.conf", "caddy"],
  haproxy: ["/usr/sbin/haproxy", "-db -f %(here)s/haproxy.conf", "haproxy"],
};

const programOf = proxy => {
  const [path, options, packaged] = PROGRAMS[proxy];
  check(existsSync(path), `${path} is installed; apt-get install ${packaged}`);
  return `
[program:${proxy}]
command=${path} ${options}
redirect_stderr=true
stdout_logfile=%(here)s/${proxy}.log
environment=HOME="%(here)s"
; Apache waits for streams that nobody reads any more.
stopwaitsecs=1
killasgroup=true
`;
};

/** A certificate for any name, and its key. */
const certificate = () => {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-browser-"));
  try {
    const [key, chain] = ["key", "chain"].map(name => join(folder, name));
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=*.test",
      "-keyout", key, "-out", chain], { stdio: "ignore" });
    return { "key.pem": readFileSync(key), "chain.pem": readFileSync(chain) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Starts supervisord with a proxy. `configured` makes the text of its configuration from ports and the folder. */
export const startBehind = async (start, proxy, configured) => {
  const ports = {};
  for (const name of ["open", "locked", "named", "plain", "other", "secure"]) ports[name] = await freePort();
  const files = folder => ({ ...certificate(), [`${proxy}.conf`]: configured({ ...ports, folder }) });
  const daemon = await start(PROGRAM + servers(ports) + programOf(proxy), { files, port: ports.open });
  await until(`${proxy} listens`, () => asked(ports.plain, "/").then(() => true, () => false));
  return { daemon, ports };
};

/** A request with any headers, `Host` among them: its status, headers and text. */
export const asked = (port, path, { method = "GET", headers = {}, body = "", secure = false } = {}) =>
  new Promise((resolve, reject) => {
    const send = secure ? requestSecure : requestPlain;
    const options = { host: "127.0.0.1", port, path, method, rejectUnauthorized: false, agent: false };
    const length = body ? { "Content-Length": Buffer.byteLength(body) } : {};
    const sent = send({ ...options, headers: { ...length, ...headers } }, answer => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", part => { text += part; });
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });

/** The one recipe in a language that the manual has. */
export const recipeOfTheManual = language => {
  const text = readFileSync(process.env.MANUAL, "utf8");
  const found = [...text.matchAll(new RegExp("```" + language + "\\n(.*?)```", "gs"))];
  check(found.length === 1, `the manual has one recipe for ${language}`);
  return found[0][1];
};
