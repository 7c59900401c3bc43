import { expect, it } from "vitest";
import { checkGateway } from "../../../src/commands/doctor/gateway-checks.ts";
import { finding, gatewayOf } from "./context.ts";

it.each([
  ["2026.9.6", "ok", "OpenClaw 2026.9.6 responds"],
  ["dev", "ok", "a gateway of unknown release responds"],
  ["2026.10.1", "note", "not tested: it is judged as 2026.9.6"],
  ["2026.4.1", "note", "not tested: it is judged as 2026.4.5"],
  ["2026.3.23-1", "note", "not tested: it is judged as 2026.3.23"],
])("doctor names the release %s, and says if it was not tested", async (version, status, words) => {
  const gateway = gatewayOf(version);

  expect(await finding(checkGateway, { gateway })).toMatchObject({
    status,
    finding: expect.stringContaining(words) as string,
  });
});
