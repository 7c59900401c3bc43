import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCli, type CliResult } from "../cli.ts";
import { createHome } from "../home.ts";
import { chosenVersions } from "../releases.ts";
import { startShimProcess } from "../shim-process.ts";
import { CONTAINER, startDockerHost, type DockerHost } from "./docker-host.ts";

const CRON_ADD = ["cron", "add", "--name", "Silly Joke", "--every", "5m", "--system-event", "joke", "--json"];
const JOB = { name: "Silly Joke", enabled: true, schedule: { kind: "every", everyMs: 300_000 } };

describe.each(chosenVersions())(
  "openclaw %s's own CLI in a container, its gateway on the host",
  (version) => {
    let docker: DockerHost;
    beforeAll(async () => {
      docker = await startDockerHost(version);
      return () => docker.close();
    });

    const cronAdd = async (url: string, env: Record<string, string> = {}): Promise<CliResult> => {
      const { container, gateway } = docker;
      const home = await createHome();
      onTestFinished(() => home.remove());
      const args = [...CRON_ADD, "--url", url, "--token", gateway.token];
      return runCli(gateway.openclaw, home, args, { env, namespace: container.name });
    };

    // The CLI's rule for ws:// URLs: 2026.9 accepts private addresses, older releases only with this variable.
    it.skipIf(version === "2026.2.19")("adds its cron job through the shim on the bridge", async () => {
      const result = await cronAdd(docker.shim.url, { OPENCLAW_ALLOW_INSECURE_PRIVATE_WS: "1" });

      expect(result).toMatchObject({ code: 0, json: JOB });
      expect(await docker.shim.outcome()).toMatchObject({
        outcome: "connected",
        client: { id: "cli", mode: "cli" },
        peer: CONTAINER,
      });
    });

    // 2026.2.19 accepts only ws:// URLs of loopback.
    it("adds it through a second shim on the container's loopback, on every release", async () => {
      const { container, shim } = docker;
      const containerShim = await startShimProcess(shim.url, ["--allow-remote-gateway"], {
        listen: [],
        namespace: container.name,
      });
      onTestFinished(() => containerShim.close());

      expect(await cronAdd(containerShim.url)).toMatchObject({ code: 0, json: JOB });

      expect(await containerShim.outcome()).toMatchObject({ outcome: "connected", peer: "127.0.0.1" });
      const connected = shim.log.filter((line) => line.includes('"outcome":"connected"'));
      expect(connected.at(-1)).toContain(`"peer":"${CONTAINER}"`);
    });
  },
);
