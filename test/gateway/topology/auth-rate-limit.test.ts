import { beforeAll, describe, expect, it } from "vitest";
import type { HandshakeResult } from "../../support/client.ts";
import { chosenVersions } from "../releases.ts";
import { CONTAINER, startDockerHost, type DockerHost } from "./docker-host.ts";
import type { Namespace } from "./network.ts";
import { SHIM_PORT } from "./topology.ts";

/** As many failures as a caller may have in a row before it has to wait. */
const BURST = 10;

describe.each(chosenVersions())("openclaw %s, whose token is guessed from a container", (version) => {
  let docker: DockerHost;
  beforeAll(async () => {
    docker = await startDockerHost(version);
    return () => docker.close();
  });

  const sign = (from: Namespace, token: string, url = docker.shim.url): Promise<HandshakeResult> =>
    docker.topology.tools.connect(from, { url, token });

  /** Wrong tokens, all at once: a failure is forgiven every 15 s. @returns which of them the gateway itself refused */
  async function guess(from: Namespace, times: number, url?: string): Promise<boolean[]> {
    const results = await Promise.all(Array.from({ length: times }, (_, i) => sign(from, `guess-${i}`, url)));
    return results.map((result) => !result.ok && result.error !== undefined);
  }

  const byGateway = (times: number): boolean[] => Array.from({ length: times }, () => true);

  it("asks the gateway again after each success, however often it failed before", async () => {
    const { container, gateway } = docker;
    for (let rounds = 0; rounds < 2; rounds += 1) {
      expect(await guess(container, BURST - 1)).toEqual(byGateway(BURST - 1));
      expect(await sign(container, gateway.token)).toMatchObject({ ok: true });
    }
  });

  it("makes the container wait after ten failures, says how long, and logs it", async () => {
    const { container, shim, topology } = docker;
    const before = shim.log.length;
    expect(await guess(container, BURST)).toEqual(byGateway(BURST));

    expect(await sign(container, "guess")).toMatchObject({
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
    // What carries no credential is no guess.
    expect(
      await topology.tools.get(container, `${docker.shim.url.replace("ws", "http")}/health`),
    ).toMatchObject({
      status: 200,
    });
  });

  it("lets another container and the host's own tools in meanwhile", async () => {
    const { neighbour, host, gateway } = docker;
    const local = `ws://127.0.0.1:${SHIM_PORT}`;
    expect(await sign(neighbour, gateway.token)).toMatchObject({ ok: true });
    expect(await guess(host, BURST + 2, local)).toEqual(byGateway(BURST + 2));
    expect(await sign(host, gateway.token, local)).toMatchObject({ ok: true });
    expect(await sign(docker.container, gateway.token)).toMatchObject({ ok: false, http: { status: 429 } });
  });
});
