import fc from "fast-check";
import { encodeAudioFrame, encodeClientMessage, type ServerMessage } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { ProtocolServer, TERMS } from "../support/protocol-server.js";

/** Few messages are kept, so that many a run loses some. */
const NARROW = { ...TERMS, resumeMaxEvents: 5, resumeMaxBytes: 400, resumeMaxAgeMs: 5_000, maxInFlight: 3 };
const FRAME = 320;

const step = fc.oneof(
  fc.record({ do: fc.constant("connect" as const), forgets: fc.boolean(), loses: fc.nat(3) }),
  fc.record({ do: fc.constant("send" as const), frames: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant("keep" as const) }),
  fc.record({ do: fc.constant("emit" as const), messages: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ do: fc.constant("acknowledge" as const) }),
  fc.record({ do: fc.constant("drop" as const) }),
  fc.record({ do: fc.constant("pass" as const), durationMs: fc.integer({ min: 1, max: 8_000 }) }),
);

const is = <T extends ServerMessage["t"]>(message: ServerMessage, t: T): message is Extract<ServerMessage, { t: T }> =>
  message.t === t;

/** A client that does what the steps say, and holds the server to its promises. */
class Witness {
  readonly server = new ProtocolServer(NARROW);
  #peers = 0;
  /** How much of what the server said was judged, and on which connection. */
  #heard = 0;
  #heardOf = 0;
  #peer: number | undefined;
  #attempt = 0;
  /** Oldest position it holds, the next it will send, and the end of what was sent on any connection. */
  #first = 0;
  #next = 0;
  #sentTo = 0;
  #offered = 0;
  #answered = false;
  #epoch: number | undefined;
  #secret: string | undefined;
  /** Up to here every number was delivered or announced as gone. */
  #accounted = 0;
  /** End of the audio that the server was told is safe. */
  #kept = 0;
  readonly announced: string[] = [];

  connect(forgets: boolean, loses: number): void {
    this.drop();
    this.#peers += 1;
    this.#peer = this.#peers;
    this.#attempt += 1;
    this.#answered = false;
    // Its buffer was too small for the outage.
    this.#first = Math.min(this.#next, this.#first + loses * FRAME);
    this.#offered = this.#first;
    const audio = {
      encoding: "pcm_s16le",
      sample_rate: 16_000,
      channels: 1,
      first: this.#first,
      // What it has captured since and not sent yet.
      next: this.#next + 10 * FRAME,
    } as const;
    const resumes = this.#epoch !== undefined && !forgets;
    if (resumes) {
      const opening = { attempt: this.#attempt, epoch: this.#epoch, resume_token: this.#secret, audio };
      this.server.resume(this.#peer, "client", { ...opening, last_seq: this.#accounted });
    } else this.server.open(this.#peer, "client", { attempt: this.#attempt, audio });
    this.listen();
  }

  send(frames: number): void {
    if (!this.#answered) return;
    for (let count = 0; count < frames && this.#peer !== undefined; count += 1) {
      const flags = this.#next > this.#sentTo ? 1 : 0;
      const payload = new Uint8Array(2 * FRAME);
      const data = encodeAudioFrame({ flags, position: this.#next, sampleCount: FRAME, payload });
      this.#next += FRAME;
      this.#sentTo = this.#next;
      this.server.handle({ type: "data", peer: this.#peer, data });
    }
    this.listen();
  }

  keep(): void {
    const key = this.server.key;
    if (key === undefined) return;
    this.#kept = this.#sentTo;
    this.server.handle({ type: "kept", key, position: this.#sentTo });
    this.listen();
  }

  emit(messages: number): void {
    const key = this.server.key;
    for (let count = 0; key !== undefined && count < messages; count += 1) {
      const data = { text: "x".repeat(30), segment_id: "s", audio: { from: 0, to: 1 } };
      this.server.handle({ type: "emit", key, t: "asr.partial", data });
    }
    this.listen();
  }

  acknowledge(): void {
    if (this.#peer === undefined || !this.#answered) return;
    const data = encodeClientMessage("client.ack", { ack_seq: this.#accounted });
    this.server.handle({ type: "data", peer: this.#peer, data });
    this.listen();
  }

  drop(): void {
    if (this.#peer !== undefined) this.server.handle({ type: "closed", peer: this.#peer, code: 1006 });
    this.#peer = undefined;
  }

  pass(durationMs: number): void {
    this.server.pass(durationMs);
    this.listen();
  }

  /** Everything that the server said on this connection since the last time. */
  listen(): void {
    if (this.#peer === undefined) return;
    const said = this.server.said(this.#peer);
    if (this.#peers !== this.#heardOf) [this.#heardOf, this.#heard] = [this.#peers, 0];
    for (const message of said.slice(this.#heard)) this.#judge(message);
    this.#heard = said.length;
    if (this.server.closed(this.#peer) !== undefined) this.#peer = undefined;
  }

  #judge(message: ServerMessage): void {
    const { seq } = message;
    if (seq !== undefined) {
      expect(seq, "a number follows the last one, or a hole was announced").toBe(this.#accounted + 1);
      this.#accounted = seq;
    }
    if (is(message, "server.welcome")) this.#secret = message.data.resume_window.token;
    if (is(message, "session.new")) {
      expect(message.data.audio?.position, "a new lineage begins where the client can begin").toBeLessThanOrEqual(
        this.#offered,
      );
      this.#accounted = 0;
      this.#epoch = message.data.epoch;
      this.#sentTo = message.data.audio?.position ?? 0;
      this.#next = Math.max(this.#next, this.#sentTo);
      this.#kept = this.#sentTo;
      this.#answered = true;
    }
    if (is(message, "session.snapshot") && message.data.gap !== undefined) {
      expect(message.data.gap.from_seq).toBe(this.#accounted + 1);
      this.#accounted = message.data.gap.to_seq;
      this.announced.push("gap");
    }
    if (is(message, "session.ack")) {
      expect(message.data.audio?.position, "a resumed one goes on where it stands").toBe(this.#sentTo);
      this.#answered = true;
    }
    if (is(message, "queue.drop")) {
      const hole = message.data as { readonly from_seq: number; readonly to_seq: number };
      expect(hole.from_seq).toBe(this.#accounted + 1);
      this.#accounted = hole.to_seq;
      this.announced.push("queue.drop");
    }
    if (is(message, "audio.ack")) {
      expect(this.#answered, "nothing is acknowledged before the answer").toBe(true);
      expect(message.data.position, "nothing is acknowledged that is not kept").toBeLessThanOrEqual(this.#kept);
    }
  }
}

// Field reports 67, 91 and 92.
describe("the server, whatever its client does and however little it can keep", () => {
  it("begins no lineage beyond what is offered, acknowledges nothing before its answer, and announces every hole in its numbers", () => {
    const announced = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const witness = new Witness();
        witness.connect(false, 0);
        for (const what of steps) {
          if (what.do === "connect") witness.connect(what.forgets, what.loses);
          else if (what.do === "send") witness.send(what.frames);
          else if (what.do === "emit") witness.emit(what.messages);
          else if (what.do === "pass") witness.pass(what.durationMs);
          else witness[what.do]();
        }
        for (const how of witness.announced) announced.add(how);
      }),
      { numRuns: 300, seed: 92 },
    );
    expect([...announced].toSorted()).toEqual(["gap", "queue.drop"]);
  });
});
