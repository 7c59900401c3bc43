import { openTestShim } from "../../support/shim.ts";
import { comparable } from "./comparable.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openTarget } from "./target.ts";

/**
 * Runs every scenario through a shim in front of a gateway.
 * @param version the version that the gateway reports
 * @returns one line for each outcome that the shim reported: the scenario's name and the `comparable` outcome
 */
export async function outcomeLines(
  gateway: { port: number; token: string },
  version: string,
): Promise<string> {
  const shim = await openTestShim(gateway.port);
  const lines: string[] = [];
  try {
    const target = await openTarget(gateway, shim);
    const names = { version, gatewayPort: gateway.port, origin: target.origin };
    for (const [name, scenario] of Object.entries(SCENARIOS)) {
      await scenario(target);
      for (const outcome of await target.outcomes()) lines.push(`${name}: ${comparable(outcome, names)}`);
    }
    if (shim.outcomes.length !== lines.length) lines.push(`${shim.outcomes.length} outcomes in all`);
  } finally {
    await shim.close();
  }
  return lines.join("\n");
}
