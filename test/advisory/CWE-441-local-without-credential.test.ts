import { describe, expect, it, onTestFinished } from "vitest";
import { createGate } from "../../src/gate/gate.ts";
import { FAKE_RELEASES, type FakeRelease } from "../fake-gateway/behaviors.ts";
import { startFakeGateway } from "../fake-gateway/server.ts";
import { upgradeRequest } from "../support/raw.ts";
import { errorOf, exchange, exchangeUpgrade, statusOf } from "../support/recorder.ts";
import { testSettings } from "../support/settings.ts";
import { openShimFor } from "../support/shim.ts";

/**
 * CWE-441, confused deputy. OpenClaw serves some routes to local clients without a credential (docs/gateway.md section
 * 4). The shim makes remote clients local, so it must not open these routes to them.
 * test/gateway/local-only.test.ts finds the routes on the real gateway.
 */
const TOKEN = "s3kr3t";
const FORWARDED: Readonly<Record<string, string>> = {
  "a forwarded client": "X-Forwarded-For: 203.0.113.7",
  "a client forwarded for a private address": "X-Forwarded-For: 10.0.0.7",
  "a client with an empty forwarding field": "Forwarded:",
  "a client that a sign-on product names": "Remote-User: owner",
};
const CANVAS = [
  "/__openclaw__/a2ui/",
  "/__openclaw__/canvas",
  "/__openclaw__/canvas/x.html",
  "/__openclaw__/ws",
];
const PROBES = ["/ready", "/readyz", "/startup", "/startupz", "/__openclaw__/cap/x/ready", "//x/ready"];

async function start(release: FakeRelease) {
  const gateway = await startFakeGateway({ release, token: TOKEN });
  onTestFinished(() => gateway.close());
  const shim = await openShimFor(gateway, { allowHost: ["shim.example"] });
  const request = (path: string, fields: readonly string[] = [], method = "GET", host = "127.0.0.1") =>
    exchange(shim.port, [`${method} ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close", ...fields]);
  const upgrade = (path: string, fields: readonly string[] = []) =>
    exchangeUpgrade(shim.port, upgradeRequest(fields, path));
  return { gateway, shim, request, upgrade };
}

describe.each(FAKE_RELEASES)("with OpenClaw %s", (release) => {
  describe.each(Object.entries(FORWARDED))("%s", (_who, field) => {
    it("gets no canvas without a credential", async () => {
      const { gateway, shim, request, upgrade } = await start(release);
      for (const path of CANVAS) {
        const response = await request(path, [field]);
        expect(statusOf(response)).toBe(401);
        expect(response).toContain("WWW-Authenticate: Bearer");
        expect(errorOf(response)).toMatchObject({ type: "credential_required" });
        expect(errorOf(response).message).toContain(path);
      }
      expect(statusOf(await upgrade("/__openclaw__/ws", [field]))).toBe(401);
      expect(await shim.outcome()).toMatchObject({ outcome: "denied", reason: "credential_required" });
      expect(gateway.requests).toEqual([]);
    });

    it("gets no canvas with a wrong credential, however the path is written", async () => {
      const { request, upgrade } = await start(release);
      const wrong = [field, "Authorization: Bearer wrong"];
      for (const [path, fields] of [
        ["/__openclaw__/canvas/", wrong],
        ["/__openclaw__/canvas/?token=wrong", [field]],
        ["/__openclaw__/cap/wrong/__openclaw__/canvas/", [field]],
        ["/__openclaw__/cap/wrong//x/__openclaw__/canvas/", [field]],
        ["//x/__openclaw__/a2ui/", [field]],
        ["/x/../__openclaw__/./canvas/", [field]],
        ["/x/%2e%2e/__openclaw__\\canvas/", [field]],
        ["/__openclaw__/canvas/#x", [field]],
      ] as const) {
        expect([path, statusOf(await request(path, fields))]).toEqual([path, 401]);
      }
      expect(statusOf(await upgrade("/__openclaw__/ws", wrong))).toBe(401);
      expect(statusOf(await upgrade("/__openclaw__/cap/wrong/__openclaw__/ws", [field]))).toBe(401);
    });

    it("gets the canvas with the token", async () => {
      const { request, upgrade } = await start(release);
      const right = [field, `Authorization: Bearer ${TOKEN}`];
      expect(statusOf(await request("/__openclaw__/canvas/", right))).toBe(200);
      expect(statusOf(await upgrade("/__openclaw__/ws", right))).toBe(101);
    });

    it("gets no details of the gateway's health", async () => {
      const { shim, request } = await start(release);
      for (const path of PROBES) {
        const response = await request(path, [field, "Authorization: Bearer wrong"]);
        expect([path, statusOf(response)]).toEqual([path, 403]);
        expect(errorOf(response)).toMatchObject({ type: "local_only" });
      }
      expect(await shim.logged("request.denied")).toMatchObject({ reason: "local_only", path: "/ready" });
      expect(await request("/ready", [field], "HEAD")).not.toContain("uptimeMs");
    });

    it("gets the Control UI's page and the gateway's health", async () => {
      const { request } = await start(release);
      expect(await request("/", [field])).toContain("<title>OpenClaw Control</title>");
      const health = release === "2026.2.19" ? "<title>OpenClaw Control</title>" : '"status":"live"';
      expect(await request("/health", [field])).toContain(health);
    });

    it("gets what a plugin serves to remote clients", async () => {
      const { request } = await start(release);
      for (const prefix of ["", "/x/..", "//x", "/__openclaw__/cap/x", "/__openclaw__/cap/x//y"]) {
        const path = `${prefix}/plugins/diffs/view/id/token`;
        expect([path, statusOf(await request(path, [field]))]).toEqual([path, 404]);
      }
    });
  });

  it("a client that used another name than localhost gets no canvas and no details", async () => {
    const { request } = await start(release);
    for (const host of ["shim.example", "192.0.2.5"]) {
      expect(statusOf(await request("/__openclaw__/canvas/", [], "GET", host))).toBe(401);
      expect(statusOf(await request("/ready", [], "GET", host))).toBe(403);
      expect(statusOf(await request("/", [], "GET", host))).toBe(200);
    }
  });

  it("a program on this machine gets what the gateway serves to it", async () => {
    const { request, upgrade, gateway } = await start(release);
    const oldest = release === "2026.2.19";
    expect(statusOf(await request("/__openclaw__/canvas/"))).toBe(oldest ? 200 : 401);
    expect(statusOf(await upgrade("/__openclaw__/ws"))).toBe(oldest ? 101 : 401);
    expect(statusOf(await request("/plugins/diffs/view/id/token"))).toBe(200);
    expect(await request("/ready")).toContain(oldest ? "Not Found" : '"uptimeMs"');
    expect(gateway.requests).toHaveLength(4);
  });
});

it("a client at another address is remote", () => {
  const gate = createGate({ ...testSettings(1), allowFrom: ["172.16.0.0/12"] });
  const request = (url: string, fields: readonly string[] = []) => ({
    method: "GET",
    url,
    httpVersion: "1.1",
    rawHeaders: ["Host", "127.0.0.1:18788", ...fields],
  });
  const admit = (url: string, remoteAddress: string, fields: readonly string[] = []) =>
    gate.admit(request(url, fields), { remoteAddress }, "http");
  const canvas = "/__openclaw__/canvas/";

  expect(admit(canvas, "172.17.0.2")).toMatchObject({ code: "credential_required", status: 401 });
  expect(admit(canvas, "::ffff:172.17.0.2")).toMatchObject({ code: "credential_required" });
  expect(admit("/ready", "172.17.0.2")).toMatchObject({ code: "local_only", status: 403 });
  expect(admit(canvas, "172.17.0.2", ["Authorization", "Bearer x"])).toMatchObject({
    remote: { authority: "remote.invalid" },
  });
  expect(admit(canvas, "127.0.0.1")).toMatchObject({ remote: undefined });
  expect(admit("/", "172.17.0.2")).toMatchObject({ remote: undefined });
  // Not a URL, to the gateway neither.
  expect(admit("//[/__openclaw__/canvas", "172.17.0.2")).toMatchObject({ remote: undefined });
  expect(admit("/?next=/__openclaw__/canvas/", "172.17.0.2")).toMatchObject({ remote: undefined });
  expect(admit("/__openclaw__/board/", "172.17.0.2")).toMatchObject({ remote: undefined });
});
