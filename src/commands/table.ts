import type { Command } from "./command.ts";

/** Every command; the first one is meant where none is named. */
export const COMMANDS: readonly [Command, ...Command[]] = [
  {
    name: "run",
    summary: "the daemon, in the foreground (default)",
    flags: [],
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "demo",
    summary: "a client refused without the shim, then let in through it",
    flags: [],
    load: async () => {
      const { demo } = await import("./demo.ts");
      return ({ args, stdout }) => demo(args, (text) => void stdout.write(text));
    },
  },
  {
    name: "prepair",
    summary: "before OpenClaw's first start: makes its device a paired one",
    flags: [
      { name: "state-dir", metavar: "DIR", help: "OpenClaw's [~/.openclaw]" },
      { name: "role", metavar: "operator|node", repeatable: true, help: "[operator]" },
      { name: "scope", metavar: "SCOPE", repeatable: true, help: "[the five operator scopes]" },
      { name: "display-name", metavar: "NAME", help: "what operators see" },
      { name: "dry-run", help: "only says what it would do" },
      { name: "json", help: "as JSON" },
    ],
    load: async () => (await import("./prepair.ts")).prepair,
  },
  {
    name: "env",
    summary: "prints what to set so that tools use the shim, for a shell",
    flags: [
      { name: "json", help: "as JSON" },
      { name: "openclaw-config", help: "as a fragment of openclaw.json" },
    ],
    load: async () => (await import("./env.ts")).env,
  },
];
