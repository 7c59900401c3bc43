import { writeFileSync } from "node:fs";
import { firstLineOf, FORWARDING_FIELDS, type ProxyProgram } from "./program.ts";

/** HAProxy with one thread, as the shim is one process, and Debian's defaults. */
export const haproxy: ProxyProgram = {
  name: "HAProxy",
  version: firstLineOf("haproxy", "-v"),
  command: ({ listen, gateway, dir }) => {
    const deleted = [...FORWARDING_FIELDS, "Sec-WebSocket-Extensions"].map(
      (field) => `http-request del-header ${field}`,
    );
    const config = `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend shim
  bind 127.0.0.1:${listen} backlog 4096
  http-request set-header Host 127.0.0.1:${gateway}
  http-request del-header x-forwarded- -m beg
  ${deleted.join("\n  ")}
  default_backend gateway
backend gateway
  server gateway 127.0.0.1:${gateway}
`;
    writeFileSync(`${dir}/haproxy.cfg`, config);
    return ["haproxy", "-db", "-f", `${dir}/haproxy.cfg`];
  },
};
