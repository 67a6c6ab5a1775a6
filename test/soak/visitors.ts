import type { Rng } from "../simulation/rng.js";
import type { BackendProcess } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";

const MOST_TALK_MS = 3_000;

type Visit = (url: string, rng: Rng) => Promise<void>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What goes wrong because the network does is for the stream to tell, and not what a soak looks for. */
const whateverComes = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => {});

async function talk(stream: NodeStream, rng: Rng): Promise<void> {
  await whateverComes(stream.stream.start());
  await pause(rng.between(0, MOST_TALK_MS));
}

/** Ways in which somebody comes, talks and goes. */
export const VISITS = {
  async close(url, rng) {
    await using stream = new NodeStream(url);
    await talk(stream, rng);
    await whateverComes(stream.close(5_000));
  },
  async abort(url, rng) {
    await using stream = new NodeStream(url);
    await talk(stream, rng);
    stream.stream.abort();
  },
  async "abort while starting"(url, rng) {
    await using stream = new NodeStream(url);
    const started = whateverComes(stream.stream.start());
    await pause(rng.between(0, 40));
    stream.stream.abort();
    await started;
  },
  async pause(url, rng) {
    await using stream = new NodeStream(url);
    await talk(stream, rng);
    await whateverComes(stream.stream.pause());
    await pause(rng.between(0, 500));
    await whateverComes(stream.stream.resume());
    await pause(rng.between(0, 500));
    await whateverComes(stream.close(5_000));
  },
  async "lost connection"(url, rng) {
    await using stream = new NodeStream(url);
    await talk(stream, rng);
    stream.sockets.at(-1)?.terminate();
    await pause(rng.between(0, 1_000));
    await whateverComes(stream.close(5_000));
  },
  async "gone without a word"(url, rng) {
    const client = await RawClient.connect(url);
    client.hello();
    for (let position = 0; position < 16_000 && client.closed === undefined; position += 320) {
      client.sendFrame(position);
      await pause(rng.between(0, 20));
    }
    client.socket.terminate();
    await client.untilClosed();
  },
  async nonsense(url, rng) {
    const client = await RawClient.connect(url);
    client.sendText(rng.pick(["", "{", "[]", '{"v":1,"t":"client.hello","data":{}}', "x".repeat(200_000)]));
    await client.untilClosed();
  },
} satisfies Record<string, Visit>;

/** Lets visitors come one after the other, so many at once, until the signal. @returns how many came, by what they did. */
export async function receiveVisitors(
  backend: Pick<BackendProcess, "webSocketUrl">,
  options: { readonly rng: Rng; readonly atOnce: number; readonly signal: AbortSignal },
): Promise<Map<string, number>> {
  const { rng, atOnce, signal } = options;
  const counts = new Map<string, number>();
  const visits = Object.entries<Visit>(VISITS);
  const place = async (): Promise<void> => {
    while (!signal.aborted) {
      const [name, visit] = rng.pick(visits);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await visit(backend.webSocketUrl, rng);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, place));
  return counts;
}
