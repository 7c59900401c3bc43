import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { startRawServer } from "../../support/raw.ts";
import { openTestShim } from "../../support/shim.ts";
import { startTestGateway, TOKEN } from "./bench.ts";
import { runDoctor } from "./run.ts";

const ENV = { OPENCLAW_GATEWAY_TOKEN: TOKEN };
const SHORT = { gather: 6_000, clear: 2_000, handshake: 1_000, request: 1_000 };

/** A path to a port that holds back what the client sends after the upgrade, or the gateway's response to that. */
async function startHoldingPath(port: number, held: "client" | "gateway") {
  const release: (() => void)[] = [];
  const path = await startRawServer((client: Socket) => {
    const gateway = connect(port, "127.0.0.1");
    gateway.on("error", () => {});
    client.on("close", () => held === "gateway" && gateway.destroy());
    let asked = false;
    client.on("data", (chunk: Buffer) => {
      if (asked && held === "client") release.push(() => gateway.write(chunk));
      else gateway.write(chunk);
      asked = asked || chunk.toString("latin1").startsWith("GET / ");
      if (held === "gateway" && !chunk.toString("latin1").startsWith("GET ")) gateway.pause();
    });
    gateway.on("data", (chunk: Buffer) => client.write(chunk));
  });
  onTestFinished(() => path.close());
  return { url: `ws://127.0.0.1:${path.port}`, release: () => release.forEach((send) => send()) };
}

describe("doctor, on a path that", () => {
  it("leads to another gateway, removes its device there", async () => {
    const gateway = await startTestGateway();
    const other = await startTestGateway();

    const run = await runDoctor(["--gateway", gateway.url, "--via", other.url], ENV);

    expect(run).toMatchObject({ code: 0, left: [] });
    expect(run.of("path", "note")[0]?.finding).toContain("leads to another gateway than");
    expect([other.pairing.paired, other.pairing.pending]).toEqual([[], []]);
  });

  it("leads to another gateway that asks its operator, names its request there", async () => {
    const gateway = await startTestGateway();
    const other = await startTestGateway({ autoApproveLocal: false });

    const run = await runDoctor(["--gateway", gateway.url, "--via", other.url], ENV);

    const [request] = other.pairing.pending;
    expect(other.pairing.pending).toHaveLength(1);
    expect(run.left).toEqual([{ deviceId: request?.deviceId, requestId: request?.requestId, at: other.url }]);
    const [named] = run.of("left behind", "note");
    expect(named?.finding).toContain(`at the gateway behind ${other.url} could not be rejected`);
    expect(named?.command).toBeUndefined();
  });

  it("leads through a shim to another gateway, says so and removes its device there", async () => {
    const gateway = await startTestGateway();
    const other = await startTestGateway();
    const shim = await openTestShim(other.port);
    onTestFinished(() => shim.close());

    const run = await runDoctor(["--gateway", gateway.url, "--listen", shim.authority], ENV);

    expect(run).toMatchObject({ code: 1, left: [] });
    expect(run.of("shim")[0]?.finding).toContain(`leads to another gateway than ${gateway.url}`);
    expect(await shim.outcome()).toMatchObject({ outcome: "connected" });
    expect(other.pairing.paired).toEqual([]);
  });

  it("drops the gateway's response, removes what was paired all the same", async () => {
    const gateway = await startTestGateway();
    const path = await startHoldingPath(gateway.port, "gateway");

    const run = await runDoctor(["--gateway", gateway.url, "--via", path.url], ENV, SHORT);

    expect(run.of("path")[0]?.finding).toContain("no response within");
    expect(run.left).toEqual([]);
    expect(gateway.pairing.paired).toEqual([]);
  });

  it("delivers its connect after doctor has ended, names the device that is paired then", async () => {
    const gateway = await startTestGateway();
    const path = await startHoldingPath(gateway.port, "client");

    const run = await runDoctor(["--gateway", gateway.url, "--via", path.url], ENV, SHORT);

    expect(gateway.pairing.paired).toEqual([]);
    path.release();
    await expect.poll(() => gateway.pairing.paired).toHaveLength(1);
    const [device] = gateway.pairing.paired;
    expect(run.left).toEqual([{ deviceId: device?.deviceId, at: path.url }]);
    expect(run.of("left behind")[0]?.fix).toBe(
      "remove it on that gateway's machine with `openclaw devices remove`",
    );
  });
});
