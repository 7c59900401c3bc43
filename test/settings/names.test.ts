import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { readArguments } from "../../src/settings/arguments.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { optionProblems, problems } from "./load.ts";

describe("unknown names", () => {
  it("are refused, with a hint if a known name is close", async () => {
    expect(
      await problems(["--holdd", "5s", "--max_connection=3", "--frobnicate", "-x"], {
        OPENCLAW_SHIM_HODL: "5s",
      }),
    ).toEqual([
      "--holdd: no such setting; did you mean --hold?",
      "--max_connection: no such setting; did you mean --max-connections?",
      "--frobnicate: no such setting; openclaw-shim --help lists them",
      "-x: no such setting; openclaw-shim --help lists them",
      "OPENCLAW_SHIM_HODL: no such setting; openclaw-shim --help lists them",
    ]);
  });

  it.each([
    ["--port", "the shim's own port is --listen PORT, the gateway's is in --gateway ws://127.0.0.1:PORT"],
    ["--url", "the gateway's URL is --gateway URL; doctor also takes --via URL, for one that tools use"],
    ["--verbose", "write --log-level debug"],
    ["--fix", "doctor changes nothing; run the commands that it prints"],
    ["--user", "a service is the user's unless you give --system"],
  ])("of OpenClaw's command line get a hint: %s", async (flag, fix) => {
    expect(await problems([flag, "18788"])).toEqual([`${flag}: no such setting; ${fix}`]);
    const name = flag.slice(2).toUpperCase();
    expect(await problems([], { [`OPENCLAW_SHIM_${name}`]: "18788" })).toEqual([
      `OPENCLAW_SHIM_${name}: no such setting; ${fix}`,
    ]);
  });

  it("do not include variables of other programs", async () => {
    expect(await problems([], { OPENCLAW_SHIMMER: "1", OPENCLAW_PROFILE: "x" })).toEqual([]);
  });

  it.each(["--token", "--password", "--gateway-token", "--auth-token"])(
    "that ask for a secret are refused: %s",
    async (flag) => {
      for (const args of [[flag, "sekrit"], [`${flag}=sekrit`]]) {
        expect(await problems(args)).toEqual([
          `${flag}: a secret is never a setting; use --token-file FILE or OPENCLAW_GATEWAY_TOKEN`,
        ]);
      }
    },
  );

  it("that ask for a secret are refused in environment and library, too", async () => {
    const fix = "a secret is never a setting; use --token-file FILE or OPENCLAW_GATEWAY_TOKEN";
    expect(await problems([], { OPENCLAW_SHIM_TOKEN: "sekrit" })).toEqual([`OPENCLAW_SHIM_TOKEN: ${fix}`]);
    expect(await optionProblems({ token: "sekrit" } as object)).toEqual([`token: ${fix}`]);
  });

  it("are printed without characters that could forge a line", async () => {
    expect((await problems(["--a\n\u001B[2Jfake"]))[0]).toMatch(/^--a\?\?\[2Jfake: no such setting/);
  });
});

describe("flags", () => {
  it.each([
    [["--hold"], "--hold: needs a value; write --hold DURATION"],
    [["--hold", "--drain=1s"], "--hold: needs a value; write --hold DURATION"],
    [["--listen"], "--listen: needs a value; write --listen [HOST:]PORT"],
    [
      ["--hold", "-1s"],
      '--hold: "-1s" is not a duration; write a number and a unit, such as 500ms, 10s or 2m, at most 10m',
    ],
    [["--hold="], "--hold: the value is empty; give a value or leave the setting out"],
    [["--hold", ""], "--hold: the value is empty; give a value or leave the setting out"],
    [["--allow-remote-gateway=true"], "--allow-remote-gateway: takes no value"],
    [["--hold", "1s", "--hold", "2s"], "--hold: given more than once; give it once"],
    [["--approve=off", "--approve=seen"], "--approve: given more than once; give it once"],
    [["18789"], '"18789": unexpected; settings are flags, such as --listen'],
    [["--", "x"], '"x": unexpected; settings are flags, such as --listen'],
  ])("%j", async (args, problem) => {
    expect(await problems(args)).toEqual([problem]);
  });
});

describe("environment", () => {
  it.each([
    [
      { OPENCLAW_SHIM_HOLD: "" },
      "OPENCLAW_SHIM_HOLD: the value is empty; give a value or leave the setting out",
    ],
    [
      { OPENCLAW_SHIM_ALLOW_HOST: "a,,b" },
      "OPENCLAW_SHIM_ALLOW_HOST: an item of the list is empty; give a value or leave the setting out",
    ],
  ])("%j", async (env, problem) => {
    expect(await problems([], env)).toEqual([problem]);
  });
});

describe("problems", () => {
  it("are reported together, each under the name that the user wrote", async () => {
    const env = { OPENCLAW_SHIM_DRAIN: "never" };
    const found = await problems(["--hold", "soon", "--listen", "x", "--gateway", "y"], env);
    const names = new Set(found.map((line) => line.split(":")[0]));
    expect(names).toEqual(new Set(["--gateway", "--hold", "--listen", "OPENCLAW_SHIM_DRAIN"]));
    expect(found).toHaveLength(4);
  });

  it("show values shortened and printable", async () => {
    const [problem = ""] = await problems(["--hold", `1\r\n\u202E${"x".repeat(10_000)}`]);
    expect(problem.length).toBeLessThan(250);
    expect(problem).toMatch(/^[\x20-\x7E…]+$/);
  });

  it("are data, with the value redacted", async () => {
    const { given } = readArguments(["--hold", "soon", "--gateway", "ws://user:sekrit@127.0.0.1:1"], {});
    let caught: unknown;
    try {
      await loadSettings({ given, env: { HOME: "/nonexistent" } });
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({
      problems: [
        { setting: "--gateway", value: "ws://…@127.0.0.1:1", problem: expect.stringContaining("password") },
        {
          setting: "--hold",
          value: "soon",
          problem: "is not a duration",
          fix: "write a number and a unit, such as 500ms, 10s or 2m, at most 10m",
        },
      ],
    });
    expect(inspect(caught)).not.toContain("sekrit");
  });
});
