import type { Socket } from "node:net";
import { connect, TLSSocket } from "node:tls";
import type { ConnectFailure } from "../errors.ts";
import type { GatewayAddress } from "../settings/settings.ts";
import type { Connector } from "./dial.ts";

/** Creates the connector for a `wss://` gateway. A pinned certificate replaces the chain: OpenClaw's is self-signed. */
export function tlsConnector({ host, port, fingerprint }: GatewayAddress): Connector {
  return {
    readyEvent: "secureConnect",
    open: () =>
      connect({
        host,
        port,
        // RFC 6066 section 3: SNI carries no IP literal; a name is sent so that a shared TLS port can respond.
        ...(/[a-z]/i.test(host) && !host.includes(":") && { servername: host }),
        // With a fingerprint `verify` checks the certificate before the socket is used.
        rejectUnauthorized: fingerprint === undefined,
        ALPNProtocols: ["http/1.1"],
      }),
    verify: (socket) => (fingerprint === undefined ? undefined : checkFingerprint(socket, fingerprint)),
  };
}

function checkFingerprint(socket: Socket, expected: string): ConnectFailure | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const actual = certificate?.fingerprint256.replaceAll(":", "").toLowerCase();
  if (actual === expected) return undefined;
  const message = `the gateway's certificate is sha256:${actual ?? "none"}, not the pinned sha256:${expected}`;
  return { code: "CERT_FINGERPRINT_MISMATCH", message };
}
