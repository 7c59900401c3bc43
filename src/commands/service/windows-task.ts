import { join } from "node:path";
import { parseEnv } from "node:util";
import { IDENTITY_FILE } from "../../approve/state-files.ts";
import { loadSettings } from "../../settings/load.ts";
import { lastStderrLine, removal, runCommand, type Operation } from "./operations.ts";
import { exists, pending, readText } from "./service-root.ts";
import { invalid, NAME, xml, type ServiceProgram, type User } from "./service-settings.ts";
import { findRunning } from "./stop-pipe.ts";

type TaskScope = ReturnType<typeof taskScope>;

/** Files that the running shim writes, in the folder of its program. */
export const TASK_FILES = { control: "control", log: `${NAME}.log` } as const;
/** From a request to stop until the process has ended, beyond the drain. */
const STOP_MARGIN_MS = 10_000;
const RESTART_MS = 5_000;

/** Makes the service of a user's Scheduled Task on Windows. */
export function taskService(user: User) {
  const scope = taskScope(user);
  return {
    scope,
    // schtasks reports its own failures.
    check: () => Promise.resolve(),
    planInstall: (program: ServiceProgram) => planInstall(scope, program),
    planUninstall: () => planUninstall(scope),
    state: () => taskState(scope),
    stopCommand: () => Promise.resolve(`${NAME} uninstall`),
  };
}

/** %LOCALAPPDATA% is not synchronized to other machines, and can be read by its user, administrators and the system. */
function taskScope({ env, home }: User) {
  const variable = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw invalid(name, "is not set", "log in, and run it there");
  };
  const [domain, user] = [variable("USERDOMAIN"), variable("USERNAME")];
  const system = join(variable("SystemRoot"), "System32");
  const folder = join(variable("LOCALAPPDATA"), NAME);
  const log = join(folder, TASK_FILES.log);
  return {
    // Every path has its drive.
    root: "",
    offline: false,
    system: false,
    uid: undefined,
    env,
    home,
    bundle: join(folder, `${NAME}.mjs`),
    environment: join(folder, "environment"),
    identity: join(folder, IDENTITY_FILE),
    launcher: join(folder, "launcher.js"),
    definition: join(folder, "task.xml"),
    control: join(folder, TASK_FILES.control),
    log,
    dropIns: undefined,
    account: `${domain}\\${user}`,
    // Names of tasks are the machine's, not the user's.
    task: `${NAME}-${domain}-${user}`,
    schtasks: join(system, "schtasks.exe"),
    wscript: join(system, "wscript.exe"),
    // In cmd.exe and in PowerShell.
    logCommand: `type "${log}"`,
  };
}

async function planInstall(scope: TaskScope, { node, files }: ServiceProgram): Promise<Operation[]> {
  const { root, launcher, definition, task } = scope;
  const changes = pending(root, [
    ...files,
    { kind: "write", path: launcher, mode: 0o600, content: renderLauncher(scope, node) },
    { kind: "write", path: definition, mode: 0o600, content: renderTask(scope), encoding: "utf16le" },
  ]);
  const { isRegistered, pid } = await findTask(scope);
  if (isRegistered && pid !== undefined && changes.length === 0) return [];
  return [
    ...(isRegistered || pid !== undefined ? await stop(scope) : []),
    ...changes,
    schtasks(scope, "/create", "/f", "/tn", task, "/xml", definition),
    schtasks(scope, "/run", "/tn", task),
  ];
}

async function planUninstall(scope: TaskScope): Promise<Operation[]> {
  const { root, bundle, environment, identity, launcher, definition, control, log } = scope;
  const { isRegistered, pid } = await findTask(scope);
  const files = [definition, launcher, environment, bundle, identity, control, log, `${log}.1`];
  return [...(isRegistered || pid !== undefined ? await stop(scope) : []), ...removal(root, files)];
}

/** Ends the shim, its launcher, which may be waiting to restart it, and the task. */
async function stop(scope: TaskScope): Promise<Operation[]> {
  const { control, task } = scope;
  // A later change of the file may be invalid: the running shim has not read it.
  const drain = await readSettings(scope)
    .then((settings) => settings.drain)
    .catch(() => 0);
  return [
    { kind: "stop", control, ms: drain + STOP_MARGIN_MS },
    { ...schtasks(scope, "/end", "/tn", task), mayFail: true },
    // Not only replaced: an instance that has not ended yet would keep the new task from running (IgnoreNew).
    { ...schtasks(scope, "/delete", "/f", "/tn", task), mayFail: true },
  ];
}

async function taskState(scope: TaskScope) {
  const { root, task, log } = scope;
  const { isRegistered, pid } = await findTask(scope);
  const text = readText(root, log) ?? "";
  const sinceStart = text.slice(Math.max(0, text.lastIndexOf('"event":"listening"')));
  return {
    name: task,
    system: false,
    installed: isRegistered,
    running: pid !== undefined,
    state: pid === undefined ? "not running" : "running",
    lastError: pid === undefined ? lastStderrLine(sinceStart) : undefined,
    socket: undefined,
    enabled: undefined,
    pid,
    listen: (await readSettings(scope)).listen,
  };
}

/** The output of schtasks is in the user's language, so only its exit code counts. */
async function findTask({ root, definition, control, schtasks: program, task, env }: TaskScope) {
  const isRegistered =
    exists(root, definition) && (await runCommand([program, "/query", "/tn", task], env)).code === 0;
  return { isRegistered, pid: await findRunning(control) };
}

function readSettings({ root, environment, home }: TaskScope) {
  return loadSettings({ env: { ...parseEnv(readText(root, environment) ?? ""), HOME: home } });
}

function schtasks({ schtasks: program }: TaskScope, ...args: string[]) {
  return { kind: "run", argv: [program, ...args] } as const;
}

/**
 * Renders the task (Task Scheduler Schema 1.2). schtasks has no flags for most of this. A trigger for one user needs no
 * administrator. The default priority is 7, below normal. RestartOnFailure is for a launcher that cannot be started: an
 * exit code restarts nothing ([MS-TSCH] 2.5.4.2).
 *
 * @throws SettingsError if XML cannot hold a path
 */
function renderTask({ account, wscript, launcher }: TaskScope): string {
  const user = xml(account);
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Makes OpenClaw's tools local clients of the gateway (openclaw-shim)</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <UserId>${user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${xml(withoutVariables(wscript))}</Command>
      <Arguments>//B //NoLogo //E:JScript "${xml(withoutVariables(launcher))}"</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}

/**
 * Renders the program of the task: it starts Node without a window, and again after a crash. conhost --headless would
 * need no file, but is undocumented, and hides the exit code (microsoft/terminal#17178). //E names the language because
 * .js may belong to an editor. The file is ASCII, which wscript.exe reads alike in every code page.
 */
function renderLauncher({ environment, bundle }: TaskScope, node: string): string {
  const words = [node, `--env-file=${environment}`, bundle].map((word) => `"${withoutVariables(word)}"`);
  const command = JSON.stringify([...words, "run-task"].join(" ")).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `// Written by openclaw-shim install, for its Scheduled Task.
var shell = new ActiveXObject("WScript.Shell");
for (;;) {
  var code = shell.Run(${command}, 0, true);
  // 0: it was stopped. 2: its settings are wrong.
  if (code === 0 || code === 2) WScript.Quit(code);
  WScript.Sleep(${RESTART_MS});
}
`;
}

/** Task Scheduler and WshShell.Run replace %NAME%, and have no escape. */
function withoutVariables(path: string): string {
  if (!path.includes("%")) return path;
  throw invalid(path, "contains %, which Windows takes for a variable", "use a path without it");
}
