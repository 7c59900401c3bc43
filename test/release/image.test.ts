import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { bundleProgram } from "../../scripts/bundle.mjs";
import { ENV, podman, released, ROOT } from "./release.ts";

const TOKEN = "token-of-the-image-test";
const EVENT_MS = 20_000;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
}
interface Index {
  readonly manifests: readonly [Descriptor];
}
interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Config {
  readonly config: {
    readonly User: string;
    readonly Healthcheck: { readonly Test: readonly [string, ...string[]] };
  };
}

let folder: string;
let image: string;
let manifest: Manifest;
let config: Config;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-shim-image-"));
  // The containers' user reads the programs there.
  chmodSync(folder, 0o755);
  const archive = await released(".tar");
  await promisify(execFile)("tar", ["-C", folder, "-xf", archive]);
  const blob = ({ digest }: Descriptor): unknown => json(join("blobs", ...digest.split(":")));
  const { manifests } = json("index.json") as Index;
  manifest = blob(manifests[0]) as Manifest;
  config = blob(manifest.config) as Config;
  for (const program of ["gateway", "client"]) {
    const entry = join(ROOT, `test/service/booted/inside/${program}.ts`);
    await bundleProgram(entry, join(folder, `${program}.mjs`), "1.2.3");
  }
  image = (await podman("load", "--quiet", "--input", archive)).trim().replace("Loaded image: ", "");
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await podman("rmi", "--force", image);
});

function json(path: string): unknown {
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}

function remove(name: string): Promise<string> {
  return podman("rm", "--force", "--time=0", "--ignore", name);
}

/** Starts a container of the image, and removes it after the test. */
function start(name: string, ...args: readonly string[]) {
  const child = spawn("podman", ["run", "--rm", `--name=${name}`, ...args], {
    env: ENV,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  onTestFinished(async () => {
    await remove(name);
    await closed;
  });
  const lines: string[] = [];
  const input = createInterface({ input: child.stdout });
  input.on("line", (line) => lines.push(line));
  return {
    closed,
    /** Resolves as soon as a line contains this. @throws Error after a timeout */
    line: async (part: string): Promise<void> => {
      const signal = AbortSignal.timeout(EVENT_MS);
      while (!lines.some((line) => line.includes(part))) await once(input, "line", { signal });
    },
  };
}

it("is an OCI image layout: every blob has its digest, and the base is named", () => {
  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(manifest.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
  expect(manifest.config.mediaType).toBe("application/vnd.oci.image.config.v1+json");
  const blobs = join(folder, "blobs/sha256");
  for (const name of readdirSync(blobs)) {
    const text = readFileSync(join(blobs, name));
    expect(createHash("sha256").update(text).digest("hex")).toBe(name);
  }
  expect(manifest.annotations["org.opencontainers.image.base.digest"]).toMatch(/^sha256:\w{64}$/);
});

it("runs as `node` without privileges, is healthy while the gateway boots, and connects a client then", async () => {
  const name = `openclaw-shim-test-${process.pid}`;
  expect(config.config.User).toBe("node");
  const [kind, ...check] = config.config.Healthcheck.Test;
  expect(kind).toBe("CMD");
  const sealed = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"];
  const shim = start(name, "--network=none", ...sealed, `--volume=${folder}:/test:ro`, image);
  await shim.line('"listening"');
  const pid = (await podman("inspect", "--format={{.State.Pid}}", name)).trim();
  expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Uid:\s+1000\s+1000\s/m);
  await podman("exec", name, ...check);

  const gatewayArgs = [`--network=container:${name}`, `--env=TOKEN=${TOKEN}`, `--volume=${folder}:/test:ro`];
  start(`${name}-gateway`, ...gatewayArgs, "--entrypoint=node", image, "/test/gateway.mjs");
  await shim.line("gateway.up");
  await podman("exec", name, ...check);
  const up = `fetch("http://127.0.0.1:9464/metrics").then((r) => r.text()).then(console.log)`;
  expect(await podman("exec", name, "node", "-e", up)).toMatch(/^openclaw_shim_gateway_up 1$/m);
  const client = ["node", "/test/client.mjs", "connect", "ws://127.0.0.1:18788", TOKEN];
  expect(JSON.parse(await podman("exec", name, ...client))).toMatchObject({ ok: true });

  await remove(`${name}-gateway`);
  await podman("stop", name);
  expect(await shim.closed).toEqual([0, null]);
});
