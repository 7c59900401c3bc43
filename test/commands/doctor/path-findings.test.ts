import { describe, expect, it } from "vitest";
import { paths } from "../../../src/commands/doctor/checks/paths.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import type { PathFacts } from "../../../src/commands/doctor/path.ts";
import { readToolUrl } from "../../../src/commands/doctor/tool-urls.ts";
import { connected, facts, refused } from "./facts.ts";

function judge(url: string, given: Partial<PathFacts>): Finding | undefined {
  const path: PathFacts = {
    toolUrl: readToolUrl("--via", url, facts().settings),
    attempt: connected(),
    elsewhere: false,
    credentialKept: false,
    throughShim: undefined,
    logged: undefined,
    listener: undefined,
    signs: [],
    ...given,
  };
  return [paths(facts({ paths: [path] }))].flat()[0];
}

describe("a way of the tools", () => {
  it.each<[string, string, Partial<PathFacts>, Finding["status"], string]>([
    ["is no URL", "http://x", { attempt: undefined }, "fix", "http://x (--via) is no ws:// or wss:// URL"],
    ["is clean", "ws://127.0.0.1:5", {}, "ok", "nothing was seen to be added on it"],
    [
      "refuses forwarding headers",
      "wss://sb.vercel.run",
      {
        attempt: refused("gateway-refused", "proxy_attribution_required"),
        signs: ["server: Vercel", "x-vercel-id: fra1::x"],
      },
      "fix",
      "leads to the gateway past the shim, and forwarding headers are added on it, by Vercel, server: Vercel",
    ],
    [
      "rewrites Host, as the gateway's log has it",
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
      { attempt: refused("unauthorized"), credentialKept: true },
      "note",
      "unauthorized; the token was not sent there",
    ],
    [
      "is local though something is added",
      "ws://127.0.0.1:5",
      { logged: { runtime: "node", host: undefined, forwardedFor: "10.0.0.7" } },
      "note",
      "leads to the gateway past the shim and adds x-forwarded-for=10.0.0.7; local all the same",
    ],
  ])("%s", (_what, url, given, status, words) => {
    const finding = judge(url, given);
    expect(finding?.status).toBe(status);
    expect(finding?.finding).toContain(words);
  });
});
