import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { Child } from "../gateway/child.ts";
import { ENV, podman, ROOT } from "../release/release.ts";

/** A gateway's start on a busy machine takes minutes. */
const EVENT_MS = 240_000;
const CLI_MS = 120_000;

/** The token of the gateways in these tests. */
export const TOKEN = randomBytes(16).toString("hex");
/** The command that the recipes show. */
export const CRON_LIST = ["openclaw", "cron", "list"];

/** The end of a command in a container. */
export interface Ended {
  /** null if a signal ended it. */
  readonly code: number | null;
  /** stdout and stderr. */
  readonly output: string;
}

/** Runs a program and waits for its end. @throws Error with its last lines after two minutes */
export async function execute(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = new Child({ name: command[0], command, env: { ...ENV, ...env }, cwd: ROOT });
  const { code } = await child.exited(CLI_MS);
  return { code, output: child.lines.join("\n") };
}

/** Runs a command in a new container, which has the gateway's token in its environment. */
export async function inContainer(
  image: string,
  options: readonly string[],
  command: readonly string[],
): Promise<Ended> {
  const token = `--env=OPENCLAW_GATEWAY_TOKEN=${TOKEN}`;
  return execute(["podman", "run", "--rm", token, ...options, image, ...command]);
}

/** The log of a container. */
export interface ContainerLog {
  /** Resolves with the log line number `index` (0 is the first) of that event that contains `about`. */
  event(name: string, about?: string, index?: number): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves with the first line that contains this. */
  line(part: string): Promise<string>;
}

/** Follows the log of a container until the end of the test. */
export function follow(name: string): ContainerLog {
  const command = ["podman", "logs", "--follow", name] as const;
  const child = new Child({ name: `podman logs ${name}`, command, env: ENV, cwd: ROOT });
  onTestFinished(() => child.kill());
  const line = (part: string, also = "", index = 0): Promise<string> =>
    child.until(
      `line with ${part} ${also}`,
      EVENT_MS,
      () => child.lines.filter((one) => one.includes(part) && one.includes(also))[index],
    );
  return {
    line,
    event: async (event, about = "", index = 0) =>
      JSON.parse(await line(`"event":"${event}"`, about, index)) as Record<string, unknown>,
  };
}

/**
 * Runs the health check of a container again and again until `until` resolves.
 * @returns the results that were seen: `healthy`, and the output of others
 */
export async function healthUntil(name: string, until: Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  const ended = until.then(() => "ended");
  do {
    const { code, output } = await execute(["podman", "healthcheck", "run", name]);
    seen.add(code === 0 ? "healthy" : output);
  } while ((await Promise.race([ended, setImmediate("running")])) === "running");
  return seen;
}

/** Creates a network with this subnet, and removes it and its containers after all tests. */
export async function makeNetwork(name: string, subnet: string): Promise<() => Promise<void>> {
  await podman("network", "rm", "--force", name).catch(() => {});
  await podman("network", "create", `--subnet=${subnet}`, name);
  return async () => void (await podman("network", "rm", "--force", "--time=0", name));
}
