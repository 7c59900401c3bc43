import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = readFileSync("SECURITY.md", "utf8");
const [, table = ""] = page.split("## Who is kept out");
const rows = (table.split("\n## ", 1)[0] ?? "")
  .split("\n")
  .filter((line) => /^\| (?!against|---)/.test(line))
  .map((line) => line.split(" | "));

describe("SECURITY.md", () => {
  it("names files that exist", () => {
    const named = [...page.matchAll(/`((?:src|test|systemd|docs)\/[^`\s]*)`|\]\((docs\/[^)#]*)[^)]*\)/g)].map(
      ([, code, link]) => code ?? link ?? "",
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("names a test for each promise", () => {
    expect(rows.length).toBeGreaterThan(10);
    for (const [against, promise, , shown] of rows) {
      expect(promise, against).toMatch(/\w/);
      expect(shown, against).toMatch(/`test\/[\w/.-]+\.ts`/);
    }
  });

  it.each([
    "DNS rebinding",
    "cross-site WebSocket",
    "request smuggling",
    "spoofed locality",
    "confused deputy",
    "log injection",
    "resource exhaustion",
    "Supply chain",
  ])("considers %s", (attack) => expect(page).toContain(attack));
});
