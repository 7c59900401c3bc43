import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { bundleCommand, bundleProgram } from "../../scripts/bundle.mjs";
import { nodeBinary } from "../../scripts/install-once.mjs";
import { openTopology, type Topology } from "../gateway/topology/topology.ts";
import { copyRootfs } from "../service/booted/rootfs.ts";
import { buildIn, probe, signalProcessOne, start, type Container, type Running } from "./containers.ts";
import { parseDockerfile } from "./dockerfile.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");
const RECIPES = join(REPOSITORY, "microvm");
const GATEWAY = "/opt/test/gateway.mjs";
const TOKEN = "token-of-the-pod";

const image = parseDockerfile(readFileSync(join(RECIPES, "Dockerfile"), "utf8"));
const compose = parse(readFileSync(join(RECIPES, "compose.yaml"), "utf8")) as Compose;
const pod = parse(readFileSync(join(RECIPES, "kubernetes.yaml"), "utf8")) as Pod;

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly network_mode?: string;
        readonly command?: string[];
        readonly depends_on?: object;
        readonly healthcheck?: { readonly test: readonly string[] };
      }
    >
  >;
}
interface Probe {
  readonly exec: { readonly command: readonly string[] };
}
interface Pod {
  readonly spec: {
    readonly initContainers: readonly (Readonly<
      Record<"startupProbe" | "livenessProbe" | "readinessProbe", Probe>
    > & {
      readonly restartPolicy: string;
      readonly command?: readonly string[];
    })[];
  };
}

const [sidecar] = pod.spec.initContainers;
if (!sidecar) throw new Error("kubernetes.yaml has no init container");
const probes = {
  docker: image.healthcheck,
  compose: (compose.services["openclaw-shim"]?.healthcheck?.test ?? []).slice(1),
  startup: sidecar.startupProbe.exec.command,
  liveness: sidecar.livenessProbe.exec.command,
  readiness: sidecar.readinessProbe.exec.command,
};

let folder: string;
let topology: Topology;
let container: Container;

// Builds the image like `docker build`, with Debian as the base image: a container engine is not available.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-container-"));
  const context = join(folder, "context");
  await mkdir(join(context, "dist"), { recursive: true });
  await bundleCommand(join(context, "dist/openclaw-shim.mjs"), "1.2.3");
  await cp(RECIPES, join(context, "microvm"), { recursive: true });
  const root = await copyRootfs(folder);
  await buildIn(root, await nodeBinary(24), context, image);
  const program = join(REPOSITORY, "test/service/booted/inside/gateway.ts");
  await bundleProgram(program, join(root, GATEWAY), "1.2.3");
  topology = await openTopology();
  const namespace = await topology.network.namespace("pod");
  container = { root, namespace, user: image.user, env: image.env };
});
afterAll(async () => {
  await topology?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a command in the container; kills it after the test. */
function startInContainer(command: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const running = start({ ...container, env: { ...container.env, ...env } }, command);
  const ended = once(running.child, "close");
  onTestFinished(async () => {
    signalProcessOne(running, "SIGKILL");
    await ended;
  });
  return running;
}

/** Runs all probes. Returns their exit codes, by name. */
async function runProbes(): Promise<Record<string, number | null>> {
  const codes: Record<string, number | null> = {};
  for (const [name, command] of Object.entries(probes)) codes[name] = await probe(container, command);
  return codes;
}

describe("the shim in a container", () => {
  it("fails every probe before it is started", async () => {
    expect(await runProbes()).toEqual({ docker: 1, compose: 1, startup: 1, liveness: 1, readiness: 1 });
  });

  it("is alive but not ready without a gateway; with it, is ready and pairs a local client", async () => {
    const shim = startInContainer([...image.entrypoint, ...image.cmd]);
    await shim.event("listening");
    expect(await runProbes()).toEqual({ docker: 0, compose: 1, startup: 0, liveness: 0, readiness: 1 });

    startInContainer(["node", GATEWAY], { TOKEN });
    await shim.event("gateway.up");
    expect(await runProbes()).toEqual({ docker: 0, compose: 0, startup: 0, liveness: 0, readiness: 0 });

    const headers = { host: "sandbox.example.com", "x-forwarded-for": "203.0.113.7" };
    const url = "ws://127.0.0.1:18788";
    const result = await topology.tools.connect(container.namespace, { url, token: TOKEN, headers });
    expect(result).toMatchObject({ ok: true });
    expect(await shim.event("pairing.outcome")).toMatchObject({ outcome: "connected" });
  });

  it("exits on SIGTERM as process 1", async () => {
    const shim = startInContainer([...image.entrypoint, ...image.cmd]);
    await shim.event("listening");
    const ended = once(shim.child, "close");
    signalProcessOne(shim, "SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(await shim.event("stopped")).toBeDefined();
  });
});

describe("the manifests", () => {
  it("put the shim into the gateway's network namespace and use the image's command", () => {
    const shim = compose.services["openclaw-shim"];
    const [, gateway = ""] = /^service:(.*)$/.exec(shim?.network_mode ?? "") ?? [];
    expect(compose.services).toHaveProperty(gateway);
    expect(shim?.depends_on).toHaveProperty(gateway);
    expect(shim).not.toHaveProperty("command");
    expect(sidecar).toMatchObject({ restartPolicy: "Always" });
    expect(sidecar).not.toHaveProperty("command");
  });
});
