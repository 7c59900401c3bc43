import { once } from "node:events";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle, start, type Bundle } from "./bundle.ts";

let command: Bundle;
beforeAll(async () => {
  command = await bundle();
});
afterAll(() => command.remove());

const RUN = ["run", "--listen", "127.0.0.1:0", "--gateway", "ws://127.0.0.1:9"];

/** Runs the command until it ends, or until it listens, and returns which of Node's public modules it has loaded. */
async function modulesOf(args: readonly string[]): Promise<string[]> {
  const script = join(command.folder, "modules.cjs");
  writeFileSync(
    script,
    `process.on("exit", () => {
       const modules = process.moduleLoadList.join(" ");
       process.stderr.write("modules: " + modules + "\\n");
     });`,
  );
  const running = start(command, args, { NODE_OPTIONS: `--require=${script}` });
  if (args[0] === "run") {
    await running.line(/"event":"gateway.down"/);
    running.signal("SIGTERM");
  }
  expect(await running.exit).toBe(0);
  const list = running.stderr.find((line) => line.startsWith("modules: ")) ?? "";
  return [...list.matchAll(/NativeModule ([a-z_]+)(?= |$)/g)].map(([, name = ""]) => name);
}

describe("a start loads of Node.js only what it needs", () => {
  // What a bare http.createServer does not load either. Each takes 0.5 to 3 ms and some 100 kB.
  it("run", async () => {
    const modules = await modulesOf(RUN);
    expect(modules).toContain("http");
    for (const name of ["assert", "crypto", "https", "module", "tls", "worker_threads", "zlib"])
      expect(modules).not.toContain(name);
  });

  it.each(["--help", "env --help", "env"])("%s", async (args) => {
    const modules = await modulesOf(args.split(" "));
    expect(modules).toContain("vm");
    for (const name of ["crypto", "http", "child_process", "net", "stream"])
      expect(modules).not.toContain(name);
  });

  it.each(["--version", "-v", "version"])("%s: it does not even compile the program", async (args) => {
    expect(await modulesOf([args])).not.toContain("vm");
  });
});

it("--version beside another word is for the command", async () => {
  const running = start(command, ["env", "--version"]);
  expect(await running.exit).toBe(0);
  expect(running.stdout).toEqual(["1.2.3"]);
});

const EARLY = [
  "",
  "--log-format pretty",
  "--metrics-listen 127.0.0.1:0",
  "--max-scopes operator.read",
  "--gateway wss://127.0.0.1:9",
  "--log-level silent --allow-from 10.0.0.0/8 --forwarded private",
];

it.each(EARLY)(
  "run %s: a client that connects before most of it is compiled gets its response",
  async (flags) => {
    const script = join(command.folder, "early.cjs");
    const connected = join(command.folder, "connected");
    rmSync(connected, { force: true });
    // When the section that serves is compiled, it prints the port, and waits for the client.
    writeFileSync(
      script,
      `const [fs, net, vm] = [require("fs"), require("net"), require("vm")];
     const { compileFunction } = vm;
     const { listen } = net.Server.prototype;
     let server;
     net.Server.prototype.listen = function (...args) { server = this; return listen.apply(this, args); };
     vm.compileFunction = (code, ...rest) => {
       if (code.includes('"pairing outcome"')) {
         fs.writeSync(1, "compiling, port " + server?.address()?.port + "\\n");
         while (!fs.existsSync("${connected}")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
       }
       return compileFunction(code, ...rest);
     };`,
    );
    const shim = start(command, ["run", "--listen", "127.0.0.1:0", ...flags.split(" ").filter(Boolean)], {
      NODE_OPTIONS: `--require=${script}`,
      OPENCLAW_SHIM_GATEWAY: "ws://127.0.0.1:9",
    });
    const [, port] = /port (\d+)/.exec(await shim.line(/^compiling/)) ?? [];
    const client = connect(Number(port), "127.0.0.1");
    await once(client, "connect");
    client.write("GET /__shim__/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    writeFileSync(connected, "");
    expect(await text(client)).toContain("HTTP/1.1 200 OK");
    shim.signal("SIGTERM");
    expect(await shim.exit).toBe(0);
  },
);

it("a file that is overwritten while the shim runs does not change what it loads later", async () => {
  const shim = start(command, RUN);
  const [, address] = /"addresses":\["([^"]+)"/.exec(await shim.line(/"event":"listening"/)) ?? [];
  const before = readFileSync(command.path);
  writeFileSync(command.path, "\n".repeat(statSync(command.path).size));
  try {
    const response = await fetch(`http://${address}/__shim__/metrics`);
    expect(await response.text()).toContain('openclaw_shim_build_info{version="1.2.3"} 1');
  } finally {
    writeFileSync(command.path, before);
  }
  shim.signal("SIGTERM");
  expect(await shim.exit).toBe(0);
});
