import { beforeAll, describe, expect, it } from "vitest";
import { chosenVersions } from "../releases.ts";
import { BRIDGE, CONTAINER, startDockerHost, UNTRUSTED, type DockerHost } from "./docker-host.ts";
import { loopbackPackets } from "./network.ts";
import { GATEWAY_PORT, SHIM_PORT } from "./topology.ts";

describe.each(chosenVersions())("openclaw %s on a Docker host, its tools in containers", (version) => {
  let docker: DockerHost;
  beforeAll(async () => {
    docker = await startDockerHost(version);
    return () => docker.close();
  });

  it("is unreachable from a container without the shim", async () => {
    const { topology, container, gateway } = docker;
    const url = `ws://${BRIDGE}:${GATEWAY_PORT}`;
    const result = await topology.tools.connect(container, { url, token: gateway.token });
    expect(result).toMatchObject({ ok: false, failure: expect.stringContaining("ECONNREFUSED") });
  });

  it("receives nothing of a peer outside --allow-from, which is refused and logged", async () => {
    const { topology, host, untrusted, gateway, shim } = docker;
    const before = await loopbackPackets(host);

    const result = await topology.tools.connect(untrusted, { url: shim.url, token: gateway.token });
    const pages = [
      await topology.tools.get(untrusted, `http://${BRIDGE}:${SHIM_PORT}/health`),
      await topology.tools.get(untrusted, `http://${BRIDGE}:${SHIM_PORT}/__shim__/health`),
    ];

    const refused = { status: 403, body: expect.stringContaining('"type":"peer_not_allowed"') };
    expect(result).toMatchObject({ ok: false, http: refused });
    expect(pages).toMatchObject([refused, refused]);
    const reason = "peer_not_allowed";
    const outcome = await shim.outcome();
    expect(outcome).toMatchObject({ outcome: "denied", reason, peer: UNTRUSTED });
    expect(outcome.fix).toContain(`--allow-from ${UNTRUSTED}`);
    expect(await shim.event("request.denied", "/health")).toMatchObject({ reason, peer: UNTRUSTED });
    expect(await loopbackPackets(host)).toBe(before);
  });

  it("pairs a container's tool through a shim on the bridge", async () => {
    const { topology, host, container, gateway, shim } = docker;
    const before = await loopbackPackets(host);

    const result = await topology.tools.connect(container, {
      url: shim.url,
      token: gateway.token,
      headers: { Host: `host.docker.internal:${SHIM_PORT}` },
    });

    expect(result).toMatchObject({ ok: true });
    expect(await shim.outcome(1)).toMatchObject({
      outcome: "connected",
      deviceToken: "issued",
      peer: CONTAINER,
      normalized: {
        host: { from: `host.docker.internal:${SHIM_PORT}`, to: `127.0.0.1:${GATEWAY_PORT}` },
        stripped: {},
      },
    });
    // Shows that relayed requests increase the count.
    expect(await loopbackPackets(host)).toBeGreaterThan(before);
  });

  it("responds to a container's HTTP at the bridge's address, and for a name only with --allow-host", async () => {
    const { topology, container } = docker;
    const page = `http://${BRIDGE}:${SHIM_PORT}/health`;
    expect(await topology.tools.get(container, page)).toMatchObject({ status: 200 });
    expect(await topology.tools.get(container, page, { Host: "host.docker.internal" })).toMatchObject({
      status: 421,
      body: expect.stringContaining("--allow-host host.docker.internal"),
    });
  });
});
