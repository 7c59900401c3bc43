// Runs instead of the service, in its sandbox, and tries what the sandbox must prevent. Prints the results as one
// line of JSON: the system's error code, or "ok" if it succeeded.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { setPriority } from "node:os";

/** An address of the machine that is not loopback (sandbox.test.ts gives it to the interface lo). */
const OTHER_ADDRESS = "10.99.0.1";
const CONNECT_MS = 1_500;
/** x86-64. */
const SYSCALLS = {
  syslog: 103,
  personality: 135,
  sched_setscheduler: 144,
  mount: 165,
  sethostname: 170,
  clock_settime: 227,
  unshare: 272,
};
const CLONE_NEWUTS = 0x0400_0000;
const PER_LINUX32 = 8;
const AF_NETLINK = 16;
const AF_INET = 2;

function attempt(action: () => unknown): string {
  try {
    action();
    return "ok";
  } catch (error) {
    const { code, info } = error as NodeJS.ErrnoException & { readonly info?: { readonly code?: string } };
    return info?.code ?? code ?? String(error);
  }
}

function write(path: string): string {
  return attempt(() => {
    closeSync(openSync(path, "w"));
    rmSync(path);
  });
}

/** Evaluates a Perl expression that is -1 or undefined on failure; $x is "x". Every Debian has Perl. */
function perl(expression: string): string {
  const program = `my $x = "x"; my $r = ${expression}; print defined $r && $r ne "-1" ? "ok" : "errno " . (0 + $!)`;
  const { stdout, signal } = spawnSync("/usr/bin/perl", ["-e", program], { encoding: "utf8" });
  return signal ?? stdout;
}

/** A 32-bit program of 20 bytes that ends with exit code 42: mov eax, 1; mov ebx, 42; int 0x80. */
function run32bit(): string {
  const code = Buffer.from("b801000000bb2a000000cd80", "hex");
  const file = Buffer.alloc(84);
  file.write("\x7fELF\x01\x01\x01", "latin1");
  // e_type, e_machine (i386), e_version, e_entry, e_phoff; then e_ehsize, e_phentsize, e_phnum (System V ABI, chapter 4).
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(3, 18);
  file.writeUInt32LE(1, 20);
  file.writeUInt32LE(0x0804_8054, 24);
  file.writeUInt32LE(52, 28);
  file.writeUInt16LE(52, 40);
  file.writeUInt16LE(32, 42);
  file.writeUInt16LE(1, 44);
  // PT_LOAD: p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags (read, execute), p_align.
  [1, 0, 0x0804_8000, 0x0804_8000, 96, 96, 5, 4096].forEach((word, index) =>
    file.writeUInt32LE(word, 52 + index * 4),
  );
  writeFileSync("/tmp/program", Buffer.concat([file, code]), { mode: 0o755 });
  const { status, signal, error } = spawnSync("/tmp/program");
  return signal ?? (error ? error.message : `exit ${status}`);
}

function suid(): string {
  writeFileSync("/tmp/suid", "");
  return attempt(() => chmodSync("/tmp/suid", 0o4755));
}

function reach(host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 9, timeout: CONNECT_MS });
    socket.on("connect", () => resolve("ok"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on("timeout", () => resolve("timeout"));
  });
}

function bind(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(0, "127.0.0.1", () => resolve("ok"));
  });
}

function field(file: string, name: RegExp): string | undefined {
  return name.exec(readFileSync(file, "utf8"))?.[1];
}

const STATUS = "/proc/self/status";
const { STATE_DIRECTORY } = process.env;
const found = {
  uid: process.getuid?.(),
  umask: process.umask().toString(8),
  noNewPrivileges: field(STATUS, /^NoNewPrivs:\s*(\d)/m),
  seccomp: field(STATUS, /^Seccomp:\s*(\d)/m),
  boundingSet: field(STATUS, /^CapBnd:\s*(\w+)/m),
  ambientSet: field(STATUS, /^CapAmb:\s*(\w+)/m),
  users: readFileSync("/proc/self/uid_map", "utf8").trim().split("\n").length,
  coreLimit: field("/proc/self/limits", /^Max core file size\s+\S+\s+(\S+)/m),
  ipc: readlinkSync("/proc/self/ns/ipc"),
  uts: readlinkSync("/proc/self/ns/uts"),
  processes: readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number),
  procFiles: existsSync("/proc/meminfo"),
  home: attempt(() => readdirSync("/home/alice")),
  tmpMarker: existsSync("/tmp/marker"),
  varTmpMarker: existsSync("/var/tmp/marker"),
  devMarker: existsSync("/dev/marker"),
  modules: attempt(() => readdirSync("/usr/lib/modules/marker")),
  tunables: / \/sys\/kernel\/tracing ro,/.test(readFileSync("/proc/self/mountinfo", "utf8")),
  writeVar: write("/var/writable/file"),
  writeUsr: write("/usr/writable/file"),
  writeTmp: write("/tmp/file"),
  writeState: STATE_DIRECTORY === undefined ? "not there" : write(`${STATE_DIRECTORY}/file`),
  // As src/server/kernel-memory.ts reads its memory limit; this machine may have memory in version 1.
  readControlGroup: attempt(() => {
    const path = field("/proc/self/cgroup", /^0::(.*)$/m) ?? "none";
    readFileSync(`/sys/fs/cgroup${path}/cgroup.stat`);
    readFileSync("/proc/self/net/tcp");
  }),
  writeControlGroup: attempt(() => closeSync(openSync("/sys/fs/cgroup/cgroup.procs", "r+"))),
  netlink: perl(`socket(my $s, ${AF_NETLINK}, 3, 0)`),
  inet: perl(`socket(my $s, ${AF_INET}, 1, 0)`),
  namespace: perl(`syscall(${SYSCALLS.unshare}, ${CLONE_NEWUTS})`),
  personality: perl(`syscall(${SYSCALLS.personality}, ${PER_LINUX32})`),
  realtime: perl(`do { my $p = pack("i", 1); syscall(${SYSCALLS.sched_setscheduler}, 0, 1, $p) }`),
  // These always fail; the sandbox refuses them before the kernel reads their arguments.
  mount: perl(`syscall(${SYSCALLS.mount}, $x, $x, $x, 0, 0)`),
  hostname: perl(`syscall(${SYSCALLS.sethostname}, $x, -1)`),
  clock: perl(`syscall(${SYSCALLS.clock_settime}, 0, 0)`),
  kernelLog: perl(`syscall(${SYSCALLS.syslog}, 8, 0, 0)`),
  priority: attempt(() => setPriority(5)),
  suid: suid(),
  program32: run32bit(),
  loopback: await reach("127.0.0.1"),
  otherAddress: await reach(OTHER_ADDRESS),
  bind: await bind(),
};
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit());

export type Found = typeof found;
