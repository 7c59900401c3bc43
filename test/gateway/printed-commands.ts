import type { SHELL_COMMANDS } from "../../src/error-table.ts";
import type { Finding } from "../../src/commands/doctor/finding.ts";
import { createDevice } from "../../src/openclaw/device.ts";
import type { Outcome } from "../../src/outcome/outcome.ts";
import type { HandshakeOptions, HandshakeResult } from "../support/client.ts";

/** The name of a command in the table. */
export type CommandName = keyof typeof SHELL_COMMANDS;

/** How README.md points tools at the shim. */
export type Way = "port" | "url" | "remote" | "flags";

/** A user's shell, beside a shim and a proxy that leads past it and adds headers. */
export interface Shell {
  /** Connects through the shim, or past it. */
  connect(options: Partial<HandshakeOptions>, through?: "proxy"): Promise<HandshakeResult>;
  /** Runs the CLI in this shell. Returns true if it could do its work. */
  runsCli(): Promise<boolean>;
  /** Has the CLI refused at the proxy, with a new device if the release stores it in a file. */
  refuseCli(): Promise<void>;
  /** Points this shell at the proxy, as its way of pointing tools says, or with a URL alone. */
  leadPastShim(by?: "url alone"): Promise<void>;
  /** Returns the outcome of the last connection through the shim. */
  lastOutcome(): Promise<Outcome>;
  /** Runs doctor in this shell. Returns what a check found. */
  doctor(check: string, ...args: readonly string[]): Promise<Finding | undefined>;
  /** Runs a printed command in this shell until it ends. @throws Error with its output if it fails, or is another one */
  paste(name: CommandName, command: string | undefined): Promise<void>;
  /** Runs a printed command; resolves when a shim listens. */
  pasteAndWait(name: CommandName, command: string | undefined): Promise<void>;
  /** Calls `attempt` until it returns true. @throws Error after the time that a gateway needs to restart */
  afterRestart(attempt: () => Promise<boolean>): Promise<void>;
}

/** One refusal, and what a user does about it. */
export interface Situation {
  readonly ways: readonly Way[];
  /** The releases that refuse; by default all. */
  readonly on?: RegExp;
  /** Merged into `gateway` in openclaw.json. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** True if no shim runs yet. */
  readonly withoutShim?: boolean;
  /** Brings about the refusal, and follows the advice. Returns true if the client is connected then. */
  follow(shell: Shell): Promise<boolean>;
}

const ALL: readonly Way[] = ["port", "url", "remote", "flags"];
const HAS_GATEWAYS_CONFIG = ALL.filter((way) => way !== "remote");
const READ = { scopes: ["operator.read"] };
const ADMIN = { scopes: ["operator.admin"] };
const NODE: Partial<HandshakeOptions> = {
  role: "node",
  scopes: [],
  client: { id: "node-host", mode: "node", platform: "linux" },
  amend: (params) => ({ ...params, caps: ["system"], commands: ["system.run"] }),
  keepOpen: true,
};

/** Connects the device as the printed commands of its outcomes say. Returns true if it is connected. */
async function approved(shell: Shell, options: Partial<HandshakeOptions>): Promise<boolean> {
  if ((await shell.connect(options)).ok) return true;
  await shell.paste("approve-device", (await shell.lastOutcome()).command);
  return (await shell.connect(options)).ok;
}

/** Points the shell at the proxy, where the CLI is refused, and runs the command that doctor prints about it. */
async function pointAtShim(shell: Shell, name: CommandName, by?: "url alone"): Promise<boolean> {
  await shell.refuseCli();
  await shell.leadPastShim(by);
  await shell.paste(name, (await shell.doctor("tools"))?.command);
  // The refusal may have left a stale request.
  if (!(await shell.runsCli())) await shell.paste("approve-device", (await shell.lastOutcome()).command);
  return (await shell.runsCli()) && (await shell.lastOutcome()).outcome === "connected";
}

/** Runs the command that doctor prints about openclaw.json, and waits for the gateway. */
async function afterConfig(shell: Shell, name: CommandName, check: string): Promise<boolean> {
  const options = { device: createDevice() };
  const { ok } = await shell.connect(options);
  await shell.paste(name, (await shell.doctor(check))?.command);
  await shell.afterRestart(() => approved(shell, options));
  return !ok;
}

/** Every command of the table, with the refusals that it fixes. */
export const SITUATIONS: Readonly<Record<CommandName, Readonly<Record<string, Situation>>>> = {
  "approve-device": {
    "a stale request of another client": {
      ways: ALL,
      async follow(shell) {
        const options = { device: createDevice() };
        await shell.connect(options, "proxy");
        const before = (await shell.connect(options)).ok;
        return !before && (await approved(shell, options));
      },
    },
    "a stale request of the CLI itself": {
      ways: ALL,
      on: /^2026\.[2-7]\./,
      async follow(shell) {
        await shell.refuseCli();
        if (await shell.runsCli()) return false;
        const { command } = await shell.lastOutcome();
        await shell.paste("approve-device", command);
        return shell.runsCli();
      },
    },
    "a request that doctor found": {
      ways: ALL,
      async follow(shell) {
        const options = { device: createDevice() };
        await shell.connect(options, "proxy");
        await shell.paste("approve-device", (await shell.doctor("pending"))?.command);
        return (await shell.connect(options)).ok;
      },
    },
    "another role than approved": {
      ways: ALL,
      async follow(shell) {
        const device = createDevice();
        const { ok } = await shell.connect({ device });
        const node = { ...NODE, keepOpen: false, device };
        const refused = !(await shell.connect(node)).ok;
        return ok && refused && (await approved(shell, node));
      },
    },
    "another platform than approved, in a page": {
      ways: ALL,
      on: /^2026\.9\./,
      async follow(shell) {
        const device = createDevice();
        const page = { device, origin: "http://127.0.0.1:1" };
        const { ok } = await shell.connect({ device, client: { platform: "linux" } });
        const moved = { ...page, client: { platform: "darwin" } };
        const refused = !(await shell.connect(moved)).ok;
        return ok && refused && (await approved(shell, moved));
      },
    },
    "more scopes than approved": {
      ways: ALL,
      on: /^2026\.(?:2|4)\./,
      async follow(shell) {
        const device = createDevice();
        const { ok } = await shell.connect({ device, ...READ });
        const refused = !(await shell.connect({ device, ...ADMIN })).ok;
        return ok && refused && (await approved(shell, { device, ...ADMIN }));
      },
    },
  },
  "approve-node": {
    "the commands of a node": {
      ways: ALL,
      on: /^2026\.9\./,
      // A gateway of its own: on the shared one other tests leave requests, which doctor names, too.
      config: {},
      async follow(shell) {
        const node = await shell.connect({ ...NODE, device: createDevice() });
        if (!node.ok) return false;
        await shell.paste("approve-node", (await shell.doctor("pending"))?.command);
        const after = await shell.doctor("pending");
        await node.session?.close();
        return after === undefined;
      },
    },
  },
  "untrust-proxies": {
    "gateway.trustedProxies covers loopback": {
      ways: HAS_GATEWAYS_CONFIG,
      on: /^2026\.[23]\./,
      config: { trustedProxies: ["127.0.0.1/32"] },
      follow: (shell) => afterConfig(shell, "untrust-proxies", "trustedProxies"),
    },
  },
  "approve-local": {
    "autoApproveLocal is false": {
      ways: HAS_GATEWAYS_CONFIG,
      on: /^2026\.9\./,
      config: { nodes: { pairing: { autoApproveLocal: false } } },
      follow: (shell) => afterConfig(shell, "approve-local", "autoApproveLocal"),
    },
  },
  "start-shim": {
    "no shim runs": {
      ways: ALL,
      withoutShim: true,
      async follow(shell) {
        if (await shell.runsCli()) return false;
        await shell.pasteAndWait("start-shim", (await shell.doctor("shim"))?.command);
        return shell.runsCli();
      },
    },
  },
  "set-port": {
    "the port leads past the shim": { ways: ["port"], follow: (shell) => pointAtShim(shell, "set-port") },
  },
  "unset-url": {
    "a URL leads past the shim, without a token": {
      ways: ["port"],
      follow: (shell) => pointAtShim(shell, "unset-url", "url alone"),
    },
  },
  "set-url": {
    "the URL leads past the shim": { ways: ["url"], follow: (shell) => pointAtShim(shell, "set-url") },
  },
  "set-remote-url": {
    "gateway.remote.url leads past the shim": {
      ways: ["remote"],
      follow: (shell) => pointAtShim(shell, "set-remote-url"),
    },
  },
};
