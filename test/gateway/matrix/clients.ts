import type { HandshakeOptions } from "../../support/client.ts";

/** A page: its origin, and the gateway build that it belongs to. */
export interface Page {
  readonly origin: string;
  /** Undefined before 2026.9. */
  readonly buildId: string | undefined;
}

/** One of OpenClaw's own clients, with the fields of its connect request. */
export interface MatrixClient {
  readonly name: string;
  readonly connect: (page: Page) => Pick<HandshakeOptions, "client" | "role" | "scopes" | "origin">;
}

const ADMIN = ["operator.admin", "operator.approvals", "operator.pairing"];

/** OpenClaw `GATEWAY_CLIENT_IDS` and `GATEWAY_CLIENT_MODES`. */
export const CLIENTS: readonly MatrixClient[] = [
  { name: "CLI", connect: () => ({ client: { id: "cli", mode: "cli" }, scopes: ADMIN }) },
  {
    name: "backend",
    connect: () => ({ client: { id: "gateway-client", mode: "backend" }, scopes: ["operator.write"] }),
  },
  { name: "node", connect: () => ({ client: { id: "node-host", mode: "node" }, role: "node", scopes: [] }) },
  {
    name: "macOS app",
    connect: () => ({
      client: { id: "openclaw-macos", mode: "ui", platform: "macos 26.0.0", deviceFamily: "Mac" },
      scopes: ADMIN,
    }),
  },
  {
    name: "Control UI",
    connect: ({ origin, buildId }) => ({
      client: {
        id: "openclaw-control-ui",
        mode: "webchat",
        platform: "Linux x86_64",
        ...(buildId === undefined ? {} : { buildId }),
      },
      scopes: ADMIN,
      origin,
    }),
  },
];
