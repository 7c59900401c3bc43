// `npm run releases -- VERSION…`: measures OpenClaw releases on the real gateway, and fails if one behaves differently from
// docs/compatibility.md. With --update it writes that page and the facts that the code reads.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { update: { type: "boolean" } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error(
    "usage: npm run releases -- [--update] VERSION… (releases of test/gateway/releases.ts, or latest)",
  );
  process.exit(2);
}
const { status } = spawnSync("npx", ["vitest", "run", "--project", "gateway", "gateway/compatibility"], {
  env: { ...process.env, OPENCLAW_VERSIONS: positionals.join(), UPDATE: values.update ? "1" : "" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
