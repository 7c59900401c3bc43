import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "./child.ts";
import { createHome } from "./home.ts";
import type { Home } from "./home.ts";
import type { OpenClaw } from "./openclaw.ts";
import { freePort } from "./ports.ts";

/** A real gateway on loopback with its own home. */
export interface Gateway {
  readonly openclaw: OpenClaw;
  readonly home: Home;
  readonly port: number;
  /** `ws://127.0.0.1:PORT`. */
  readonly url: string;
  /** Its shared token. */
  readonly token: string;
  readonly log: readonly string[];
  /** Stops the process (SIGSTOP) until it is killed. */
  freeze(): void;
  /** Kills it immediately, like a crash. */
  kill(): Promise<void>;
  /** Starts it again after `kill()`, with the same home and port. */
  restart(): Promise<void>;
  /** Kills it and removes its home. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** Default: a free port. */
  readonly port?: number;
  /** Default: a random token. */
  readonly token?: string;
  /** Merged into `openclaw.json`'s `gateway`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of `gateway run`. */
  readonly args?: readonly string[];
  /** Called after `openclaw.json` is written, before the gateway's first start. */
  readonly prepare?: (home: Home) => Promise<void>;
  /** The network namespace to run it in. */
  readonly namespace?: string;
}

/** A start takes 5 to 25 s on an idle machine. */
const READY_MS = 120_000;
/** The last line that a release logs before it accepts connections. */
const READY = /\[gateway\] (?:ready\b|listening on wss?:)/;

/**
 * Starts a gateway and waits until it is ready.
 * @throws Error with the last lines of its log if it is not ready within two minutes
 */
export async function startGateway(openclaw: OpenClaw, options: GatewayOptions = {}): Promise<Gateway> {
  const home = await createHome();
  const port = options.port ?? (await freePort());
  const token = options.token ?? randomToken();
  await writeConfig(home, openclaw, {
    mode: "local",
    bind: "loopback",
    port,
    auth: { mode: "token", token },
    ...options.config,
  });
  try {
    await options.prepare?.(home);
  } catch (error) {
    await home.remove();
    throw error;
  }
  const launch = (): Child =>
    new Child({
      name: `openclaw ${openclaw.version} gateway on port ${port}`,
      command: [
        openclaw.node,
        openclaw.entry,
        "gateway",
        "run",
        "--port",
        String(port),
        ...(options.args ?? []),
      ],
      env: { ...home.env, ...options.env },
      cwd: home.path,
      namespace: options.namespace,
    });
  const ready = async (): Promise<void> => {
    await child.until("ready line", READY_MS, () => child.lines.find((line) => READY.test(line)));
  };
  let child = launch();
  const close = async (): Promise<void> => {
    await child.kill();
    await home.remove();
  };
  try {
    await ready();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    openclaw,
    home,
    port,
    url: `ws://127.0.0.1:${port}`,
    token,
    get log() {
      return child.lines;
    },
    freeze: () => child.freeze(),
    kill: () => child.kill(),
    restart: () => {
      child = launch();
      return ready();
    },
    close,
  };
}

/** Generates a token. */
export function randomToken(): string {
  return randomBytes(24).toString("hex");
}

async function writeConfig(home: Home, openclaw: OpenClaw, gateway: object): Promise<void> {
  const config = { gateway, discovery: { mdns: { mode: "off" } }, ...openclaw.release.config };
  await mkdir(join(home.path, ".openclaw"));
  await writeFile(join(home.path, ".openclaw", "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
}
