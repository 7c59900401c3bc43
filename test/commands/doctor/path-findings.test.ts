import { describe, expect, it } from "vitest";
import { pathsCheck } from "../../../src/commands/doctor/checks/paths-check.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import type { PathFacts } from "../../../src/commands/doctor/tool-paths.ts";
import { readToolUrl } from "../../../src/commands/doctor/tool-urls.ts";
import { connected, finding, refused, SETTINGS } from "./context.ts";

type Given = Omit<PathFacts, "toolUrl">;

describe("a path of the tools", () => {
  it.each<[string, string, Given, Finding["status"], string]>([
    ["is not a URL", "http://x", {}, "fix", "http://x (--via) is not a ws:// or wss:// URL"],
    ["is clean", "ws://127.0.0.1:5", { attempt: connected() }, "ok", "nothing was seen to be added on it"],
    [
      "refuses forwarding headers",
      "wss://sb.vercel.run",
      {
        attempt: refused("gateway-refused", "proxy_attribution_required"),
        proxyFields: { server: "Vercel", "x-vercel-id": "fra1::x" },
      },
      "fix",
      "leads to the gateway past the shim, and forwarding headers are added on it, by Vercel, server: Vercel",
    ],
    [
      "rewrites Host, as the gateway's log shows",
      "ws://127.0.0.1:5",
      {
        attempt: refused("pairing-required", "not-paired"),
        logged: { runtime: "node", host: "sb.vercel.run", forwardedFor: undefined },
      },
      "fix",
      "leads to the gateway past the shim, and rewrites Host to sb.vercel.run: not local",
    ],
    [
      "is neither this machine nor TLS",
      "ws://192.0.2.7:5",
      { attempt: refused("unauthorized"), credentialWithheld: true },
      "note",
      "unauthorized; the token was not sent there",
    ],
    [
      "is local though something is added",
      "ws://127.0.0.1:5",
      { attempt: connected(), logged: { runtime: "node", host: undefined, forwardedFor: "10.0.0.7" } },
      "note",
      "leads to the gateway past the shim and adds x-forwarded-for=10.0.0.7; local all the same",
    ],
  ])("%s", async (_what, url, given, status, words) => {
    const path = { toolUrl: readToolUrl("--via", url, SETTINGS), ...given };
    const found = await finding(pathsCheck, { paths: [path] });
    expect(found?.status).toBe(status);
    expect(found?.finding).toContain(words);
  });
});
