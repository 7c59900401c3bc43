// Starts a header-injecting proxy with the options in INJECTING_PROXY (JSON). Prints its URL.
import { startInjectingProxy, type InjectingProxyOptions } from "../../../support/header-injecting-proxy.ts";

const proxy = await startInjectingProxy(
  JSON.parse(process.env["INJECTING_PROXY"] ?? "") as InjectingProxyOptions,
);
process.stdout.write(`${proxy.url}\n`);
