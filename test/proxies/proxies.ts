import { chmod, readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { Child } from "../gateway/child.ts";
import { createHome } from "../gateway/home.ts";
import { freePort } from "../support/raw.ts";
import { openTunnel } from "./ssh-tunnel.ts";

/** The name of the machine for clients of a reverse proxy. */
export const HOST = "openclaw.example.com";

/** The file as its vendor's documentation has it, or with the lines that fix what then breaks. */
export type Variant = "documented" | "fixed";

/** A reverse proxy, or a tunnel. */
export interface ReverseProxy {
  readonly name: string;
  /** The Host that clients send to its port. */
  readonly host: (port: number) => string;
  /** Starts it in front of a port of 127.0.0.1 until the test has finished. Returns its port. @throws Error with its output */
  readonly start: (target: number, variant: Variant) => Promise<number>;
}

interface Setup {
  /** Path of the file in `config/`, with the ports of this test. */
  readonly config: string;
  readonly port: number;
  /** A folder of its own. */
  readonly dir: string;
  readonly variant: Variant;
}

const CONFIG = join(import.meta.dirname, "config");
/** A line that the vendor's documentation does not have, after a comment that says why. */
const FIX = /^ *# Fix: .*\n.*\n/gm;
const START_MS = 20_000;
const POLL_MS = 25;

/** Starts Debian's program; `wrap` has what Debian's main file has, and includes the file in `config/`. */
function program(
  name: string,
  file: string,
  command: (setup: Setup) => readonly [string, ...string[]],
  wrap: (setup: Setup) => string | Promise<string> = () => "",
): ReverseProxy {
  const start = async (target: number, variant: Variant): Promise<number> => {
    const home = await createHome();
    onTestFinished(home.remove);
    await chmod(home.path, 0o755);
    const port = await freePort();
    const setup = { config: join(home.path, file), dir: home.path, port, variant };
    const text = await readFile(join(CONFIG, file), "utf8");
    const used = variant === "fixed" ? text : text.replaceAll(FIX, "");
    await writeFile(setup.config, used.replaceAll("18788", `${target}`).replaceAll("8080", `${port}`));
    await writeFile(join(home.path, "main"), await wrap(setup));
    const child = new Child({ name, command: command(setup), env: home.env, cwd: home.path });
    onTestFinished(async () => void (await child.stop()));
    for (const deadline = Date.now() + START_MS; !(await accepts(port)); await delay(POLL_MS))
      if (Date.now() > deadline) await child.until("a listener", 0, () => undefined);
    return port;
  };
  return { name, host: () => HOST, start };
}

/** Each runs as one process, so that none is left if the test is killed. */
export const PROXIES: readonly ReverseProxy[] = [
  program(
    "nginx",
    "nginx.conf",
    ({ dir }) => ["nginx", "-p", dir, "-e", "stderr", "-c", join(dir, "main")],
    ({ config }) => `
      daemon off;
      master_process off;
      pid nginx.pid;
      events {}
      http {
        access_log off;
        ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${kind};`).join(" ")}
        include ${config};
      }`,
  ),
  program(
    "HAProxy",
    "haproxy.cfg",
    ({ config, dir }) => ["haproxy", "-db", "-f", join(dir, "main"), "-f", config],
    async () => {
      const debian = await readFile("/etc/haproxy/haproxy.cfg", "utf8");
      return `global\n${debian.slice(debian.indexOf("\ndefaults"))}\n`;
    },
  ),
  program(
    "Apache",
    "apache.conf",
    ({ dir }) => ["apache2", "-X", "-d", dir, "-f", join(dir, "main")],
    ({ config }) => `
      ${["mpm_event", "authz_core", "proxy", "proxy_http"].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
      ServerName 127.0.0.1
      User www-data
      Group www-data
      DefaultRuntimeDir .
      PidFile apache2.pid
      ErrorLog apache.log
      Timeout 300
      Include ${config}`,
  ),
  program(
    "Caddy",
    "Caddyfile",
    ({ dir }) => ["caddy", "run", "--adapter", "caddyfile", "--config", join(dir, "main")],
    ({ config }) => `{\n  admin off\n}\nimport ${config}\n`,
  ),
  program(
    "lighttpd",
    "lighttpd.conf",
    ({ dir }) => ["lighttpd", "-D", "-f", join(dir, "main")],
    ({ config, dir }) => `
      server.document-root = "${dir}"
      server.upload-dirs = ( "${dir}/tmp" )
      server.bind = "${dir}/lighttpd.sock"
      include "${config}"`,
  ),
  program("Varnish", "varnish.vcl", ({ config, dir, port, variant }) => {
    const jail = process.getuid?.() === 0 ? "unix,user=vcache" : "none";
    const listener = ["-a", `127.0.0.1:${port}`, "-T", "none", "-n", join(dir, "work")];
    const fixes = variant === "fixed" ? ["-p", "pipe_timeout=3600"] : [];
    return ["varnishd", "-F", "-j", jail, "-f", config, "-s", "malloc,256m", ...listener, ...fixes];
  }),
  { name: "`ssh -L`", host: (port) => `127.0.0.1:${port}`, start: openTunnel },
];

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
