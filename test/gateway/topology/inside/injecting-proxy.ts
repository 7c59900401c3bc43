// A proxy in a network namespace: INJECTING_PROXY holds its options. Prints its URL when it listens.
import { startInjectingProxy, type InjectingProxyOptions } from "../../../support/header-injecting-proxy.ts";

const proxy = await startInjectingProxy(
  JSON.parse(process.env["INJECTING_PROXY"] ?? "") as InjectingProxyOptions,
);
process.stdout.write(`${proxy.url}\n`);
