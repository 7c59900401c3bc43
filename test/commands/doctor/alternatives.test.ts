import { describe, expect, it } from "vitest";
import { checkAlternatives } from "../../../src/commands/doctor/alternative-checks.ts";
import { checkScopes } from "../../../src/commands/doctor/device-checks.ts";
import { finding, findings, gatewayOf, type SeenOutcome } from "./context.ts";

const KEYS = { allowInsecureAuth: true, dangerouslyDisableDeviceAuth: true };

function seen(clientId: string, role: string, more: Partial<SeenOutcome> = {}): SeenOutcome {
  const nothing = { deviceId: undefined, scopes: [], hostFrom: undefined, byDoctor: false, stripped: {} };
  return { ...nothing, outcome: "connected", role, clientId, peer: "127.0.0.1", ...more };
}

const PAGE = "openclaw-control-ui";
const TAILNET = { stripped: { "tailscale-user-login": "a@example.com" } };
const PROXIED = { stripped: { "x-forwarded-for": "203.0.113.7" } };

describe("retired keys of controlUi", () => {
  const judge = (version: string, controlUi: object) =>
    findings(checkAlternatives, { gateway: gatewayOf(version), openclaw: { gateway: { controlUi } } });

  it.each(["2026.8.1", "2026.9.6"])("are named at %s", async (version) => {
    expect(await judge(version, KEYS)).toMatchObject(
      ["allowInsecureAuth", "dangerouslyDisableDeviceAuth"].map((key) => ({
        status: "note",
        finding: expect.stringContaining(`gateway.controlUi.${key}: without effect`) as string,
      })),
    );
  });

  it.each([
    ["2026.4.5", KEYS],
    ["2026.9.6", { allowedOrigins: [] }],
  ])("are not named at %s with %j", async (version, controlUi) => {
    expect(await judge(version, controlUi)).toEqual([]);
  });
});

describe("a better setting than the shim", () => {
  it.each([
    ["gateway.tailscale.mode: serve", seen(PAGE, "operator", TAILNET)],
    ["gateway.auth.mode: trusted-proxy", seen(PAGE, "operator", PROXIED)],
    ["autoApproveCidrs", seen("node-host", "node", { peer: "10.0.0.7" })],
  ])("is %s", async (setting, outcome) => {
    const found = await findings(checkAlternatives, { outcomes: [outcome] });
    expect(found).toMatchObject([{ status: "note", finding: expect.stringContaining(setting) as string }]);
  });

  it.each([
    ["no client was seen", []],
    ["a CLI connects, too", [seen(PAGE, "operator", PROXIED), seen("cli", "operator", PROXIED)]],
    ["a browser is local", [seen(PAGE, "operator")]],
    ["a node is local", [seen("node-host", "node")]],
    ["a node is on the internet", [seen("node-host", "node", PROXIED)]],
  ])("is not named if %s", async (_, outcomes) => {
    expect(await findings(checkAlternatives, { outcomes })).toEqual([]);
  });

  it("is openclaw --container for a gateway in a container", async () => {
    const listener = { pid: 1, program: "docker-proxy", shown: "docker-proxy (pid 1)" };
    const found = await finding(checkAlternatives, { gateway: { listener } });
    expect(found?.finding).toContain("openclaw --container NAME");
  });

  it.each([
    ["2026.7.35", true],
    ["2026.9.6", false],
  ])("is an update at %s if devices lack scopes: %s", async (version, isNamed) => {
    const request = { requestId: "r", deviceId: "d", publicKey: "k", silent: false, name: undefined };
    const pending = { ...request, roles: [], scopes: ["operator.admin"], client: "cli", at: undefined };
    const paired = { deviceId: "d", client: "cli", roles: ["operator"], scopes: ["operator.read"] };
    const devices = { pending: [pending], paired: [paired] };
    const found = await finding(checkScopes, { gateway: { ...gatewayOf(version), devices } });
    expect(found?.fix?.includes("2026.8.1 and later")).toBe(isNamed);
  });
});
