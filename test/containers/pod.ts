import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { podman, ROOT } from "../release/release.ts";
import { TOKEN } from "./engine.ts";

/** The names that podman gives to the pod of microvm/kubernetes.yaml and its containers. */
export const POD = "openclaw-pod-0";
export const SHIM = `${POD}-openclaw-shim`;
export const GATEWAY = `${POD}-openclaw-gateway`;

interface Container {
  readonly restartPolicy?: string;
  readonly ports?: unknown;
}
interface PodSpec {
  initContainers?: Container[];
  containers: Container[];
}
interface Manifest {
  readonly kind: string;
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

/**
 * Plays files of microvm/, among them kubernetes.yaml, in this network. Returns what removes the pod and its state.
 * @throws Error with podman's output
 */
export async function playPod(files: readonly string[], network: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-shim-pod-"));
  const pod = join(folder, "pod.yaml");
  await writeFile(pod, await playable(files));
  // What podman 4.3 reads as a Secret with one key.
  const secret = join(folder, "secret.json");
  await writeFile(secret, JSON.stringify({ "gateway-token": Buffer.from(TOKEN).toString("base64") }));
  // What an interrupted run left is removed, too.
  await remove();
  await podman("secret", "create", "openclaw", secret);
  await podman("kube", "play", `--network=${network}`, pod);
  return async () => {
    await remove();
    await rm(folder, { recursive: true });
  };
}

async function remove(): Promise<void> {
  await podman("pod", "rm", "--force", "--ignore", "--time=0", POD);
  await podman("volume", "rm", "--force", "openclaw-state").catch(() => {});
  await podman("secret", "rm", "openclaw").catch(() => {});
}

/**
 * The files as they are, but for the sidecar: podman 4.3 runs an init container to its end, so a native sidecar becomes
 * a container beside the gateway. And podman would publish its ports on this machine, which Kubernetes does not.
 */
async function playable(files: readonly string[]): Promise<string> {
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, "microvm", file), "utf8")));
  const documents = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Manifest));
  for (const { kind, spec } of documents) {
    if (kind !== "Deployment") continue;
    const pod = spec.template.spec;
    for (const { restartPolicy, ports: _ports, ...sidecar } of pod.initContainers ?? []) {
      expect(restartPolicy).toBe("Always");
      pod.containers.unshift(sidecar);
    }
    delete pod.initContainers;
  }
  // JSON is YAML.
  return documents.map((one) => JSON.stringify(one)).join("\n---\n");
}
