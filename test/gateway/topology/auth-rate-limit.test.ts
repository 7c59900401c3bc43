import { beforeAll, describe, expect, it } from "vitest";
import type { HandshakeResult } from "../../support/client.ts";
import { chosenVersions } from "../releases.ts";
import { CONTAINER, startDockerHost, type DockerHost } from "./docker-host.ts";
import type { Namespace } from "./network.ts";
import { SHIM_PORT } from "./topology.ts";

/** Number of failed attempts before a client is limited. */
const BURST = 10;

describe.each(chosenVersions())("openclaw %s, with failed authentication from a container", (version) => {
  let docker: DockerHost;
  beforeAll(async () => {
    docker = await startDockerHost(version);
    return () => docker.close();
  });

  const connectWith = (from: Namespace, token: string, url = docker.shim.url): Promise<HandshakeResult> =>
    docker.topology.tools.connect(from, { url, token });

  /** Makes parallel attempts with wrong tokens. Returns true for each that the gateway itself refused. */
  async function fail(from: Namespace, times: number, url?: string): Promise<boolean[]> {
    const results = await Promise.all(
      Array.from({ length: times }, (_, i) => connectWith(from, `wrong-${i}`, url)),
    );
    return results.map((result) => !result.ok && result.error !== undefined);
  }

  const byGateway = (times: number): boolean[] => Array.from({ length: times }, () => true);

  it("resets the limit after each successful login", async () => {
    const { container, gateway } = docker;
    for (let rounds = 0; rounds < 2; rounds += 1) {
      expect(await fail(container, BURST - 1)).toEqual(byGateway(BURST - 1));
      expect(await connectWith(container, gateway.token)).toMatchObject({ ok: true });
    }
  });

  it("limits the container after ten failures, with 429, a fix and an outcome", async () => {
    const { container, shim, topology } = docker;
    const before = shim.log.length;
    expect(await fail(container, BURST)).toEqual(byGateway(BURST));

    expect(await connectWith(container, "wrong")).toMatchObject({
      ok: false,
      http: { status: 429, body: expect.stringContaining('"type":"too_many_failures"') },
    });
    const lines = shim.log.slice(before).map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({
        outcome: "rate-limited",
        reason: "too_many_failures",
        peer: CONTAINER,
        fix: expect.stringMatching(/\d+ s/),
      }),
    );
    // Requests without a credential are not limited.
    expect(
      await topology.tools.get(container, `${docker.shim.url.replace("ws", "http")}/health`),
    ).toMatchObject({
      status: 200,
    });
  });

  it("does not limit another container or the host's tools", async () => {
    const { neighbour, host, gateway } = docker;
    const local = `ws://127.0.0.1:${SHIM_PORT}`;
    expect(await connectWith(neighbour, gateway.token)).toMatchObject({ ok: true });
    expect(await fail(host, BURST + 2, local)).toEqual(byGateway(BURST + 2));
    expect(await connectWith(host, gateway.token, local)).toMatchObject({ ok: true });
    expect(await connectWith(docker.container, gateway.token)).toMatchObject({
      ok: false,
      http: { status: 429 },
    });
  });
});
