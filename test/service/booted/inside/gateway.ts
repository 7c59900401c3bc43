import { FAKE_RELEASES } from "../../../fake-gateway/behaviors.ts";
// The fake gateway on OpenClaw's usual port.
import { startFakeGateway } from "../../../fake-gateway/server.ts";

const PORT = 18_789;

const { TOKEN = "", RELEASE = "2026.9.6" } = process.env;
const release = FAKE_RELEASES.find((name) => name === RELEASE);
if (!release) throw new Error(`no fake gateway for ${RELEASE}`);
const { url } = await startFakeGateway({ release, token: TOKEN, port: PORT });
process.stdout.write(`listening on ${url}\n`);
