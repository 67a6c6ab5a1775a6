import { setTimeout as delay } from "node:timers/promises";
import { BackendProcess } from "../../support/backend-process.js";
import { NodeStream } from "../../support/node-stream.js";
import { accountFor, readSamples } from "../../support/stamped-audio.js";
import type { Backend, Running, Subject } from "./subject.js";

const SAMPLES_PER_MS = 16;
const FRAME_MS = 20;

/** This SDK against its reference backend; what is on the backend's disk is compared sample by sample. */
export function loquilexSubject(): Subject {
  let stream: NodeStream | undefined;
  return {
    name: "loquilex",
    async start(port): Promise<Running> {
      const started = new NodeStream(`ws://127.0.0.1:${port}/v1/stream`);
      stream = started;
      let due: number | undefined;
      let overheadMs: number | undefined;
      started.stream.addEventListener("reconnecting", ({ delayMs }) => {
        due = performance.now() + delayMs;
      });
      started.stream.addEventListener("reconnected", () => {
        if (due !== undefined) overheadMs ??= performance.now() - due;
      });
      started.stream.start().catch(() => {});
      return {
        get overheadMs() {
          return overheadMs;
        },
        sent: (frames) => started.captured(frames * FRAME_MS),
        end: async () => {
          await started[Symbol.asyncDispose]();
        },
      };
    },
    async serve(): Promise<Backend> {
      const backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
      return {
        port: backend.port,
        async account() {
          await stream?.close();
          const stats = await stream?.stream.getStats();
          const [path = ""] = await backend.files(".wav");
          const account = accountFor(await readSamples(path), 0, stats?.samplesCaptured ?? 0);
          if (account.foreign > 0) throw new Error(`${account.foreign} samples on the disk are not of the source.`);
          return { lostMs: account.lost / SAMPLES_PER_MS, duplicatedMs: account.repeated / SAMPLES_PER_MS };
        },
        async stop() {
          await backend[Symbol.asyncDispose]();
          await delay(0);
        },
      };
    },
  };
}
