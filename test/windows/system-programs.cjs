// Loaded first by the shim: answers for programs of Windows that Wine has not, or as stubs. They read and print what the
// real ones do. Access lists are in a folder, by the file's number; `acl-default` is for all other files.
const childProcess = require("node:child_process");
const { syncBuiltinESMExports } = require("node:module");
const { basename, join } = require("node:path");
const { existsSync, readFileSync, statSync, writeFileSync } = require("node:fs");

const USER = "S-1-5-21-1004336348-1177238915-682003330-1001";
const folder = process.env.WINDOWS_DOUBLES;
const written = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "latin1") : "");
const programs = {
  whoami: () => `"desktop-1\\j\xfcrgen","${USER}"\r\n`,
  icacls: (first, ...rest) => {
    const of = (file) => join(folder, `acl-${statSync(file).ino}`);
    if (rest[0] === "/save") {
      const list = existsSync(of(first)) ? readFileSync(of(first), "utf8") : written("acl-default");
      writeFileSync(rest[1], `${basename(first)}\r\n${list}\r\n`, "utf16le");
    } else {
      const grants = rest.slice(2).map((grant) => `(A;;FA;;;${grant.slice(1, -2)})`);
      writeFileSync(of(first), `D:P${grants.join("")}`);
    }
    return "";
  },
  netsh: () => written("netsh"),
  netstat: () => written("netstat"),
  tasklist: () => written("tasklist"),
  wsl: () => written("wsl"),
};
childProcess.execFileSync = (path, args) => programs[basename(path, ".exe")](...args);
syncBuiltinESMExports();

// As Windows refuses a reserved port, and ::1 if IPv6 is switched off. Wine has no such ranges.
const { Server } = require("node:net");
const { listen } = Server.prototype;
Server.prototype.listen = function (options, ...others) {
  const { host, port } = options;
  const refused = {
    [port]: "EACCES: permission denied",
    "::1": "EAFNOSUPPORT: address family not supported",
  };
  const { WINDOWS_REFUSES: what } = process.env;
  if (what !== host && what !== `${port}`) return listen.call(this, options, ...others);
  const error = new Error(`listen ${refused[what]} ${host}:${port}`);
  const code = refused[what].split(":", 1)[0];
  process.nextTick(() => this.emit("error", Object.assign(error, { code, address: host, port })));
  return this;
};
