import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderTable, toFix, type Finding } from "../../../src/commands/doctor/finding.ts";

describe("the table", () => {
  it("has check, status and finding in columns, and fix and command below", () => {
    const command = 'eval "$(openclaw-shim env)"';
    const findings: Finding[] = [
      { check: "gateway", status: "ok", finding: "it responds" },
      {
        check: "tools",
        status: "fix",
        finding: "they connect past the shim",
        fix: "point them at it",
        command,
      },
      { check: "tools", status: "note", finding: "a proxy" },
      { check: "pending", status: "unknown", finding: "not visible" },
    ];
    expect(renderTable(findings)).toBe(
      [
        "gateway  ok    it responds",
        "tools    FIX   they connect past the shim",
        "               -> point them at it",
        '                  eval "$(openclaw-shim env)"',
        "         note  a proxy",
        "pending  ?     not visible",
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

  it("has a fix and a command in one line each, so that commands can be copied", () => {
    const command = `openclaw-shim run ${"--allow-host gateway.example ".repeat(10)}--hold 10s`;
    const fix = `start it, or install it: ${command}`;
    const table = renderTable([{ check: "c", status: "fix", finding: "wrong", fix, command }]);
    expect(table).toBe(`c  FIX   wrong\n         -> ${fix}\n            ${command}\n`);
  });

  it("shows no control character, whatever the finding", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(renderTable([{ check: "c", ...toFix(text, text, ["start-shim", text]) }])).toMatch(
          /^[^\p{Cc}\p{Cf}]*(\n[^\p{Cc}\p{Cf}]*)*$/u,
        );
      }),
    );
  });
});
