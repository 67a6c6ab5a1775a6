const TEXT_MESSAGE = 0x81;
const CLOSE_MESSAGE = 0x88;

/** What a server wrote, taken apart into WebSocket messages. */
export class ServerMessages {
  readonly #onText: (text: string) => void;
  readonly #onClose: (code: number, reason: string) => void;
  /** The beginning of a message that has not come as a whole. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(options: { onText(text: string): void; onClose(code: number, reason: string): void }) {
    this.#onText = options.onText;
    this.#onClose = options.onClose;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const head = headBytes(bytes, at);
      if (head === undefined || at + head.bytes + head.payload > bytes.byteLength) break;
      const from = at + head.bytes;
      at = from + head.payload;
      if (bytes[at - head.payload - head.bytes] === TEXT_MESSAGE) this.#onText(bytes.toString("utf8", from, at));
      else if (bytes[from - head.bytes] === CLOSE_MESSAGE) {
        this.#onClose(head.payload < 2 ? 1005 : bytes.readUInt16BE(from), bytes.toString("utf8", from + 2, at));
      }
    }
    this.#rest = at === bytes.byteLength ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  }
}

/** Sizes of a message's head and payload; `undefined` if the head is not whole. */
function headBytes(bytes: Buffer, at: number): { readonly bytes: number; readonly payload: number } | undefined {
  const left = bytes.byteLength - at;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const size = { 126: 4, 127: 10 }[short] ?? 2;
  if (left < size) return undefined;
  if (size === 2) return { bytes: 2, payload: short };
  return { bytes: size, payload: size === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2)) };
}
