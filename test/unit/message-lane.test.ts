import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MessageLane } from "../../examples/server/connection/message-lane.js";

const MAX_BYTES = 1_000;

interface Frame {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly reserved?: number;
  readonly lengthBytes?: 0 | 2 | 8;
}

/** A client's frame as it goes over the wire. */
function frame(payload: Uint8Array, { opcode = 2, final = true, reserved = 0, lengthBytes }: Frame = {}): Buffer {
  const bytes = lengthBytes ?? (payload.byteLength < 126 ? 0 : payload.byteLength < 65_536 ? 2 : 8);
  const length = Buffer.alloc(bytes);
  if (bytes > 0) length.writeUIntBE(payload.byteLength, Math.max(0, bytes - 6), Math.min(6, bytes));
  const short = bytes === 0 ? payload.byteLength : bytes === 2 ? 126 : 127;
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([Buffer.of((final ? 0x80 : 0) | reserved | opcode, 0x80 | short), length, mask, masked]);
}

/** What comes out of a lane, in order: messages as they are, and `rest` for bytes that went to the WebSocket. */
function through(chunks: readonly Uint8Array[], pass: (chunk: Buffer) => void = () => {}) {
  const messages: Buffer[] = [];
  const rest: Buffer[] = [];
  const order: string[] = [];
  const lane = new MessageLane({
    maxBytes: MAX_BYTES,
    onBytes: (message) => {
      messages.push(Buffer.from(message));
      order.push("message");
    },
    onText: (text) => {
      messages.push(Buffer.from(text));
      order.push("text");
    },
    toWebSocket: (chunk) => {
      rest.push(Buffer.from(chunk));
      if (order.at(-1) !== "rest") order.push("rest");
      pass(chunk);
    },
  });
  for (const chunk of chunks) lane.push(Buffer.from(chunk));
  return { messages, rest: Buffer.concat(rest), order };
}

/** Cuts bytes into pieces of these lengths, again and again. */
function pieces(bytes: Buffer, ...lengths: number[]): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += lengths[(found.length - 1) % lengths.length] ?? 1) {
    found.push(bytes.subarray(at, at + (lengths[found.length % lengths.length] ?? 1)));
  }
  return found;
}

describe("the lane of whole messages", () => {
  it.each([1, 2, 3, 4, 5, 125, 126, 127, 640, MAX_BYTES])(
    "unmasks messages of %i bytes, wherever they lie",
    (bytes) => {
      const payloads = [bytes, 7, bytes, bytes].map((size) => randomBytes(size));
      const { messages, rest } = through([Buffer.concat(payloads.map((payload) => frame(payload)))]);
      expect(messages).toEqual(payloads);
      expect(rest).toHaveLength(0);
    },
  );

  it.each([
    ["text that is no UTF-8", frame(Buffer.from([0x61, 0xc3, 0x28]), { opcode: 1 })],
    ["a ping", frame(Buffer.from("hello"), { opcode: 9 })],
    ["nothing in it", frame(Buffer.alloc(0))],
    ["reserved bits", frame(Buffer.from("hello"), { reserved: 0x40 })],
    ["more than is allowed", frame(Buffer.alloc(MAX_BYTES + 1))],
    ["a length in eight bytes", frame(Buffer.from("hello"), { lengthBytes: 8 })],
    ["an unknown opcode", frame(Buffer.from("hello"), { opcode: 3 })],
  ])("leaves a frame with %s to the WebSocket as it came, and what follows it in the chunk", (_, other) => {
    const next = frame(randomBytes(300));
    const { messages, rest, order } = through([Buffer.concat([frame(Buffer.of(1)), other, next]), next]);
    expect(messages).toHaveLength(2);
    expect(rest).toEqual(Buffer.concat([other, next]));
    expect(order).toEqual(["message", "rest", "message"]);
  });

  it("reads text as text", () => {
    const texts = ["hello", "é€😀".repeat(40)].map((text) => Buffer.from(text));
    const { messages, rest, order } = through([Buffer.concat(texts.map((text) => frame(text, { opcode: 1 })))]);
    expect({ messages, order }).toEqual({ messages: texts, order: ["text", "text"] });
    expect(rest).toHaveLength(0);
  });

  it("leaves an unmasked frame to the WebSocket", () => {
    const unmasked = Buffer.from([0x82, 5, 1, 2, 3, 4, 5]);
    expect(through([unmasked])).toMatchObject({ messages: [], rest: unmasked });
  });

  it("knows where the next message begins after one that came in two parts, wherever it was cut", () => {
    const [first, second] = [frame(randomBytes(300)), frame(randomBytes(200))];
    for (let cut = 1; cut < first.byteLength; cut += 1) {
      const { messages, rest } = through([first.subarray(0, cut), first.subarray(cut), second]);
      expect(messages).toHaveLength(1);
      expect(rest).toEqual(first);
    }
  });

  it("takes whole messages again right behind one that was cut, unless the WebSocket may still find something wrong with it", () => {
    const [first, second] = [frame(randomBytes(300)), frame(randomBytes(200))];
    const cut = (whole: Buffer) => {
      const { messages, rest } = through([
        whole.subarray(0, 100),
        Buffer.concat([whole.subarray(100), second, second]),
      ]);
      return { messages: messages.length, rest };
    };
    expect(cut(first)).toEqual({ messages: 2, rest: first });
    for (const other of [
      frame(randomBytes(300), { opcode: 1 }),
      frame(randomBytes(300), { final: false }),
      frame(randomBytes(300), { reserved: 0x40 }),
      frame(randomBytes(MAX_BYTES + 1)),
    ]) {
      expect(cut(other)).toEqual({ messages: 0, rest: Buffer.concat([other, second, second]) });
    }
    const inPieces = through([
      frame(Buffer.of(1), { final: false }),
      first.subarray(0, 100),
      Buffer.concat([first.subarray(100), second]),
    ]);
    expect(inPieces.messages).toEqual([]);
  });

  it("leaves all frames of a message in pieces to the WebSocket, control frames between them too", () => {
    const message = Buffer.concat([
      frame(Buffer.from("a"), { final: false }),
      frame(Buffer.from("b"), { opcode: 9 }),
      frame(Buffer.from("c"), { opcode: 0, final: false }),
    ]);
    const end = frame(Buffer.from("d"), { opcode: 0 });
    const whole = frame(randomBytes(200));
    const { messages, rest } = through([message, whole, end, whole]);
    expect(messages).toHaveLength(1);
    expect(rest).toEqual(Buffer.concat([message, whole, end]));
  });

  it("hears nothing after the client's goodbye, which the WebSocket gets as a whole", () => {
    const goodbye = frame(Buffer.from([3, 232, 98, 121, 101]), { opcode: 8 });
    for (const cut of [goodbye.byteLength, 1, 4, 9]) {
      const chunks = [goodbye.subarray(0, cut), goodbye.subarray(cut)].filter(({ byteLength }) => byteLength > 0);
      const { messages, rest } = through([...chunks, frame(Buffer.of(1)), frame(Buffer.of(2))]);
      expect(messages).toEqual([]);
      expect(rest).toEqual(goodbye);
    }
  });

  it("hands everything on in its order and as it came, however it is cut", () => {
    const frames = Array.from({ length: 60 }, (_, index) => {
      if (index % 7 === 3) return frame(randomBytes(index), { opcode: 9 });
      if (index % 11 === 5) return frame(randomBytes(400), { opcode: 1 });
      return frame(Buffer.concat([Buffer.of(index), randomBytes(20 * index)]).subarray(0, MAX_BYTES));
    });
    const all = Buffer.concat(frames);
    for (const lengths of [[1], [3, 700], [1_448], [65_536], [90, 91, 7, 2_000]]) {
      const { messages, rest } = through(pieces(all, ...lengths));
      const first = messages.map((message) => message[0] ?? 0);
      expect(first).toEqual(first.toSorted((a, b) => a - b));
      const bytes = messages.reduce((sum, { byteLength }) => sum + byteLength + (byteLength < 126 ? 6 : 8), 0);
      expect(bytes + rest.byteLength).toBe(all.byteLength);
    }
  });
});
