import { describe, expect, expectTypeOf, it } from "vitest";
import { resolveOptions, type ShimOptions } from "../../src/settings/options.ts";
import { SETTING_ROWS, type SETTINGS } from "../../src/settings/settings.ts";
import { optionProblems } from "./load.ts";

describe("the library's options", () => {
  it("are the settings without a narrower scope", () => {
    type InTable = Exclude<keyof typeof SETTINGS, "config" | "logLevel" | "logFormat">;
    expectTypeOf<Exclude<keyof ShimOptions, "logger">>().toEqualTypeOf<InTable>();
    const own = SETTING_ROWS.filter(([, setting]) => setting.scope !== undefined);
    expect(own.map(([key]) => key)).toEqual(["logLevel", "logFormat", "config"]);
  });

  it("take durations as numbers of milliseconds, and one item without a list", () => {
    const settings = resolveOptions({
      hold: 250,
      drain: "1s",
      listen: "127.0.0.1:0",
      maxConnections: 7,
      allowRemoteGateway: false,
    });
    expect(settings).toMatchObject({
      hold: 250,
      drain: 1000,
      maxConnections: 7,
      listen: [{ host: "127.0.0.1", port: 0 }],
    });
  });

  it("treat undefined as left out", () => {
    expect(resolveOptions({ hold: undefined } as object)).toEqual(resolveOptions({}));
  });

  it.each([
    [{ hold: -1 }, /^hold: "-1ms" is not a duration/],
    [{ hold: Number.NaN }, /^hold: "NaN" is not a duration/],
    [{ listen: [] }, /^listen: the list is empty/],
    [{ gateway: "" }, /^gateway: the value is empty; give a value or leave the setting out/],
    [{ maxconnections: 7 }, /^maxconnections: no such setting; did you mean maxConnections\?/],
    [{ logLevel: "info" }, /^logLevel: no such setting/],
    [{ config: "x" }, /^config: no such setting/],
    [{ tokenFile: { path: "x" } }, /^tokenFile: a value of type object is not a text \(FILE\)/],
  ])("refuse %j", async (options, problem) => {
    const found = await optionProblems(options as object);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(problem);
  });

  it("do not read the environment", () => {
    process.env["OPENCLAW_SHIM_HOLD"] = "1s";
    process.env["OPENCLAW_GATEWAY_PORT"] = "5";
    try {
      expect(resolveOptions({})).toMatchObject({ hold: 10_000, gateway: { port: 18_789 } });
    } finally {
      delete process.env["OPENCLAW_SHIM_HOLD"];
      delete process.env["OPENCLAW_GATEWAY_PORT"];
    }
  });
});
