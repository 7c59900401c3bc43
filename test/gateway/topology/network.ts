import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const IP_MS = 10_000;
const REST_MS = 300;
const NAME = /^openclaw-test-(\d+)-/;

/** A network namespace with its own loopback, which is up; what runs in it sees no other interface than is given to it. */
export interface Namespace {
  readonly name: string;
  /** Runs `ip` on it. @throws Error with what `ip` said */
  ip(...args: readonly string[]): Promise<string>;
}

/** An end of a cable: the namespace, and its address there with its prefix length. */
type End = readonly [namespace: Namespace, address: string];

/** The namespaces of one test, and what joins them. */
export interface Network {
  /** Makes a namespace; the label shows in its name. */
  namespace(label: string): Promise<Namespace>;
  /** Lays a veth pair. */
  link(one: End, other: End): Promise<void>;
  /** Makes a bridge as Docker does: the host has its first address, and each that is attached has it as default route. */
  bridge(host: End, attached: readonly End[]): Promise<void>;
  /** Removes all of it. What still runs there has to be ended before. */
  remove(): Promise<void>;
}

/**
 * Starts with no namespace, and removes those of test runs that are gone.
 * @throws Error where there is no iproute2 or this user may not make namespaces
 */
export async function createNetwork(): Promise<Network> {
  await checkRights();
  await removeLeftovers();
  const prefix = `openclaw-test-${process.pid}-${randomBytes(3).toString("hex")}`;
  const names: string[] = [];
  let interfaces = 0;
  const nextInterface = (): string => `veth${(interfaces += 1)}`;

  /** Lays a pair whose far end is up, and returns the near one. */
  async function lay(near: Namespace, [far, address]: End): Promise<string> {
    const [device, other] = [nextInterface(), nextInterface()];
    await near.ip("link", "add", device, "type", "veth", "peer", "name", other, "netns", far.name);
    await raise(far, other, address);
    return device;
  }

  return {
    async namespace(label) {
      const name = `${prefix}-${label}`;
      await ip("netns", "add", name);
      names.push(name);
      const namespace: Namespace = { name, ip: (...args) => ip("-n", name, ...args) };
      await namespace.ip("link", "set", "lo", "up");
      return namespace;
    },
    async link([one, address], other) {
      await raise(one, await lay(one, other), address);
    },
    async bridge([host, address], attached) {
      const bridge = `br${(interfaces += 1)}`;
      await host.ip("link", "add", bridge, "type", "bridge");
      await raise(host, bridge, address);
      for (const end of attached) {
        const port = await lay(host, end);
        await host.ip("link", "set", port, "master", bridge, "up");
        await end[0].ip("route", "add", "default", "via", address.replace(/\/.*/, ""));
      }
    },
    async remove() {
      for (const name of names.splice(0)) await ip("netns", "del", name);
    },
  };
}

/**
 * How many packets have passed over a namespace's loopback when it has come to rest: whatever a shim in it sends to its
 * gateway does.
 */
export async function loopbackPackets(namespace: Namespace): Promise<number> {
  let last = -1;
  // The kernel tells nobody when a connection's last packet was its last.
  for (let count = await readPackets(namespace); count !== last; count = await readPackets(namespace)) {
    last = count;
    await setTimeout(REST_MS);
  }
  return last;
}

async function readPackets(namespace: Namespace): Promise<number> {
  const [lo] = JSON.parse(await namespace.ip("-json", "-stats", "link", "show", "dev", "lo")) as {
    readonly stats64: { readonly rx: { readonly packets: number } };
  }[];
  if (lo === undefined) throw new Error(`${namespace.name} has no loopback`);
  return lo.stats64.rx.packets;
}

async function raise(namespace: Namespace, device: string, address: string): Promise<void> {
  await namespace.ip("address", "add", address, "dev", device);
  await namespace.ip("link", "set", device, "up");
}

async function checkRights(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error("tests in network namespaces need root: sudo npm run test:gateway");
  }
  await run("ip", ["-V"], { timeout: IP_MS }).catch(() => {
    throw new Error("tests in network namespaces need iproute2's ip: apt-get install iproute2");
  });
}

/** A run that was killed could not remove its own. */
async function removeLeftovers(): Promise<void> {
  const list = await ip("netns", "list");
  for (const line of list.split("\n")) {
    const [name = ""] = line.split(" ", 1);
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) await ip("netns", "del", name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ip(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run("ip", args, { timeout: IP_MS });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    const hint = /not permitted/.test(said)
      ? "; in a container that takes --cap-add SYS_ADMIN --cap-add NET_ADMIN"
      : "";
    throw new Error(`ip ${args.join(" ")}: ${said}${hint}`, { cause: error });
  }
}
