import { describe, expect, it } from "vitest";
import { rawClient, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * After DNS rebinding, a page of evil.example connects to 127.0.0.1 with its own name: Host and Origin match, and the
 * peer is loopback. A shim that replaced both would give the page a paired operator.
 */
const PORT = 18788;
const NAMES = [
  "evil.example",
  `evil.example:${PORT}`,
  "127.0.0.1.nip.io",
  "localhost.evil.example",
  "evil.localhost",
];

describe.each(NAMES)("a page rebound to this machine as %s", (name) => {
  it("cannot open a WebSocket", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    const response = await rawClient(
      shim.port,
      upgradeRequest([`Origin: http://${name}`], "/", name),
    ).closed();
    expect([statusOf(response), errorOf(response).type]).toEqual([421, "host_not_allowed"]);
    expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "host_not_allowed" });
    expect(gateway.bytes()).toBe("");
  });

  it("cannot send an HTTP request, with or without Origin", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const fields of [[], [`Origin: http://${name}`], ["Sec-Fetch-Site: same-origin"]]) {
      for (const path of ["/", "/tools/invoke", "/__shim__/outcomes"]) {
        const lines = [`GET ${path} HTTP/1.1`, `Host: ${name}`, ...fields];
        expect(statusOf(await exchange(shim.port, lines))).toBe(421);
      }
    }
    expect(gateway.bytes()).toBe("");
  });
});
