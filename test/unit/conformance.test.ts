import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseClientMessage } from "../../src/protocol/messages.js";
import { Session } from "../../src/session/session.js";
import type { SessionEvent, SessionOutput } from "../../src/session/session-io.js";

interface Line {
  readonly dir?: "client" | "server";
  readonly conn: number;
  readonly msg?: { readonly t: string; readonly seq?: number; readonly data: { readonly text?: string } };
  readonly closed?: number;
}

const RECORDING: readonly Line[] = readFileSync(
  new URL("../support/fixtures/loquilex-v1-session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Line);

/** What the recorded server granted, and the largest number of messages it sends beyond an acknowledgement. */
const MAX_IN_FLIGHT = 32;

/** Plays the server's side of the recording, connection by connection, and lets time pass between messages. */
function replay(): {
  readonly events: SessionEvent[];
  readonly sent: ReturnType<typeof parseClientMessage>[];
  readonly mostInFlight: number;
} {
  let now = 0;
  let acknowledged = 0;
  let mostInFlight = 0;
  const events: SessionEvent[] = [];
  const sent: ReturnType<typeof parseClientMessage>[] = [];
  const session = new Session({
    sessionId: "sess_golden",
    clientId: "client",
    takeover: false,
    agent: "test",
    format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
    replay: { maxDurationMs: 30_000, maxBytes: 1_000_000, whenFull: "drop-oldest" },
    retry: {
      initialDelayMs: 250,
      maxDelayMs: 1_000,
      factor: 2,
      jitterRatio: 1,
      maxAttempts: 100,
      maxElapsedMs: 60_000,
      initial: "retry",
      policy: undefined,
    },
    connectTimeoutMs: 10_000,
    heartbeat: { intervalMs: 10_000, timeoutMs: 5_000 },
    renewableToken: false,
    random: () => 0.5,
  });
  let connection = 0;
  const take = (outputs: SessionOutput[]) => {
    for (const output of outputs) {
      if (output.type === "connect") connection = output.connection;
      else if (output.type === "event") events.push(output.event);
      else if (output.type === "send" && typeof output.data === "string") {
        const message = parseClientMessage(output.data);
        sent.push(message);
        if (message.t === "client.ack") acknowledged = message.data.ack_seq;
      }
    }
  };
  const passTime = (until: number) => {
    while (session.wakeAt !== undefined && session.wakeAt <= until) {
      now = Math.max(now, session.wakeAt);
      take(session.handle({ type: "time" }, now));
    }
    now = until;
  };
  take(session.handle({ type: "start" }, now));
  take(session.handle({ type: "open", connection, token: undefined }, now));
  let recorded = 1;
  for (const line of RECORDING) {
    if (line.closed !== undefined) {
      const loss = { kind: "closed", code: line.closed, reason: "" } as const;
      take(session.handle({ type: "lost", connection, loss }, now));
      recorded += 1;
      passTime(now + 5_000);
      expect(connection, "the session connects again by itself").toBe(recorded);
      take(session.handle({ type: "open", connection, token: undefined }, now));
    } else if (line.dir === "server" && line.msg !== undefined) {
      take(session.handle({ type: "message", connection, data: JSON.stringify(line.msg) }, now));
      if (line.msg.t === "session.new") acknowledged = line.msg.seq ?? 0;
      mostInFlight = Math.max(mostInFlight, (line.msg.seq ?? 0) - acknowledged);
      passTime(now + 50);
    }
  }
  return { events, sent, mostInFlight };
}

describe("a conversation recorded with the original server", () => {
  const texts = (events: readonly SessionEvent[]) =>
    events.flatMap((event) =>
      event.type === "message" && event.message.t !== "asr.void" ? [(event.message.data as { text: string }).text] : [],
    );

  it("delivers every domain event once, in order, across resumes and a new epoch", () => {
    const recorded = RECORDING.flatMap(({ msg }) =>
      msg?.t === "asr.partial" || msg?.t === "asr.final" ? [msg.data.text] : [],
    );
    expect(recorded).toHaveLength(21);
    expect(texts(replay().events)).toEqual(recorded);
  });

  // field report 93
  it("takes back the one caption that was open when the server lost its state", () => {
    const voided = replay().events.flatMap((event) =>
      event.type === "message" && event.message.t === "asr.void" ? [event.message.data] : [],
    );
    expect(voided).toHaveLength(1);
  });

  it("never lets the server reach its max_in_flight for want of acknowledgements", () => {
    expect(replay().mostInFlight).toBeLessThan(MAX_IN_FLIGHT);
  });

  it("acknowledges the numbers of heartbeats and errors like those of captions", () => {
    const { sent } = replay();
    const acks = sent.flatMap((message) => (message.t === "client.ack" ? [message.data.ack_seq] : []));
    expect(acks).toContain(8);
  });

  it("resumes with the last number delivered, whatever number the snapshot carries", () => {
    const resumes = replay().sent.flatMap((message) =>
      message.t === "session.resume" ? [{ last_seq: message.data.last_seq, epoch: message.data.epoch }] : [],
    );
    expect(resumes).toEqual([
      { last_seq: 8, epoch: undefined },
      { last_seq: 16, epoch: 422 },
    ]);
  });

  it("starts counting again on session.new", () => {
    const { sent } = replay();
    const last = sent.findLast((message) => message.t === "client.ack");
    expect(last?.data).toEqual({ ack_seq: 15 });
  });

  it("tells once that this server takes no audio", () => {
    const warnings = replay().events.flatMap((event) => (event.type === "warning" ? [event.error.code] : []));
    expect(warnings.filter((code) => code === "audio-refused")).toHaveLength(1);
  });
});
