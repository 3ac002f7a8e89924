// A supervisord for one part of the suite, in a folder of its own.
import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, equal, until, within } from "./waiting.mjs";

/** How long everything may take to stop before it is killed. */
const PATIENCE = 90_000;

/** Every process below such a daemon carries this, so that none is overlooked. */
const MARK = "BROWSER_SUITE";

const HEAD = `[supervisord]
nodaemon=true
minfds=20000
logfile=%(here)s/main.log
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s
identifier=shop-eu-1

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
`;

const server = (port, password) => `
[inet_http_server]
port=127.0.0.1:${port}
${password ? `username=user\npassword=${password}` : ""}
`;

export const freePort = () => new Promise(resolve => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

/** A configuration that lies beside the suite. */
export const configurationNamed = name => readFileSync(new URL(`configurations/${name}.conf`, import.meta.url));

export class Daemon {
  #program;
  #programs;
  #child = null;
  #hasPanicked = false;
  #root = mkdtempSync(join(tmpdir(), "supervisor-browser-"));

  /** `programs` are the sections of a configuration, text or bytes; `files` what else its folder holds, by name. Without a `port`, one that is free. */
  constructor(program, programs, { password, port, files = () => ({}) } = {}) {
    this.#program = program;
    this.#programs = programs;
    this.password = password;
    this.port = port;
    for (const [name, text] of Object.entries(files(this.#root))) writeFileSync(join(this.#root, name), text);
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Writes the configuration anew with other programs. */
  configure(programs) {
    this.#programs = programs;
    this.#write();
  }

  /** Adds sections to the configuration. */
  append(sections) {
    appendFileSync(join(this.#root, "supervisord.conf"), sections);
  }

  #write() {
    const text = Buffer.concat([Buffer.from(HEAD + server(this.port, this.password)), Buffer.from(this.#programs)]);
    writeFileSync(join(this.#root, "supervisord.conf"), text);
  }

  async start() {
    this.port ??= await freePort();
    this.#write();
    const environment = { ...process.env, [MARK]: this.#root };
    const configuration = join(this.#root, "supervisord.conf");
    this.#child = spawn(this.#program, ["-c", configuration], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on("data", words => { said = (said + words).slice(-4_000); });
    }
    this.#child.stderr.on("data", words => { this.#hasPanicked ||= /panicked/.test(words); });
    await until("supervisord answers", async () => {
      if (this.#hasEnded()) throw new Error(`supervisord has ended:\n${said}`);
      return this.fetch("ok.html").then(answer => answer.ok, () => false);
    });
  }

  /** Ends it as an administrator would; the folder stays for the next start. */
  async stop() {
    if (!this.#child) return;
    const child = this.#child, ended = new Promise(resolve => { child.once("exit", resolve); });
    const hasLived = !this.#hasEnded();
    if (hasLived) {
      child.kill("SIGTERM");
      // What has not ended by then is found below.
      await within(PATIENCE, ended).catch(() => {});
    }
    this.#child = null;
    // A shell that is ended leaves the command it waits for, which then ends by itself.
    await until("no process is left", () => this.#processes().length === 0, PATIENCE).catch(error => {
      for (const pid of this.#processes()) process.kill(pid, "SIGKILL");
      throw error;
    });
    equal([hasLived, child.exitCode, child.signalCode], [true, 0, null], "whether supervisord lived, how it then ended");
    check(!this.#hasPanicked, "no thread of supervisord has panicked");
  }

  #hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends it and removes its folder. */
  async remove() {
    try {
      await this.stop();
    } finally {
      rmSync(this.#root, { recursive: true, force: true });
    }
  }

  #processes() {
    return readdirSync("/proc").filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${MARK}=${this.#root}`);
      } catch {
        return false;
      }
    });
  }

  /** A request such as a program sends. */
  fetch(path, options = {}) {
    const headers = { "User-Agent": "suite", ...options.headers };
    if (this.password) headers.Authorization = `Basic ${Buffer.from(`user:${this.password}`).toString("base64")}`;
    return fetch(this.url + path, { redirect: "manual", ...options, headers });
  }

  /** What XML-RPC says of a process, for comparison with what the page says. */
  async process(name) {
    const escaped = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const body = `<?xml version="1.0"?><methodCall><methodName>supervisor.getProcessInfo</methodName><params><param>`
      + `<value><string>${escaped}</string></value></param></params></methodCall>`;
    const answer = await (await this.fetch("RPC2", { method: "POST", body })).text();
    const field = key => answer.match(new RegExp(`<name>${key}</name>\\s*<value><(?:string|int)>([^<]*)`))?.[1];
    return { state: field("statename"), pid: Number(field("pid")) };
  }

  async state(name) {
    return (await this.process(name)).state;
  }

  /** The end of a log, as a program reads it. */
  async log(name) {
    return (await this.fetch(`tail.html?processname=${encodeURIComponent(name)}`)).text();
  }

  /** Resident memory in KiB. */
  memory() {
    return Number(readFileSync(`/proc/${this.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]);
  }

  /** The names of its threads. */
  threads() {
    return this.#ofThreads("comm").map(name => name.trim());
  }

  /** How often all its threads have been woken so far. */
  wakeups() {
    return this.#ofThreads("status")
      .map(status => status.match(/^voluntary_ctxt_switches:\s+(\d+)/m))
      .reduce((sum, found) => sum + Number(found[1]), 0);
  }

  /** What a file says of each of its threads; one may end while they are read. */
  #ofThreads(file) {
    const folder = `/proc/${this.pid}/task`;
    return readdirSync(folder).flatMap(thread => {
      try {
        return [readFileSync(`${folder}/${thread}/${file}`, "utf8")];
      } catch (error) {
        if (["ENOENT", "ESRCH"].includes(error.code)) return [];
        throw error;
      }
    });
  }
}
