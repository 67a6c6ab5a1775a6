import { once } from "node:events";
import { WebSocket } from "ws";

/** In the environment of a Node process, makes it say where {@link collectGarbageIn} can reach it. */
export const INSPECTABLE = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** Makes another Node process collect its garbage. @param output what it has printed so far. */
export async function collectGarbageIn(output: string): Promise<void> {
  const [url] = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(output) ?? [];
  if (url === undefined) throw new Error("The process does not say where its inspector listens.");
  const socket = new WebSocket(url);
  await once(socket, "open");
  // What finalizers let go of in the first round is there to be collected in the second.
  for (const id of [1, 2]) {
    const answered = once(socket, "message");
    socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
    await answered;
  }
  const closed = once(socket, "close");
  socket.close();
  await closed;
}
