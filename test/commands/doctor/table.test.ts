import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { renderTable } from "../../../src/commands/doctor/table.ts";

describe("the table", () => {
  it("has check, status and finding in columns, and the fix below", () => {
    const findings: Finding[] = [
      { check: "gateway", status: "ok", finding: "it answers" },
      { check: "tools", status: "fix", finding: "they connect past the shim", fix: "openclaw-shim env" },
      { check: "tools", status: "note", finding: "a proxy" },
      { check: "pending", status: "unknown", finding: "not told" },
    ];
    expect(renderTable(findings)).toBe(
      [
        "gateway  ok    it answers",
        "tools    FIX   they connect past the shim",
        "               -> openclaw-shim env",
        "         note  a proxy",
        "pending  ?     not told",
        "",
      ].join("\n"),
    );
  });

  it("is at most 110 columns wide, but breaks no word", () => {
    const long = "x".repeat(150);
    const table = renderTable([{ check: "c", status: "ok", finding: `${"word ".repeat(60)}${long}` }]);
    const rows = table.trimEnd().split("\n");
    expect(rows.filter((row) => row.length > 110)).toEqual([`         ${long}`]);
  });

  it("has a fix in one line, so that the command in it can be copied", () => {
    const fix = `mend it: openclaw-shim run ${"--allow-host gateway.example ".repeat(10)}--hold 10s`;
    const table = renderTable([{ check: "c", status: "fix", finding: "wrong", fix }]);
    expect(table).toBe(`c  FIX   wrong\n         -> ${fix}\n`);
  });

  it("shows no control character, whatever the finding", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (finding) => {
        expect(renderTable([{ check: "c", status: "ok", finding }])).toMatch(
          /^[^\p{Cc}\p{Cf}]*(\n[^\p{Cc}\p{Cf}]*)*$/u,
        );
      }),
    );
  });
});
