import { type AudioEncoding, encodeAudioFrame } from "loquilex/protocol";
import type { Rng } from "../../simulation/rng.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** What an attacker has offered, so that its frames are nearly right. */
export interface Offered {
  readonly encoding: AudioEncoding;
  readonly sampleRate: number;
  readonly channels: number;
}

const ENCODINGS: readonly AudioEncoding[] = ["pcm_s16le", "pcm_f32le", "mulaw", "opus"];
const BYTES_PER_SAMPLE: Readonly<Record<AudioEncoding, number>> = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1, opus: 0 };
/** Packets of one frame in each codec of Opus, some of which libopus does not survive as WebAssembly. */
const OPUS_PACKETS = [
  "d400007b8ad98273000087b42c0000c3ccff7000000000",
  "380000",
  `98${"00".repeat(14)}`,
  "fcfffe",
  "0800",
];
const FLAGS = [0, 0, 0, 0, 1, 2, 4, 8, 16, 255];
const ODD_NUMBERS = [0, -1, 0.5, 1e308, -0, 2 ** 31, 2 ** 53, 2 ** 53 + 2, 65_536, 4_294_967_295];
const ODD_VALUES = [null, true, "", "\u0000", "\ud800", [], {}, [[]], { a: { a: { a: null } } }, "x".repeat(5_000)];

export function anOffer(rng: Rng): Offered {
  const encoding = rng.pick(ENCODINGS);
  const sampleRate = rng.pick(encoding === "opus" ? [8_000, 16_000, 48_000] : [8_000, 16_000, 44_100, 48_000]);
  return { encoding, sampleRate, channels: rng.whole(1, 2) };
}

/** An audio frame that is right, or was before a few of its bytes, its length or its position changed. */
export function aFrame(rng: Rng, { encoding, channels }: Offered, position: number): Bytes {
  const sampleCount = rng.pick([40, 160, 320, 320, 960]);
  const payload =
    encoding === "opus"
      ? Uint8Array.from(Buffer.from(rng.pick(OPUS_PACKETS), "hex"))
      : bytesOf(rng, sampleCount * channels * BYTES_PER_SAMPLE[encoding]);
  const at = rng.chance(0.05) ? rng.pick([0, 2 ** 32, 2 ** 53 - 2_000, position + 1, position + 1e9]) : position;
  const frame = encodeAudioFrame({ flags: 0, position: at, sampleCount, payload });
  if (rng.chance(0.3)) frame[1] = rng.pick(FLAGS);
  return rng.chance(0.5) ? frame : mutateBytes(rng, frame);
}

/** A message of a client that is nearly one of the protocol. */
export function aMessage(rng: Rng, message: object): string {
  if (rng.chance(0.2)) return JSON.stringify(message);
  if (rng.chance(0.5)) return JSON.stringify(mutateValue(rng, message));
  const bytes = mutateBytes(rng, Uint8Array.from(Buffer.from(JSON.stringify(message))));
  // What is no UTF-8 never comes to the application: the WebSocket itself refuses it.
  return Buffer.from(bytes).toString(rng.chance(0.5) ? "utf8" : "latin1");
}

/** Text that is no message at all. */
export function nonsense(rng: Rng): string {
  return rng.pick([
    ...["", "null", "[]", "1", '"t"', "{", '{"v":1}', '{"v":2,"t":"client.hb","data":{}}', "\u0000", "NaN"],
    ...['{"__proto__":{"t":"client.hb"},"v":1}', '{"v":1,"t":"constructor","data":{}}'],
    "[".repeat(rng.whole(1, 20_000)),
    `{"v":1,"t":"client.hb","data":${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}}`,
  ]);
}

const bytesOf = (rng: Rng, length: number): Bytes => Uint8Array.from({ length }, () => rng.whole(0, 255));

function mutateBytes(rng: Rng, bytes: Bytes): Bytes {
  let mutant = bytes;
  for (let count = rng.whole(1, 4); count > 0; count -= 1) {
    const at = rng.whole(0, mutant.length);
    const kind = rng.whole(0, 4);
    if (kind === 0) mutant = mutant.slice(0, at);
    else if (kind === 1) mutant = joined(mutant.slice(0, at), bytesOf(rng, rng.whole(1, 40)), mutant.slice(at));
    else if (kind === 2) mutant = joined(mutant, mutant.slice(at));
    else {
      mutant = mutant.slice();
      mutant[at] = kind === 3 ? rng.whole(0, 255) : (mutant[at] ?? 0) ^ (1 << rng.whole(0, 7));
    }
  }
  return mutant;
}

function joined(...parts: readonly Bytes[]): Bytes {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Changes one value somewhere in it. */
function mutateValue(rng: Rng, value: unknown): unknown {
  if (typeof value !== "object" || value === null || rng.chance(0.15)) {
    return rng.chance(0.5) ? rng.pick(ODD_NUMBERS) : rng.pick(ODD_VALUES);
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { [rng.pick(["a", "__proto__", "t"])]: 1 };
  const [key = "", child] = rng.pick(entries);
  if (rng.chance(0.1)) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return { ...value, [key]: mutateValue(rng, child) };
}
