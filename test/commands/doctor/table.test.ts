import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toFix, type Finding } from "../../../src/commands/doctor/finding.ts";
import { renderSteps, renderTable } from "../../../src/commands/doctor/report.ts";
import { widthOf, type Display } from "../../../src/text/terminal.ts";

const COMMAND = 'eval "$(openclaw-shim env)"';
const FINDINGS: readonly Finding[] = [
  { check: "gateway", status: "ok", finding: "it responds" },
  { check: "token", status: "ok", finding: "accepted" },
  {
    check: "tools",
    status: "fix",
    finding: "they connect past it",
    fix: "point them at it",
    command: COMMAND,
  },
  { check: "tools", status: "note", finding: "a proxy" },
  { check: "tools", status: "ok", finding: "a path" },
  { check: "pending", status: "unknown", finding: "not visible" },
  { check: "path", status: "fix", finding: "it adds headers", fix: "lead it to the shim" },
];

function on(columns?: number, colors = false): Display {
  return { colors, columns: () => columns };
}

describe("the table", () => {
  it("has check, status and finding in columns, and fix and command below", () => {
    expect(renderTable(FINDINGS, true, on())).toBe(
      [
        "gateway  ok    it responds",
        "token    ok    accepted",
        "tools    FIX   they connect past it",
        "               -> point them at it",
        `                  ${COMMAND}`,
        "         note  a proxy",
        "         ok    a path",
        "pending  ?     not visible",
        "path     FIX   it adds headers",
        "               -> lead it to the shim",
        "",
      ].join("\n"),
    );
  });

  it("has one entry for the checks that found nothing else than what is fine", () => {
    const rows = renderTable(FINDINGS, false, on()).trimEnd().split("\n");
    expect(rows[0]).toBe("tools    FIX   they connect past it");
    expect(rows).toContain("         ok    a path");
    expect(rows.at(-1)).toBe("fine     ok    gateway, token (--all shows more)");
  });

  it("has each finding below its check on a narrow terminal", () => {
    const rows = renderTable(FINDINGS, false, on(24)).trimEnd().split("\n");
    expect(rows).toEqual([
      "FIX   tools",
      "  they connect past it",
      "  -> point them at it",
      COMMAND,
      "note  tools",
      "  a proxy",
      "ok    tools",
      "  a path",
      "?     pending",
      "  not visible",
      "FIX   path",
      "  it adds headers",
      "  -> lead it to the shim",
      "ok    fine",
      "  gateway, token (--all",
      "  shows more)",
    ]);
  });

  it.each([40, 80, 200])("fits into %i columns, breaking no word and no command", (columns) => {
    const long = "x".repeat(columns);
    const command = `openclaw-shim run ${"--allow-host gateway.example ".repeat(10)}--hold 10s`;
    const names = "名前 Ångström e\u0301te\u0301 ".repeat(20);
    const finding = {
      check: "c",
      status: "fix",
      finding: `${names}${long}`,
      fix: `run \`${command}\``,
      command,
    } as const;
    const table = renderTable([finding], false, on(columns)) + renderSteps([finding], on(columns));
    const rows = table.trimEnd().split("\n");
    const tooLong = rows.filter((row) => widthOf(row) > columns).map((row) => row.trim());
    expect(tooLong).toEqual([`\`${command}\``, command, `\`${command}\`:`, command]);
    expect(rows).toContain(long);
    expect(rows.filter((row) => row === command)).toHaveLength(2);
    expect(
      Math.max(...rows.filter((row) => row !== long && !tooLong.includes(row.trim())).map(widthOf)),
    ).toBeGreaterThan(columns - 10);
    expect(table.replaceAll(/\s+/g, " ")).toContain(names);
  });

  it("has colors for the status, outside the padding", () => {
    expect(renderTable(FINDINGS, false, on(80, true))).toContain("tools    \u001B[31mFIX\u001B[39m   they");
  });

  it("shows no control character, whatever the finding", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(
          renderTable([{ check: "c", ...toFix(text, text, ["start-shim", text]) }], true, on(80)),
        ).toMatch(/^[^\p{Cc}\p{Cf}]*(\n[^\p{Cc}\p{Cf}]*)*$/u);
      }),
    );
  });
});

describe("the list of what to do", () => {
  it("repeats each fix with its check, numbered, and its command", () => {
    expect(renderSteps(FINDINGS, on(22))).toBe(
      ["1. tools: point them", "   at it:", COMMAND, "2. path: lead it to", "   the shim", ""].join("\n"),
    );
  });
});
