import { encodeAudioFrame } from "loquilex/protocol";
import type { BackendProcess } from "./backend-process.js";
import { RawClient } from "./raw-client.js";

/**
 * An engine whose behaviour the first sound decides, given as a line of text: the tests' sessions bring one each. It is
 * one process, so that what it says of itself is all there is to kill.
 */
export const OBEDIENT_ENGINE = [
  "read -r kind; case $kind in *crash*) exit 7 ;;",
  "*deaf*) trap '' TERM; while :; do sleep 0.2; done ;;",
  '*pid*) echo "pid $$"; exec cat >/dev/null ;;',
  "*) cat >/dev/null; echo bye ;; esac",
].join(" ");

const FRAME_SAMPLES = 320;

/** Ways for a session to end; each resolves when its client has nothing more to do with the server. */
export const ENDINGS = {
  async close(backend: BackendProcess) {
    const client = await speak(backend, "obedient");
    client.send("client.end", { position: FRAME_SAMPLES });
    await client.until("session.end");
    await leave(client);
  },
  async abort(backend: BackendProcess) {
    await leave(await speak(backend, "obedient"));
  },
  async "socket cut"(backend: BackendProcess) {
    const client = await speak(backend, "obedient");
    client.socket.terminate();
    await client.untilClosed();
  },
  async "engine crash"(backend: BackendProcess) {
    const client = await speak(backend, "crash");
    await untilEngineLost(client, "exit code 7");
    await leave(client);
  },
  async "engine that ignores SIGTERM"(backend: BackendProcess) {
    await leave(await speak(backend, "deaf"));
  },
  async "kill -9 of the engine"(backend: BackendProcess) {
    const client = await speak(backend, "pid");
    await client.until("asr.final");
    const said = JSON.stringify(client.messages("asr.final"));
    process.kill(Number(/pid (\d+)/.exec(said)?.[1]), "SIGKILL");
    await untilEngineLost(client, "SIGKILL|exit code 137");
    await leave(client);
  },
} satisfies Record<string, (backend: BackendProcess) => Promise<void>>;

/** Needs a backend whose files can only be 256 KiB large. */
export async function fullDisk(backend: BackendProcess): Promise<void> {
  const client = await speak(backend, "obedient");
  for (let position = FRAME_SAMPLES; position < 9 * 16_000; position += 1_600) sound(client, "", position, 1_600);
  const { code, reason } = await client.untilClosed();
  if (code !== 1011) throw new Error(`A full disk closed the session with ${code} ${reason}.`);
}

async function speak(backend: BackendProcess, what: string): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.until("session.new");
  sound(client, what, 0);
  return client;
}

/** Audio whose bytes are a line of text and then silence. */
function sound(client: RawClient, what: string, position: number, sampleCount = FRAME_SAMPLES): void {
  const payload = new Uint8Array(2 * sampleCount);
  payload.set(Buffer.from(`${what}\n`));
  client.socket.send(encodeAudioFrame({ flags: 0, position, sampleCount, payload }));
}

/** Goes on speaking until the server says that the engine is gone, and a little more, for the one that took over. */
async function untilEngineLost(client: RawClient, how: string): Promise<void> {
  const loss = new RegExp(`ended with .*(${how})`);
  const isLost = () => client.messages("status").some(({ data }) => loss.test(JSON.stringify(data)));
  let position = FRAME_SAMPLES;
  for (let lost = false; !lost; position += FRAME_SAMPLES) {
    lost = isLost();
    sound(client, "more", position);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function leave(client: RawClient): Promise<void> {
  client.socket.close(1000);
  await client.untilClosed();
}
