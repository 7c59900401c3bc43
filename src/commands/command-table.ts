import type { Command } from "./command.ts";

/** Every command; the first one is meant where none is named. */
export const COMMANDS: readonly [Command, ...Command[]] = [
  {
    name: "run",
    summary: "the daemon, in the foreground (default)",
    detail: [
      "It listens, forwards to the gateway, and logs one line for each pairing outcome, until SIGTERM or SIGINT.",
      "A second signal ends it at once.",
    ],
    flags: [],
    example: "openclaw-shim run --listen 127.0.0.1:18789 --gateway ws://127.0.0.1:18787",
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "demo",
    summary: "a client refused without the shim, then let in through it",
    detail: ["Needs no gateway and no network, changes nothing, and ends by itself within seconds."],
    flags: [],
    withoutSettings: true,
    load: async () => {
      const { demo } = await import("./demo/demo-command.ts");
      return ({ args, stdout, program }) => demo(args, (text) => void stdout.write(text), program);
    },
  },
  {
    name: "doctor",
    summary: "says whether a tool would be local, and if not, why",
    detail: [
      "Connects to the gateway itself, through the shim at --listen (or one of its own where none runs), and along",
      "the way of the tools; reads OpenClaw's config and store; removes its test devices. Changes nothing else.",
    ],
    flags: [
      { name: "via", metavar: "URL", repeatable: true, help: "a way that tools take, to see what it adds" },
      { name: "json", help: "as JSON" },
    ],
    example: "openclaw-shim doctor --via ws://127.0.0.1:3000",
    load: async () => (await import("./doctor/doctor-command.ts")).doctor,
  },
  {
    name: "pre-pair",
    summary: "before OpenClaw's first start: makes its device a paired one",
    detail: [
      "Writes the device identity and an approved entry into OpenClaw's state directory, and removes what is",
      "pending for that device. Refuses while a gateway uses the directory. Never prints a key or a token.",
    ],
    flags: [
      { name: "state-dir", metavar: "DIR", help: "OpenClaw's [~/.openclaw]" },
      { name: "role", metavar: "operator|node", repeatable: true, help: "[operator]" },
      { name: "scope", metavar: "SCOPE", repeatable: true, help: "[the five operator scopes]" },
      { name: "display-name", metavar: "NAME", help: "what operators see" },
      { name: "dry-run", help: "only says what it would do" },
      { name: "json", help: "as JSON" },
    ],
    example: "openclaw-shim pre-pair --scope operator.read --scope operator.write --dry-run",
    load: async () => (await import("./pre-pair/pre-pair-command.ts")).runPrePair,
  },
  {
    name: "install",
    summary: "as a service that starts by itself (systemd, launchd)",
    detail: [
      "Settings given here go into an environment file that only their owner can read, never a token.",
      "Run it again to upgrade.",
    ],
    flags: [
      { name: "system", help: "the machine's, not the user's" },
      { name: "root", metavar: "DIR", help: "into an image that does not run" },
      { name: "node", metavar: "PATH", help: "the Node that runs it [this one]" },
      { name: "dry-run", help: "only says what it would do" },
    ],
    example: "openclaw-shim install --system --gateway ws://127.0.0.1:18787",
    load: async () => (await import("./service/install-command.ts")).install,
  },
  {
    name: "uninstall",
    summary: "removes the service and its settings",
    detail: ["The gateway and its devices stay as they are."],
    flags: [
      { name: "system", help: "the machine's, not the user's" },
      { name: "root", metavar: "DIR", help: "out of an image that does not run" },
      { name: "dry-run", help: "only says what it would do" },
    ],
    withoutSettings: true,
    load: async () => (await import("./service/install-command.ts")).uninstall,
  },
  {
    name: "status",
    summary: "the service, the gateway and the last outcomes",
    detail: [
      "Without a service it asks the shim at --listen HOST:PORT, or at the default address.",
      "Exit 0 where a shim runs, as a service or not, and reaches the gateway; else 1.",
    ],
    flags: [
      { name: "system", help: "the machine's, not the user's" },
      { name: "json", help: "as JSON" },
    ],
    withoutSettings: true,
    load: async () => (await import("./service/status-command.ts")).status,
  },
  {
    name: "env",
    summary: "prints what to set so that tools use the shim, for a shell",
    detail: ["Never prints a token."],
    flags: [
      { name: "json", help: "as JSON" },
      { name: "openclaw-config", help: "as a fragment of openclaw.json" },
    ],
    example: 'eval "$(openclaw-shim env)"',
    load: async () => (await import("./env.ts")).env,
  },
];
