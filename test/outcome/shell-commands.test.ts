import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SHELL_COMMANDS } from "../../src/error-table.ts";
import { SITUATIONS } from "../gateway/printed-commands.ts";

const SRC = join(import.meta.dirname, "../../src");
/** Commands of the service and of a failed start, which are no part of an outcome, a refusal or a finding. */
const SERVICE = /^commands\/(?:service\/|start-failure\.ts$)/;

it("every command of the table is tried on real gateways, in the shells that README.md prepares", () => {
  expect(Object.keys(SITUATIONS)).toEqual(Object.keys(SHELL_COMMANDS));
  const ways = Object.values(SITUATIONS).flatMap((situations) => Object.values(situations));
  expect(ways.every((situation) => situation.ways.length > 0)).toBe(true);
});

it("no other command is in an outcome, a refusal or a finding", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !SERVICE.test(name))
    .map((name) => [name, readFileSync(join(SRC, name), "utf8")] as const);
  const texts = files.filter(([, text]) => /(?:[{,]\s*command: |\bconst command = )["'`]/.test(text));
  expect(texts.map(([name]) => name)).toEqual([]);
});
