import { spawn, execFile, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { appendFile, copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Namespace } from "../gateway/topology/network.ts";
import type { Dockerfile } from "./dockerfile.ts";

const run = promisify(execFile);

const COMMAND_MS = 20_000;
const LINE_MS = 20_000;
/** The user of node:24-bookworm-slim. */
const BASE_USER = "node:x:1000:1000::/home/node:/bin/sh\n";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A simulated container: a folder as its file system, and a network namespace. */
export interface Container {
  readonly root: string;
  readonly namespace: Namespace;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Executes a Dockerfile's instructions in the root folder of a Debian. @throws Error if a RUN fails */
export async function buildIn(root: string, node: string, context: string, image: Dockerfile): Promise<void> {
  await copyFile(node, join(root, "usr/local/bin/node"));
  await appendFile(join(root, "etc/passwd"), BASE_USER);
  for (const { sources, target } of image.copies) {
    await mkdir(join(root, target), { recursive: true });
    for (const source of sources) await copyFile(join(context, source), join(root, target, basename(source)));
  }
  for (const command of image.runs) await run("chroot", [root, "env", "-i", `PATH=${PATH}`, ...command]);
}

/** A process of a container. */
export interface Running {
  /** Its pid on this machine. */
  readonly child: ChildProcess;
  /** Resolves with the first JSON line of this event. @throws Error after a timeout */
  event(name: string): Promise<Readonly<Record<string, unknown>>>;
}

/** Starts a process as process 1 of the container. */
export function start(container: Container, command: readonly string[]): Running {
  const child = spawn("ip", inContainer(container, ["unshare", "--pid", "--fork"], command), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const input = createInterface({ input: child.stdout });
  input.on("line", (line) => lines.push(line));
  return {
    child,
    async event(name) {
      const signal = AbortSignal.timeout(LINE_MS);
      for (;;) {
        const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        const found = records.find(({ event }) => event === name);
        if (found) return found;
        await once(input, "line", { signal });
      }
    },
  };
}

/** Runs a probe in a container. Returns its exit code. */
export async function probe(container: Container, command: readonly string[]): Promise<number | null> {
  const child = spawn("ip", inContainer(container, [], command), { stdio: "ignore", timeout: COMMAND_MS });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

function inContainer(
  { namespace, root, user, env }: Container,
  before: readonly string[],
  command: readonly string[],
): string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const namespaceAndRoot = ["netns", "exec", namespace.name, ...before, "chroot", `--userspec=${user}`, root];
  return [...namespaceAndRoot, "env", "-i", `PATH=${PATH}`, ...variables, ...command];
}

/** Signals a container's process 1, which is a child of the started process; does nothing if it has ended. */
export function signalProcessOne({ child }: Running, signal: NodeJS.Signals): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  process.kill(Number(children.trim()), signal);
}
