import { describe, expect, it } from "vitest";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { checkPaths } from "../../../src/commands/doctor/tool-checks.ts";
import type { PathFacts } from "../../../src/commands/doctor/tool-paths.ts";
import { connected, finding, refused } from "./context.ts";

describe("a path of the tools", () => {
  it.each<[string, string, Partial<PathFacts>, Finding["status"], string]>([
    ["is clean", "ws://127.0.0.1:5", {}, "ok", "local without a shim: nothing that matters to the gateway"],
    [
      "refuses forwarding headers",
      "wss://sb.vercel.run",
      {
        attempt: refused("gateway-refused", "proxy_attribution_required"),
        headers: { server: "Vercel", "x-vercel-id": "fra1::x" },
      },
      "fix",
      "leads to the gateway past the shim, and forwarding headers are added, or Host is rewritten, by Vercel, server: Vercel",
    ],
    [
      "rewrites Host, as the gateway's log shows",
      "ws://127.0.0.1:5",
      {
        attempt: refused("pairing-required", "not-paired"),
        logged: { runtime: "node", host: "sb.vercel.run", forwardedFor: undefined },
      },
      "fix",
      "leads to the gateway past the shim, and rewrites Host to sb.vercel.run: pairing-required (not-paired)",
    ],
    [
      "adds headers, as the gateway's log shows",
      "ws://127.0.0.1:5",
      {
        attempt: refused("pairing-required", "not-paired"),
        logged: { runtime: "node", host: undefined, forwardedFor: "10.0.0.7" },
      },
      "fix",
      "leads to the gateway past the shim, and adds x-forwarded-for=10.0.0.7: pairing-required (not-paired)",
    ],
    [
      "is local though something is added",
      "ws://127.0.0.1:5",
      { logged: { runtime: "node", host: undefined, forwardedFor: "10.0.0.7" } },
      "note",
      "leads to the gateway past the shim and adds x-forwarded-for=10.0.0.7; local all the same",
    ],
    [
      "is neither this machine nor TLS",
      "ws://192.0.2.7:5",
      { attempt: refused("unauthorized"), credentialWithheld: true },
      "note",
      "unauthorized; the token was not sent there",
    ],
  ])("%s", async (_what, shown, given, status, words) => {
    const path: PathFacts = {
      source: "--via",
      shown,
      url: new URL(shown),
      attempt: connected(),
      throughShim: undefined,
      logged: undefined,
      listener: undefined,
      credentialWithheld: false,
      headers: {},
      ...given,
    };
    const found = await finding(checkPaths, { paths: [path] });
    expect(found?.status).toBe(status);
    expect(found?.finding).toContain(words);
  });
});
