import { encodeServerMessage } from "../../src/protocol/messages.js";
import { Session } from "../../src/session/session.js";
import type { SessionInput } from "../../src/session/session-io.js";
import { Rng } from "./rng.js";

const CLIENTS = 200;

/** What a server does to every connection. */
type Server = (connection: number) => {
  /** Milliseconds that the session is live; `undefined`: the server closes at once, or was never there. */
  readonly liveMs?: number;
  readonly goAway?: boolean;
  readonly complaint?: { readonly code: string; readonly retry_after_ms: number };
  readonly closeCode: number;
};

interface Play {
  /** When each connection was asked for. */
  readonly connects: number[];
  readonly retries: { readonly attempt: number; readonly delayMs: number }[];
}

/** Runs a session against a server that only ever disappoints it. */
function play(seed: number, durationMs: number, server: Server, probeEveryMs?: number): Play {
  const rng = new Rng(seed);
  const session = new Session({
    sessionId: "session",
    clientId: "client",
    takeover: false,
    agent: "simulation",
    format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
    replay: { maxDurationMs: 30_000, maxBytes: 4_194_304, whenFull: "drop-oldest" },
    retry: {
      initialDelayMs: 250,
      maxDelayMs: 10_000,
      factor: 2,
      jitterRatio: 1,
      maxAttempts: Number.POSITIVE_INFINITY,
      maxElapsedMs: Number.POSITIVE_INFINITY,
      initial: "retry",
      policy: undefined,
    },
    connectTimeoutMs: 10_000,
    heartbeat: { intervalMs: 10_000, timeoutMs: 5_000 },
    renewableToken: false,
    random: () => rng.next(),
  });
  const result: Play = { connects: [], retries: [] };
  const planned: { at: number; input: SessionInput }[] = [{ at: 0, input: { type: "start" } }];
  const plan = (at: number, input: SessionInput) => planned.push({ at, input });
  for (let at = probeEveryMs ?? durationMs; at < durationMs; at += probeEveryMs ?? durationMs) {
    plan(at, { type: "probe" });
  }
  for (let now = 0; now < durationMs; ) {
    planned.sort((a, b) => a.at - b.at);
    const wakeAt = session.wakeAt ?? Number.POSITIVE_INFINITY;
    const next = planned[0]?.at ?? Number.POSITIVE_INFINITY;
    now = Math.max(now, Math.min(wakeAt, next));
    if (now >= durationMs) break;
    const input: SessionInput = next <= wakeAt ? (planned.shift()?.input ?? { type: "time" }) : { type: "time" };
    for (const output of session.handle(input, now)) {
      if (output.type === "event" && output.event.type === "reconnecting") result.retries.push(output.event);
      if (output.type !== "connect") continue;
      result.connects.push(now);
      const { connection } = output;
      const { liveMs, goAway, complaint, closeCode } = server(connection);
      const say = (at: number, data: string) => plan(at, { type: "message", connection, data });
      plan(now + 5, { type: "open", connection, token: undefined });
      if (liveMs !== undefined) {
        say(now + 10, WELCOME);
        say(now + 10, NEW);
      }
      const end = now + 10 + (liveMs ?? 0);
      if (goAway) say(end, encodeServerMessage("server.goaway", { reason: "maintenance" }));
      if (complaint !== undefined) say(end, encodeServerMessage("server.error", complaint));
      plan(end, { type: "lost", connection, loss: { kind: "closed", code: closeCode, reason: "" } });
      // A healthy link answers heartbeats; anything inbound will do.
      for (let at = now + 1_000; at < end; at += 1_000) say(at, encodeServerMessage("server.hb", {}));
    }
  }
  return result;
}

const WELCOME = encodeServerMessage("server.welcome", {
  hb: { interval_ms: 5_000, timeout_ms: 30_000 },
  resume_window: { seconds: 60, token: "secret" },
  limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
  audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 160_000 },
});
const NEW = encodeServerMessage("session.new", {
  session_id: "session",
  epoch: 1,
  reason: "created",
  audio: { position: 0, pace: 4 },
});

/** Holds many clients against the promises about retries: spread, patience, and what resets them. */
export function judgeRetries(): string[] {
  const problems: string[] = [];
  const say = (problem: string) => problems.push(problem);
  judgePatience(say);
  const first = (server: Server) => Array.from({ length: CLIENTS }, (_, index) => play(index + 1, 8_000, server));
  // Gone for all at once: the first delays have room for a crowd.
  const gone = first(() => ({ closeCode: 1006 }));
  for (const [index, ceiling] of [750, 750, 1_000].entries()) judgeSpread(gone, index, 0, ceiling, say);
  judgeSpread(
    first(() => ({ closeCode: 1011 })),
    0,
    1_250,
    2_000,
    say,
  );
  judgeSpread(
    first(() => ({ liveMs: 0, goAway: true, closeCode: 1012 })),
    0,
    0,
    1_000,
    say,
  );

  const afterTwoFailures = (liveMs: number) =>
    play(1, 60_000, (connection) => (connection < 3 ? { closeCode: 1006 } : { liveMs, closeCode: 1006 })).retries[2];
  if (afterTwoFailures(4_900)?.attempt !== 3) say("A connection of 4.9 s ends the row of failures.");
  if (afterTwoFailures(5_100)?.attempt !== 1) say("A connection of 5.1 s does not end the row of failures.");
  return problems;
}

/** No server is hammered, however it fails and whatever the page is told about the network. */
function judgePatience(say: (problem: string) => void): void {
  const never = (what: string, most: number, withinMs: number, durationMs: number, server: Server) => {
    for (const [index, probeEveryMs] of [undefined, undefined, undefined, 700].entries()) {
      const { connects, retries } = play(index + 1, durationMs, server, probeEveryMs);
      const asked = server(1).complaint?.retry_after_ms ?? 0;
      if (retries.some(({ delayMs }) => delayMs < asked)) say(`A server that ${what} is asked again sooner.`);
      const worst = mostWithin(connects, withinMs);
      if (worst > most) say(`${worst} connections within ${withinMs} ms to a server that ${what}.`);
    }
  };
  never("is gone", 10, 119_000, 400_000, () => ({ closeCode: 1006 }));
  never("accepts and closes", 4, 10_000, 60_000, () => ({ closeCode: 1011 }));
  never("sends everyone away", 10, 119_000, 400_000, () => ({ liveMs: 0, goAway: true, closeCode: 1012 }));
  const complaint = { code: "overloaded", retry_after_ms: 5_000 };
  never("asks for five seconds", 6, 29_000, 60_000, () => ({ complaint, closeCode: 4429 }));
}

/** Clients that lost the same server must not come back together: delays fill the whole interval evenly. */
function judgeSpread(
  plays: readonly Play[],
  index: number,
  from: number,
  to: number,
  say: (problem: string) => void,
): void {
  const delays = plays.map(({ retries }) => retries[index]?.delayMs ?? Number.NaN);
  const quarters = [0, 0, 0, 0];
  for (const delay of delays) {
    const quarter = Math.floor(((delay - from) / (to - from)) * 4);
    if (quarters[quarter] === undefined) say(`Retry ${index + 1} came after ${delay} ms, not ${from} to ${to}.`);
    else quarters[quarter] += 1;
  }
  if (quarters.some((count) => count < CLIENTS / 8)) {
    say(`The quarters of retry ${index + 1} got ${quarters.join(", ")} of ${CLIENTS} clients.`);
  }
}

function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [index, time] of times.entries()) {
    while (time - (times[first] ?? time) >= windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
