import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { rawClient } from "../support/raw.ts";
import { startRecorder } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

describe("--log-level debug", () => {
  it("adds a line for each plain HTTP request and for the end of each connection", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { logLevel: "debug" });
    await (await fetch(`http://${shim.authority}/a?token=secret`)).text();
    await expect
      .poll(() => shim.lines.find(({ event }) => event === "request"))
      .toMatchObject({
        level: "debug",
        conn: expect.any(String),
        http: { method: "GET", status: 200 },
        peer: "127.0.0.1",
        path: "/a",
        ms: expect.any(Number),
      });
    const client = new WebSocket(`ws://${shim.authority}`);
    client.on("error", () => {});
    await new Promise((resolve) => client.once("close", resolve));
    const { conn } = await shim.outcome();
    await expect
      .poll(() => shim.lines.find((line) => line["event"] === "connection.closed" && line["conn"] === conn))
      .toMatchObject({
        level: "debug",
        requests: 1,
        received: expect.any(Number),
        sent: expect.any(Number),
        ms: expect.any(Number),
      });
    expect(JSON.stringify(shim.lines)).not.toContain("secret");
  });

  it("has no status of a request whose client disconnects before the response", async () => {
    const gateway = await startRecorder(() => "");
    const shim = await openShimFor(gateway, { logLevel: "debug" });
    const client = rawClient(shim.port, "GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await gateway.until((bytes) => bytes.includes("GET /b"));
    client.socket.destroy();
    expect(await shim.logged("request")).toMatchObject({ path: "/b", http: { method: "GET" } });
    expect(JSON.stringify(shim.lines)).not.toContain('"status"');
  });
});
