// The fake gateway as a process of its own, to be killed: argv holds its port.
import { startFakeGateway } from "../../fake-gateway/server.ts";

const { port } = await startFakeGateway({ release: "2026.9.6", token: "t", port: Number(process.argv[2]) });
process.stdout.write(`${port}\n`);
