import { type ClientData, encodeClientMessage, parseServerMessage, type ServerMessage } from "loquilex/protocol";
import type { PeerId, ProtocolInput, ProtocolOutput, SessionKey } from "../../examples/server/protocol/protocol-io.js";
import { ServerProtocol } from "../../examples/server/protocol/server-protocol.js";
import type { ServerTerms } from "../../examples/server/protocol/server-terms.js";

/** What {@link ProtocolServer} grants unless a test says otherwise. */
export const TERMS: ServerTerms = {
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 30_000,
  resumeTtlMs: 60_000,
  resumeMaxEvents: 10,
  maxInFlight: 64,
  maxMessageBytes: 65_536,
  windowMs: 10_000,
  pace: 4,
  snapshotFinals: 10,
};

interface SubjectOptions {
  readonly maxSessionsPerSubject?: number;
  /** Whom the token was issued to that a connection presents. @defaultValue nobody in particular */
  readonly subjectOf?: (peer: PeerId) => string | undefined;
}

/** The protocol's server end without sockets, clocks and files, and what it says to each connection. */
export class ProtocolServer {
  now = 0;
  readonly outputs: ProtocolOutput[] = [];
  readonly protocol: ServerProtocol;
  readonly #subjectOf: (peer: PeerId) => string | undefined;
  #secrets = 0;
  #epochs = 0;

  /** @param createSecret what a welcome issues. @defaultValue `secret 1` and so on */
  constructor(
    terms: ServerTerms = TERMS,
    createSecret: (() => string) | undefined = () => `secret ${++this.#secrets}`,
    { maxSessionsPerSubject, subjectOf = () => undefined }: SubjectOptions = {},
  ) {
    this.#subjectOf = subjectOf;
    this.protocol = new ServerProtocol({
      terms,
      maxSessions: 10,
      maxSessionsPerSubject,
      refuseFormat: () => undefined,
      createSecret,
      equalSecrets: (a, b) => a === b,
      createEpoch: () => ++this.#epochs,
    });
  }

  handle(input: ProtocolInput): void {
    const outputs = this.protocol.handle(input, this.now);
    this.outputs.push(...outputs);
    for (const output of outputs) {
      if (output.type !== "authorize") continue;
      const { peer } = output;
      this.handle({ type: "authorized", peer, granted: true, subject: this.#subjectOf(peer) });
    }
  }

  /** The lineage that began last. */
  get key(): SessionKey | undefined {
    return this.outputs.findLast((output) => output.type === "open")?.key;
  }

  /** Lets time pass, with its timers on time. */
  pass(durationMs: number): void {
    const end = this.now + durationMs;
    for (let at = this.protocol.wakeAt; at !== undefined && at <= end; at = this.protocol.wakeAt) {
      this.now = Math.max(this.now, at);
      this.handle({ type: "time" });
    }
    this.now = end;
  }

  /** Lets time pass in which nothing runs. */
  sleep(durationMs: number): void {
    this.now += durationMs;
    this.handle({ type: "time" });
  }

  open(peer: number, clientId: string, more: Partial<ClientData["client.hello"]> = {}): void {
    this.handle({ type: "connected", peer });
    const data = { ...OPENING, client_id: clientId, ...more };
    this.handle({ type: "data", peer, data: encodeClientMessage("client.hello", data) });
  }

  resume(peer: number, clientId: string, more: Partial<ClientData["session.resume"]> = {}): void {
    this.handle({ type: "connected", peer });
    const data = { ...OPENING, client_id: clientId, attempt: 2, last_seq: 0, epoch: 1, ...more };
    this.handle({ type: "data", peer, data: encodeClientMessage("session.resume", data) });
  }

  /** Anything, by which a client shows that it has got the answer. */
  beat(peer: number): void {
    this.handle({ type: "data", peer, data: encodeClientMessage("client.hb", {}) });
  }

  said(peer: number): ServerMessage[] {
    return this.outputs.flatMap((output) =>
      output.type === "send" && output.peer === peer && typeof output.data === "string"
        ? [parseServerMessage(output.data)]
        : [],
    );
  }

  error(peer: number) {
    return this.said(peer).find((message) => message.t === "server.error")?.data;
  }

  closed(peer: number): number | undefined {
    return this.outputs.flatMap((output) => (output.type === "close" && output.peer === peer ? [output.code] : []))[0];
  }
}

const OPENING = {
  agent: "test",
  accept: ["audio/1"],
  ack_mode: "cumulative",
  max_in_flight: 64,
  session_id: "session",
  attempt: 1,
  audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
} as const;
