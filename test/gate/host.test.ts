import { describe, expect, it } from "vitest";
import { SWITCHING_PROTOCOLS, upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, exchangeUpgrade, startRecorder, statusOf } from "../support/recorder.ts";
import { openShimFor } from "../support/shim.ts";

/** Host values of plain requests, with `--allow-host my-box.lan`; `true` if admitted. */
const HOSTS: readonly (readonly [host: string, admitted: boolean])[] = [
  ["localhost", true],
  ["LOCALHOST:1", true],
  ["127.0.0.1:18788", true],
  ["[::1]:18788", true],
  ["192.0.2.7", true],
  ["[2001:db8::1]", true],
  ["my-box.lan:18788", true],
  ["My-Box.LAN", true],
  ["my-box.lan.:18788", true],
  ["my-box.lan..", false],
  ["other-box.lan", false],
  ["evil.example:18788", false],
  ["localhost.", false],
  ["localhost.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["127.1", false],
  ["2130706433", false],
  ["0x7f000001", false],
  ["0177.0.0.1", false],
  ["127.0.0.1:99999", false],
  ["127.0.0.1:", false],
  ["127.0.0.1@evil.example", false],
  ["evil.example#127.0.0.1", false],
  ["127.0.0.1, evil.example", false],
  ["[::1", false],
  ["[::1%25lo]", false],
  ["", false],
];

describe("Host of a plain request", () => {
  it("must be loopback, an IP literal or an --allow-host; otherwise 421, and nothing reaches the gateway", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway, { allowHost: ["my-box.lan"] });
    for (const [index, [host, admitted]] of HOSTS.entries()) {
      const response = await exchange(shim.port, [
        `GET /${index} HTTP/1.1`,
        `Host: ${host}`,
        "Connection: close",
      ]);
      const type = admitted ? "none" : errorOf(response).type;
      expect([host, statusOf(response), type]).toEqual(
        admitted ? [host, 200, "none"] : [host, 421, "host_not_allowed"],
      );
    }
    const expected = HOSTS.flatMap(([, admitted], index) => (admitted ? [`GET /${index} HTTP/1.1`] : []));
    expect(gateway.requests().map(({ line }) => line)).toEqual(expected);
  });

  it("must occur exactly once: none and two are 400", async () => {
    const gateway = await startRecorder();
    const shim = await openShimFor(gateway);
    for (const hosts of [
      [],
      ["Host: 127.0.0.1", "Host: 127.0.0.1"],
      ["Host: 127.0.0.1", "hOST: localhost"],
    ]) {
      const response = await exchange(shim.port, ["GET / HTTP/1.1", ...hosts, "Connection: close"]);
      expect(statusOf(response)).toBe(400);
      expect(errorOf(response).message).toContain("exactly one Host");
    }
    expect(gateway.bytes()).toBe("");
  });
});

describe("Host of a WebSocket handshake without Origin", () => {
  it("may be any value, and the gateway receives its own authority", async () => {
    const gateway = await startRecorder(() => SWITCHING_PROTOCOLS);
    const shim = await openShimFor(gateway);
    for (const [host] of HOSTS) {
      expect(statusOf(await exchangeUpgrade(shim.port, upgradeRequest([], "/", host)))).toBe(101);
    }
    const hosts = gateway.requests().map(({ fields }) => fields.filter((field) => /^host:/i.test(field)));
    expect(hosts).toEqual(HOSTS.map(() => [`Host: 127.0.0.1:${gateway.port}`]));
  });
});
