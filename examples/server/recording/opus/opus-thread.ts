/**
 * A thread in which Opus packets are decoded, for many streams. What a packet does to the decoder, which is WebAssembly, it
 * does here: a trap costs the stream its decoder, and an endless loop or a lack of memory costs the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { OpusDecoder, type OpusDecoderSampleRate } from "opus-decoder";
import { STOP } from "../../processes/thread-stop.js";
import type { OpusAnswer, OpusRequest, OpusThreadStart } from "./opus-messages.js";

type Decoder = OpusDecoder<OpusDecoderSampleRate>;
type DecodeRequest = Extract<OpusRequest, { type: "decode" }>;

const port = parentPort;
if (port === null) throw new Error("This module runs in a thread that the server starts.");
const { current } = workerData as OpusThreadStart;
const decoders = new Map<number, Decoder>();
/** Streams whose decoder is being made, which takes a while in which they may end. */
const making = new Set<number>();

port.on("message", (request: OpusRequest | typeof STOP) => {
  if (request === STOP) port.close();
  else if (request.type === "decode") void answer(request);
  else {
    decoders.delete(request.stream);
    making.delete(request.stream);
  }
});

async function answer(request: DecodeRequest): Promise<void> {
  const { stream, restart } = request;
  making.add(stream);
  let samples: OpusAnswer["samples"];
  try {
    const known = restart ? undefined : decoders.get(stream);
    const decoder = known ?? (await makeDecoder(request));
    if (!making.delete(stream)) return;
    decoders.set(stream, decoder);
    Atomics.store(current, 0, stream);
    samples = decode(decoder, request);
  } catch {
    // Nothing is known of its memory any more.
    decoders.delete(stream);
  }
  Atomics.store(current, 0, 0);
  port?.postMessage({ stream, samples } satisfies OpusAnswer, samples === undefined ? [] : [samples.buffer]);
}

async function makeDecoder({ sampleRate, channels }: DecodeRequest): Promise<Decoder> {
  const decoder = new OpusDecoder({ sampleRate: sampleRate as OpusDecoderSampleRate, channels });
  await decoder.ready;
  return decoder;
}

function decode(decoder: Decoder, { packet, channels }: DecodeRequest): OpusAnswer["samples"] {
  const { channelData, samplesDecoded, errors } = decoder.decodeFrame(packet);
  return errors.length > 0 ? undefined : interleave(channelData.slice(0, channels), samplesDecoded);
}

/** Signed 16-bit little-endian. */
function interleave(channels: readonly Float32Array[], count: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * channels.length * count));
  for (const [channel, values] of channels.entries()) {
    for (let index = 0; index < count; index += 1) {
      const scaled = Math.max(-32_768, Math.min(32_767, Math.round((values[index] ?? 0) * 32_768)));
      view.setInt16(2 * (index * channels.length + channel), scaled, true);
    }
  }
  return new Uint8Array(view.buffer);
}
