import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundleCommand, bundleProgram } from "../../scripts/bundle.mjs";
import { nodeBinary } from "../../scripts/install-once.mjs";
import { forwardingHeader } from "../../src/headers/header-table.ts";
import type { Namespace } from "../gateway/topology/network.ts";
import { GATEWAY_PORT, openTopology, type Topology } from "../gateway/topology/topology.ts";
import { copyRootfs } from "../service/booted/rootfs.ts";
import { buildIn, signalProcessOne, start, type Container, type Running } from "./containers.ts";
import { parseDockerfile } from "./dockerfile.ts";
import { PLATFORM_HOPS, readRecipe, type PlatformHop, type RecipeShim } from "./platform-hops.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(REPOSITORY, "docs/sandboxes.md"), "utf8");
const TOKEN = "token-of-the-platform";
const LOOPBACK = "127.0.0.1";
/** A fake npm that installs a fake OpenClaw. */
const NPM = `#!/bin/sh
[ "$*" = "install --global openclaw" ] || exit 1
echo '#!/bin/sh
[ "$*" = "gateway run --port 18789 --allow-unconfigured" ] || exit 1
TOKEN=$OPENCLAW_GATEWAY_TOKEN exec node /opt/test/gateway.mjs >&2' >/usr/local/bin/openclaw
chmod +x /usr/local/bin/openclaw
`;

let folder: string;
let topology: Topology;
let container: Container;
let platform: Namespace;
let entrypoint: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-platforms-"));
  const context = join(folder, "context");
  mkdirSync(join(context, "dist"), { recursive: true });
  await bundleCommand(join(context, "dist/openclaw-shim.mjs"), "1.2.3");
  await cp(join(REPOSITORY, "microvm/platforms"), join(context, "microvm/platforms"), { recursive: true });
  const root = await copyRootfs(folder);
  writeFileSync(join(root, "usr/local/bin/npm"), NPM);
  chmodSync(join(root, "usr/local/bin/npm"), 0o755);
  const image = parseDockerfile(readFileSync(join(context, "microvm/platforms/Dockerfile"), "utf8"));
  await buildIn(root, await nodeBinary(24), context, image);
  await bundleProgram(
    join(REPOSITORY, "test/service/booted/inside/gateway.ts"),
    join(root, "opt/test/gateway.mjs"),
    "1.2.3",
  );
  topology = await openTopology();
  const namespace = await topology.network.namespace("container");
  platform = await topology.network.namespace("platform");
  for (const { link } of PLATFORM_HOPS) {
    if (link)
      await topology.network.link([namespace, `${link.container}/30`], [platform, `${link.proxy}/30`]);
  }
  entrypoint = image.entrypoint;
  container = { root, namespace, user: image.user, env: image.env };
});
afterAll(async () => {
  await topology?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  readonly shim: Running;
  readonly recipe: RecipeShim;
  /** Ends gateway and shim. */
  stop(): Promise<void>;
}

/** Starts gateway and shim as the recipe says, and returns when the shim reaches the gateway. */
async function startRecipe(
  { heading }: PlatformHop,
  release: string,
  peers: string,
  further: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const recipe = readRecipe(PAGE, heading, peers);
  const env = { OPENCLAW_GATEWAY_TOKEN: TOKEN, RELEASE: release, HOME: "/tmp", ...recipe.env, ...further };
  // The image has the shim's settings as variables; a sandbox runs the page's commands, which the image's script replaces.
  const script = readFileSync(join(container.root, "opt/start"), "utf8");
  const command = script.replace("openclaw-shim.mjs run", `$& ${recipe.args.join(" ")}`);
  writeFileSync(join(container.root, "opt/start-recipe"), command);
  const [shell = "", path = ""] = entrypoint;
  const started = start({ ...container, env: { ...container.env, ...env } }, [
    shell,
    recipe.args.length > 0 ? "/opt/start-recipe" : path,
  ]);
  const ended = once(started.child, "close");
  const stop = async (): Promise<void> => {
    signalProcessOne(started, "SIGKILL");
    await ended;
  };
  onTestFinished(stop);
  await started.event("gateway.up");
  return { shim: started, recipe, stop };
}

/** Connects a new device from the internet, through the platform's proxy. */
async function connect(hop: PlatformHop, port: number, origin?: string): Promise<unknown> {
  const [at, host] = hop.link ? [platform, hop.link.container] : [container.namespace, LOOPBACK];
  const url = await topology.tools.injectingProxy(at, {
    target: { host, port },
    host: hop.host,
    headers: hop.headers,
  });
  return topology.tools.connect(at, {
    url,
    token: TOKEN,
    scopes: ["operator.read"],
    ...(origin !== undefined && { origin }),
  });
}

const OK = { ok: true };
const outcome = (shim: Running): Promise<unknown> => shim.event("pairing.outcome");

it("has a recipe for each platform, and a platform for each recipe", () => {
  const headings = [...PAGE.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(headings.filter((heading) => !heading?.startsWith("An image"))).toEqual(
    PLATFORM_HOPS.map(({ heading }) => heading),
  );
});

describe.each(PLATFORM_HOPS)("the recipe for $heading", (hop) => {
  const peers = hop.link?.proxy ?? "";
  const named = Object.fromEntries(
    hop.headers
      .filter(([name]) => forwardingHeader(name.toLowerCase()))
      .map(([name]) => [name.toLowerCase(), expect.any(String)]),
  );

  it.each(["2026.2.19", "2026.9.6"])(
    "lets in a client of OpenClaw %s that the gateway refuses",
    async (release) => {
      const { shim, recipe } = await startRecipe(hop, release, peers);
      // E2B forwards a clean request to loopback: only the oldest releases look at its Host.
      const ok = hop.heading === "E2B" && release === "2026.9.6";
      expect(await connect(hop, GATEWAY_PORT)).toMatchObject({ ok });

      expect(await connect(hop, recipe.port)).toMatchObject(OK);
      expect(await outcome(shim)).toMatchObject({
        outcome: "connected",
        peer: hop.link?.proxy ?? LOOPBACK,
        grantedScopes: ["operator.read"],
        normalized: { host: { from: hop.host }, stripped: named },
        ...(!hop.clean && { publicForwarded: true }),
      });
    },
  );

  it("keeps out the internet with --forwarded private as far as the page says", async () => {
    const { shim, recipe } = await startRecipe(hop, "2026.9.6", peers, {
      OPENCLAW_SHIM_FORWARDED: "private",
    });
    const result = await connect(hop, recipe.port);
    expect(result).toMatchObject({ ok: hop.clean === true });
    expect(await outcome(shim)).toMatchObject(
      hop.clean ? { outcome: "connected" } : { outcome: "denied", reason: "forwarded_public" },
    );
  });

  it.runIf(PAGE.split(`\n## ${hop.heading}\n`)[1]?.split("\n## ", 1)[0]?.includes("PEERS"))(
    "refuses the proxy until PEERS are known, and names its address",
    async () => {
      const { shim, recipe } = await startRecipe(hop, "2026.9.6", "192.0.2.0/24");
      expect(await connect(hop, recipe.port)).toMatchObject({ ok: false });
      expect(await outcome(shim)).toMatchObject({
        outcome: "denied",
        reason: "peer_not_allowed",
        peer: hop.link?.proxy,
      });
    },
  );

  // The oldest release pairs every page of its own origin; later ones ask, unless it is their Control UI's build.
  it("serves the Control UI under the platform's name only with --allow-host and --allow-origin", async () => {
    const [at, host] = hop.link ? [platform, hop.link.container] : [container.namespace, LOOPBACK];
    const origin = `https://${hop.host}`;
    const refused = await startRecipe(hop, "2026.2.19", peers);
    const url = `http://${host}:${refused.recipe.port}/`;
    const own = hop.host.startsWith("localhost") || hop.host.startsWith(LOOPBACK);
    expect(await topology.tools.get(at, url, { host: hop.host })).toMatchObject({ status: own ? 200 : 421 });
    expect(await connect(hop, refused.recipe.port, origin)).toMatchObject({ ok: false });
    await refused.stop();

    await startRecipe(hop, "2026.2.19", peers, {
      OPENCLAW_SHIM_ALLOW_HOST: hop.host.replace(/:\d+$/, ""),
      OPENCLAW_SHIM_ALLOW_ORIGIN: origin,
    });
    expect(await topology.tools.get(at, url, { host: hop.host })).toMatchObject({ status: 200 });
    expect(await connect(hop, refused.recipe.port, origin)).toMatchObject(OK);
  });
});

describe("the image with gateway and shim", () => {
  const fly = PLATFORM_HOPS.find(({ heading }) => heading === "Fly Machines");
  if (!fly) throw new Error("no hop");

  it("ends on SIGTERM, and drains the shim", async () => {
    const { shim } = await startRecipe(fly, "2026.9.6", "");
    const ended = once(shim.child, "close");
    signalProcessOne(shim, "SIGTERM");
    await ended;
    expect(await shim.event("stopped")).toBeDefined();
  });

  it("ends when the gateway ends", async () => {
    const shim = start({ ...container, env: { ...container.env, RELEASE: "none" } }, entrypoint);
    await once(shim.child, "close");
    expect(shim.child.exitCode).not.toBe(0);
  });
});
