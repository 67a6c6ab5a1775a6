import type { ServerData, ServerMessage } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { ProtocolServer, TERMS } from "../support/protocol-server.js";

const LIMIT = 4_096;

/** A session whose client went away, and what it is told when it comes back. */
class Interrupted {
  readonly server = new ProtocolServer({ ...TERMS, maxMessageBytes: LIMIT, snapshotFinals: 100 });

  constructor() {
    this.server.open(1, "client");
    this.server.beat(1);
  }

  emit(t: string, segment_id: string, text: string): void {
    const key = this.server.key;
    if (key === undefined) throw new Error("No session was opened.");
    this.server.handle({ type: "emit", key, t, data: { segment_id, text } });
  }

  take(t: string, segment_ids: readonly string[]): void {
    const key = this.server.key;
    if (key === undefined) throw new Error("No session was opened.");
    this.server.handle({ type: "emit", key, t, data: { segment_ids } });
  }

  snapshot() {
    this.server.handle({ type: "closed", peer: 1, code: 1006 });
    this.server.resume(2, "client", { resume_token: "secret 1" });
    const is = (message: ServerMessage) => message.t === "session.snapshot";
    const at = this.server.said(2).findIndex(is);
    const sent = this.server.outputs.flatMap((output) =>
      output.type === "send" && output.peer === 2 ? [output.data] : [],
    );
    const data = this.server.said(2)[at]?.data as ServerData["session.snapshot"];
    const ids = (list: readonly unknown[]) => list.map((each) => (each as { segment_id: string }).segment_id);
    return {
      bytes: Buffer.byteLength(sent[at] ?? ""),
      finals: ids(data.finalized_transcript),
      partials: ids(data.active_partials),
      omitted: { finals: data.omitted_finals, partials: data.omitted_partials },
    };
  }
}

describe("the snapshot that a resumed session begins with", () => {
  it("has all captions if they fit, and says that it left out none", () => {
    const session = new Interrupted();
    session.emit("asr.final", "a", "one");
    session.emit("asr.partial", "b", "tw");
    const { finals, partials, omitted } = session.snapshot();
    expect({ finals, partials, omitted }).toEqual({
      finals: ["a"],
      partials: ["b"],
      omitted: { finals: undefined, partials: undefined },
    });
  });

  it("is no larger than a message may be: it has the newest captions, and says how many it left out", () => {
    const session = new Interrupted();
    // In UTF-8 each of them takes three times as many bytes as it has characters.
    for (let count = 0; count < 50; count += 1) session.emit("asr.final", `f${count}`, "\u8a9e".repeat(100));
    for (let count = 0; count < 3; count += 1) session.emit("asr.partial", `p${count}`, "short");
    const { bytes, finals, partials, omitted } = session.snapshot();
    expect(bytes).toBeLessThanOrEqual(LIMIT);
    expect(bytes).toBeGreaterThan(LIMIT / 2);
    expect(partials).toEqual(["p0", "p1", "p2"]);
    expect(finals.at(-1)).toBe("f49");
    expect(omitted).toEqual({ finals: 50 - finals.length, partials: undefined });
  });

  it("leaves out a caption that is too large by itself, and says so, also while it is being said", () => {
    const session = new Interrupted();
    session.emit("asr.final", "a", "one");
    session.emit("asr.final", "huge", "x".repeat(LIMIT));
    session.emit("asr.partial", "b", "y".repeat(LIMIT));
    session.emit("asr.partial", "c", "three");
    const { bytes, finals, partials, omitted } = session.snapshot();
    expect(bytes).toBeLessThanOrEqual(LIMIT);
    expect({ finals, partials, omitted }).toEqual({
      finals: ["a"],
      partials: ["c"],
      omitted: { finals: 1, partials: true },
    });
  });

  it("counts what is beyond the number of captions that it may have, too", () => {
    const session = new Interrupted();
    for (let count = 0; count < 103; count += 1) session.emit("asr.final", `${count}`, "");
    const { finals, omitted } = session.snapshot();
    expect(finals.length + (omitted.finals ?? 0)).toBe(103);
    expect(finals.length).toBeLessThanOrEqual(100);
  });

  it("has none that was taken back or replaced", () => {
    const session = new Interrupted();
    session.emit("asr.final", "a", "one");
    session.emit("asr.partial", "b", "tw");
    session.take("asr.void", ["a", "b"]);
    const { finals, partials, omitted } = session.snapshot();
    expect({ finals, partials, omitted }).toEqual({ finals: [], partials: [], omitted: {} });
  });
});
