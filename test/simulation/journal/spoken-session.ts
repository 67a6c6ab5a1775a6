import { NOTHING_LEFT } from "../../../src/host/worker/restored.js";
import type { JournalSubject } from "../../../src/journal/log/journal-state.js";
import type { WireAudioFrame } from "../../../src/protocol/audio-frame.js";
import type { SessionCheckpoint, SessionStats } from "../../../src/session/session-io.js";
import type { Rng } from "../rng.js";

const FRAME_MS = 20;
const FRAME_SAMPLES = 4;
/** Frames that a session holds in memory: beyond them, the oldest is lost, which the page is told. */
const MAX_HELD = 250;

/** What a session of a page does as its journal sees it: takes frames, and has them settled by a server that is away at times. */
export class SpokenSession {
  readonly subject: JournalSubject = {
    startedAt: 1_000_000,
    maxAgeMs: 60_000,
    sessionId: "the-first-session",
    clientId: "the-first-client",
    format: { encoding: "mulaw", sampleRate: 8_000, channels: 1 },
  };
  readonly spoken: { readonly frame: WireAudioFrame; readonly at: number }[] = [];
  readonly #rng: Rng;
  readonly #roundTripMs: number;
  #awayFrom: number;
  #awayTo: number;
  #nextAt = 0;
  #position = 0;
  #settled = 0;
  #resumeToken = 1;
  readonly #absent: { readonly from: number; readonly to: number }[] = [];

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#roundTripMs = rng.between(5, 150);
    this.#awayFrom = rng.between(0, 3_000);
    this.#awayTo = this.#awayFrom + rng.between(200, 8_000);
  }

  /** Position before which the server has all, or the page knows what is lost. */
  get settled(): number {
    return this.#settled;
  }

  /** @returns what the journal is given. */
  advance(now: number): (WireAudioFrame | SessionCheckpoint)[] {
    const events: (WireAudioFrame | SessionCheckpoint)[] = [];
    while (this.#nextAt <= now) {
      this.#nextAt += FRAME_MS;
      if (this.#rng.chance(0.01)) this.#skip();
      const frame = this.#speak(now);
      events.push(frame);
    }
    const before = this.#settled;
    this.#settle(now);
    if (this.#settled !== before) events.push(this.checkpoint({}));
    if (now > this.#awayTo) {
      this.#resumeToken += 1;
      this.#awayFrom = now + this.#rng.between(500, 3_000);
      this.#awayTo = this.#awayFrom + this.#rng.between(200, 4_000);
    }
    return events;
  }

  checkpoint(stats: Partial<SessionStats>): SessionCheckpoint {
    return {
      ...NOTHING_LEFT,
      answered: true,
      connections: this.#resumeToken,
      resumeToken: `secret ${this.#resumeToken}`,
      epoch: 5,
      absent: [...this.#absent],
      stats: {
        ...NOTHING_LEFT.stats,
        capturedPosition: this.#position,
        settledPosition: this.#settled,
        acknowledgedPosition: this.#settled,
        ...stats,
      },
    };
  }

  isSpoken({ position, payload }: WireAudioFrame): boolean {
    const said = this.spoken.find(({ frame }) => frame.position === position)?.frame.payload;
    return said?.length === payload.length && said.every((byte, index) => byte === payload[index]);
  }

  wasSpokenIn(from: number, to: number): boolean {
    return this.spoken.some(({ frame }) => frame.position < to && frame.position + frame.sampleCount > from);
  }

  #skip(): void {
    const to = this.#position + this.#rng.whole(1, 50);
    this.#absent.push({ from: this.#position, to });
    this.#position = to;
  }

  #speak(now: number): WireAudioFrame {
    const position = this.#position;
    const payload = Uint8Array.from({ length: FRAME_SAMPLES }, (_, index) => (position + index) * 7);
    const frame = { flags: 0, position, sampleCount: FRAME_SAMPLES, payload };
    this.#position += FRAME_SAMPLES;
    this.spoken.push({ frame, at: now });
    return frame;
  }

  #settle(now: number): void {
    const isAway = now >= this.#awayFrom && now < this.#awayTo;
    const arrived = isAway ? [] : this.spoken.filter(({ at }) => at <= now - this.#roundTripMs);
    const evicted = this.spoken.slice(0, Math.max(0, this.spoken.length - MAX_HELD));
    for (const { frame } of [...arrived.slice(-1), ...evicted.slice(-1)]) {
      this.#settled = Math.max(this.#settled, frame.position + frame.sampleCount);
    }
  }
}
