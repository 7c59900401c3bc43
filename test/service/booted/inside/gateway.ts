// The fake gateway on OpenClaw's usual port.
import { startFakeGateway } from "../../../fake-gateway/server.ts";

const PORT = 18_789;

const { TOKEN = "" } = process.env;
const { url } = await startFakeGateway({ release: "2026.9.6", token: TOKEN, port: PORT });
process.stdout.write(`listening on ${url}\n`);
