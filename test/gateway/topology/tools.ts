import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { HandshakeOptions, HandshakeResult } from "../../support/client.ts";
import type { InjectingProxyOptions } from "../../support/header-injecting-proxy.ts";
import { Child } from "../child.ts";
import type { Namespace } from "./network.ts";

/** A handshake's options, as far as JSON takes them; a device is made for each. */
type ConnectOptions = Omit<HandshakeOptions, "device" | "amend" | "keepOpen">;

/** What a tool is to do. */
export type Task =
  | { readonly connect: ConnectOptions }
  | { readonly get: string; readonly headers: Readonly<Record<string, string>> };

/** An HTTP answer, or why there was none. */
export type Page = { readonly status: number; readonly body: string } | { readonly failure: string };

/** Programs of the tests' own that run inside a namespace. */
export interface Tools {
  /** One handshake of a fresh device from that namespace. */
  connect(from: Namespace, options: ConnectOptions): Promise<HandshakeResult>;
  /** One GET from that namespace, over `http://`. */
  get(from: Namespace, url: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  /** Starts a header-injecting proxy there; it ends with `remove`. @returns its `ws://` URL */
  injectingProxy(at: Namespace, options: InjectingProxyOptions): Promise<string>;
  remove(): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** Bundles them into a temporary folder. */
export async function makeTools(): Promise<Tools> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-tools-"));
  const inside = join(import.meta.dirname, "inside");
  await build({
    entryPoints: [join(inside, "tool.ts"), join(inside, "injecting-proxy.ts")],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    // ws is CommonJS.
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
  });
  const proxies: Child[] = [];

  const start = (namespace: Namespace, script: string, env: Readonly<Record<string, string>>): Child =>
    new Child({
      name: `${script} in ${namespace.name}`,
      command: [process.execPath, join(folder, script)],
      env: { PATH: process.env["PATH"], ...env },
      cwd: folder,
      namespace: namespace.name,
    });
  // The task is not an argument: it holds a token.
  const perform = async <T>(namespace: Namespace, task: Task): Promise<T> => {
    const child = start(namespace, "tool.mjs", { TASK: JSON.stringify(task) });
    try {
      return JSON.parse(await child.until("its result", DEADLINE_MS, () => child.lines[0])) as T;
    } finally {
      await child.stop();
    }
  };
  return {
    connect: (from, options) => perform<HandshakeResult>(from, { connect: options }),
    get: (from, url, headers = {}) => perform<Page>(from, { get: url, headers }),
    async injectingProxy(at, options) {
      const child = start(at, "injecting-proxy.mjs", { INJECTING_PROXY: JSON.stringify(options) });
      proxies.push(child);
      return child.until("its URL", DEADLINE_MS, () => child.lines[0]);
    },
    async remove() {
      for (const proxy of proxies) await proxy.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
