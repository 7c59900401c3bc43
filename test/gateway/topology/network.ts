import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const IP_MS = 10_000;
const SETTLE_MS = 300;
const NAME = /^openclaw-test-(\d+)-/;

/** A network namespace with its own loopback interface, which is up. It has no other interface until one is added. */
export interface Namespace {
  readonly name: string;
  /** Runs `ip` in it. @throws Error with stderr */
  ip(...args: readonly string[]): Promise<string>;
}

/** An end of a link: the namespace, and the address with prefix length. */
type End = readonly [namespace: Namespace, address: string];

/** The namespaces of one test and their links. */
export interface Network {
  /** Creates a namespace; its name contains the label. */
  namespace(label: string): Promise<Namespace>;
  /** Links two namespaces with a veth pair. */
  link(one: End, other: End): Promise<void>;
  /** Creates a bridge like Docker's: the host's address on it is the default route of the attached namespaces. */
  bridge(host: End, attached: readonly End[]): Promise<void>;
  /** Removes all namespaces. Their processes must have ended before. */
  remove(): Promise<void>;
}

/**
 * Creates a network without namespaces, and removes namespaces of test runs that have ended.
 * @throws Error without iproute2, or without the right to create namespaces
 */
export async function createNetwork(): Promise<Network> {
  await checkRights();
  await removeLeftovers();
  const prefix = `openclaw-test-${process.pid}-${randomBytes(3).toString("hex")}`;
  const names: string[] = [];
  let interfaces = 0;
  const nextInterface = (): string => `veth${(interfaces += 1)}`;

  /** Creates a veth pair, enables its remote end, and returns the local one. */
  async function addPair(local: Namespace, [remote, address]: End): Promise<string> {
    const [device, other] = [nextInterface(), nextInterface()];
    await local.ip("link", "add", device, "type", "veth", "peer", "name", other, "netns", remote.name);
    await enable(remote, other, address);
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
      await enable(one, await addPair(one, other), address);
    },
    async bridge([host, address], attached) {
      const bridge = `br${(interfaces += 1)}`;
      await host.ip("link", "add", bridge, "type", "bridge");
      await enable(host, bridge, address);
      for (const end of attached) {
        const port = await addPair(host, end);
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
 * Returns the number of packets on a namespace's loopback when it no longer changes. It includes all packets between a
 * shim and its gateway.
 */
export async function loopbackPackets(namespace: Namespace): Promise<number> {
  let last = -1;
  // The kernel does not report the last packet of a connection.
  for (let count = await readPackets(namespace); count !== last; count = await readPackets(namespace)) {
    last = count;
    await setTimeout(SETTLE_MS);
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

async function enable(namespace: Namespace, device: string, address: string): Promise<void> {
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

/** Removes the namespaces of killed test runs. */
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
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    const hint = /not permitted/.test(stderr)
      ? "; in a container it needs --cap-add SYS_ADMIN --cap-add NET_ADMIN"
      : "";
    throw new Error(`ip ${args.join(" ")}: ${stderr}${hint}`, { cause: error });
  }
}
