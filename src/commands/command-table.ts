import {
  command,
  DOCTOR_FLAGS,
  ENV_FLAGS,
  INSTALL_FLAGS,
  PRE_PAIR_FLAGS,
  splitOperands,
  STATUS_FLAGS,
  UNINSTALL_FLAGS,
  type Command,
} from "../cli/command.ts";
import { evaluated } from "../cli/program.ts";
import { SettingsError, shownValue } from "../settings/settings-error.ts";
import { closest } from "../text/closest.ts";
import { VERSION } from "../version.ts";

/** Every command; the first is the default. */
export const COMMANDS: readonly [Command, ...Command[]] = [
  command({
    name: "run",
    summary: "runs the proxy in the foreground (default)",
    detail: [
      "Listens, forwards to the gateway, and logs one line for each pairing outcome, until SIGTERM, SIGINT, or the",
      "end of its terminal (not under nohup). A second signal ends it at once.",
    ],
    flags: {},
    example: "openclaw-shim run --listen 127.0.0.1:18789 --gateway ws://127.0.0.1:18787",
    load: async () => (await import("./run.ts")).run,
  }),
  command({
    name: "exec",
    summary: "runs a command through a shim of its own, which ends with it",
    detail: [
      "Listens on a free port of 127.0.0.1, waits for the gateway as long as --hold says, and sets what OpenClaw's",
      "tools need: OPENCLAW_GATEWAY_PORT, or also _URL and _TOKEN. Below the command's output it prints what to do",
      "about a refused connection; with --log-level it logs on stderr.",
    ],
    flags: {},
    operands: "-- COMMAND ARG...",
    example: "openclaw-shim exec -- openclaw cron list",
    exit: "the command's, 128 + N if signal N ended it; 125 shim not started, 126 not executable, 127 not found",
    load: async () => (await import("./exec.ts")).exec,
  }),
  command({
    name: "demo",
    summary: "shows a client refused without the shim and connected through it",
    detail: ["Needs no gateway and no network, changes nothing, and ends within seconds."],
    flags: {},
    withoutSettings: true,
    load: async () => {
      const { demo } = await import("./demo/demo-command.ts");
      return ({ stdout, program }) => demo((text) => void stdout.write(text), program);
    },
  }),
  command({
    name: "doctor",
    summary: "reports whether a tool would be local, and if not, why",
    detail: [
      "Connects to the gateway directly, through the shim at --listen (or its own shim if none runs), and on the",
      "paths of the tools. Reads OpenClaw's config and store. Removes its test devices; changes nothing else.",
    ],
    flags: DOCTOR_FLAGS,
    example: "openclaw-shim doctor --via ws://127.0.0.1:3000",
    load: async () => (await import("./doctor/doctor-command.ts")).doctor,
  }),
  command({
    name: "pre-pair",
    summary: "before OpenClaw's first start: pairs its device in advance",
    detail: [
      "Writes the device identity and an approved entry into OpenClaw's state directory, and removes the pending",
      "requests of that device. Refuses while a gateway uses the directory. Never prints a key or a token.",
    ],
    flags: PRE_PAIR_FLAGS,
    example: "openclaw-shim pre-pair --scope operator.read --scope operator.write --dry-run",
    load: async () => (await import("./pre-pair/pre-pair-command.ts")).runPrePair,
  }),
  command({
    name: "install",
    summary: "installs a service (systemd, launchd, Windows Task Scheduler)",
    detail: [
      "Settings given here go into an environment file that only their owner can read, never a token.",
      "Run it again to upgrade.",
    ],
    flags: INSTALL_FLAGS,
    example: "openclaw-shim install --system --gateway ws://127.0.0.1:18787",
    load: async () => (await import("./service/install-command.ts")).install,
  }),
  command({
    name: "uninstall",
    summary: "removes the service and its settings",
    detail: ["Does not change the gateway or its devices."],
    flags: UNINSTALL_FLAGS,
    withoutSettings: true,
    load: async () => (await import("./service/install-command.ts")).uninstall,
  }),
  command({
    name: "status",
    summary: "prints the service, the gateway and the last outcomes",
    detail: [
      "Without a service it queries the shim at --listen HOST:PORT, or at the default address.",
      "Exit 0 if a shim runs, as a service or not, and reaches the gateway; else 1.",
    ],
    flags: STATUS_FLAGS,
    withoutSettings: true,
    load: async () => (await import("./service/status-command.ts")).status,
  }),
  command({
    name: "env",
    summary: "prints what to set so that tools use the shim, for a shell",
    detail: ["Never prints a token."],
    flags: ENV_FLAGS,
    example: evaluated("openclaw-shim env"),
    load: async () => (await import("./env.ts")).env,
  }),
  {
    name: "completion",
    summary: "prints a completion script for bash, zsh or fish",
    detail: ["The first lines of the script say where to put it."],
    flags: {},
    operands: "bash|zsh|fish",
    withoutSettings: true,
    example: 'eval "$(openclaw-shim completion bash)"',
    load: async () => (await import("./completion.ts")).printCompletion(COMMANDS),
  },
];

/** What a Scheduled Task of Windows runs; not for people, so no list of commands has it. */
const RUN_TASK = command({
  name: "run-task",
  summary: "",
  detail: [],
  flags: {},
  load: async () => (await import("./run-task.ts")).runTask,
});

/**
 * Finds the command of a command line; the first one if it is empty or starts with a flag.
 *
 * @param argv without node and the script
 * @returns the command and its arguments; or the text to print, for `--help` and `--version`
 * @throws SettingsError if there is no such command
 */
export async function findCommand(
  argv: readonly string[],
): Promise<{ readonly command: Command; readonly args: readonly string[] } | { readonly text: string }> {
  const [name, ...rest] = argv;
  // What follows `--` is for another program.
  const [own] = splitOperands(argv);
  if (name === "help" && rest.length <= 1) return { text: await helpFor(rest[0]) };
  if (own.includes("--help") || own.includes("-h")) return { text: await helpFor(name) };
  if (own.includes("--version") || (argv.length === 1 && (name === "version" || name === "-v"))) {
    return { text: `${VERSION}\n` };
  }
  if (name === undefined || name.startsWith("-")) return { command: COMMANDS[0], args: argv };
  return { command: commandNamed(name), args: rest };
}

async function helpFor(name: string | undefined): Promise<string> {
  const { commandHelp, helpText } = await import("./help.ts");
  return name === undefined || name.startsWith("-") ? helpText(COMMANDS) : commandHelp(commandNamed(name));
}

function commandNamed(name: string): Command {
  const found = [...COMMANDS, RUN_TASK].find((candidate) => candidate.name === name);
  if (found) return found;
  const names = COMMANDS.map((candidate) => candidate.name);
  const meant = closest(name, names);
  const fix = meant === undefined ? `write one of ${names.join(", ")}` : `did you mean ${meant}?`;
  throw new SettingsError({ setting: `"${shownValue(name)}"`, problem: "no such command", fix });
}
