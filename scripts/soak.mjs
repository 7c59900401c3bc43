// `npm run soak -- [--minutes N]`: clients in the pod of microvm/kubernetes.yaml reconnect while the real gateway and the
// shim restart; default an hour.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
if (!(Number(values.minutes) >= 2)) {
  console.error(`npm run soak: --minutes ${values.minutes}: a number, at least 2`);
  process.exit(2);
}
const env = { ...process.env, SOAK_MINUTES: values.minutes };
const { status } = spawnSync("npx", ["vitest", "run", "--project", "containers", "soak"], {
  stdio: "inherit",
  env,
});
process.exit(status ?? 1);
