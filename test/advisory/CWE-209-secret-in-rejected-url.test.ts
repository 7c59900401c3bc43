import { describe, expect, it } from "vitest";
import { problems } from "../settings/load.ts";

// A URL with a token was shown in the error up to its last @: of `?token=ab@cd` that is the end of the token.
const URLS = [
  "ws://127.0.0.1:18789?token=Canary@Canary:1",
  "http://127.0.0.1:18789/#token=Canary@Canary",
  "ws://user:Canary#Canary@127.0.0.1:18789",
  "ws://user:1?Canary@127.0.0.1:18789/path",
  "http://user:Canary@127.0.0.1:18789",
  "http://127.0.0.1:18789/__openclaw__/cap/Canary/page",
  "Canary@127.0.0.1",
];

describe("an error about a URL", () => {
  it.each(URLS)("shows no part of it that may be a secret: %s", async (url) => {
    for (const args of [
      ["--gateway", url],
      ["--gateway", "ws://127.0.0.1:18789", url],
      ["--url", url],
    ]) {
      const found = await problems(args);
      expect(found).not.toEqual([]);
      expect(found.join("\n")).not.toContain("Canary");
    }
    expect((await problems([], { OPENCLAW_SHIM_GATEWAY: url })).join("\n")).not.toContain("Canary");
  });
});
