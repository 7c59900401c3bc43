// A proxy in a network namespace: HOP holds its options. Prints its URL when it listens.
import { startHop, type HopOptions } from "../../../../src/commands/demo/header-injecting-proxy.ts";

const hop = await startHop(JSON.parse(process.env["HOP"] ?? "") as HopOptions);
process.stdout.write(`${hop.url}\n`);
