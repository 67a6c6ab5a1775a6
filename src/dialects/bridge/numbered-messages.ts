import { encodeServerMessage, type ServerData, type ServerMessageType } from "../../protocol/messages.js";

/** What the client has to get once and in order, kept until it says that it has it. */
export class NumberedMessages {
  readonly #kept: { readonly seq: number; readonly json: string }[] = [];
  #last = 0;
  #sent = 0;
  #acknowledged = 0;
  #maxInFlight = 1;
  #send: ((json: string) => void) | undefined;

  get last(): number {
    return this.#last;
  }

  set maxInFlight(count: number) {
    this.#maxInFlight = count;
    this.#flush();
  }

  push<T extends ServerMessageType>(t: T, data: ServerData[T]): void;
  push(t: string, data: unknown): void;
  push(t: string, data: unknown): void {
    this.#last += 1;
    this.#kept.push({ seq: this.#last, json: encodeServerMessage(t, data, { seq: this.#last }) });
    this.#flush();
  }

  /** A client is there, and has everything up to this number. */
  attach(send: (json: string) => void, lastSeq: number): void {
    this.#send = send;
    this.#sent = 0;
    this.acknowledge(lastSeq);
  }

  detach(): void {
    this.#send = undefined;
  }

  acknowledge(seq: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, Math.min(seq, this.#last));
    while ((this.#kept[0]?.seq ?? Number.POSITIVE_INFINITY) <= this.#acknowledged) this.#kept.shift();
    this.#flush();
  }

  #flush(): void {
    for (const { seq, json } of this.#kept) {
      if (this.#send === undefined || seq > this.#acknowledged + this.#maxInFlight) return;
      if (seq <= this.#sent) continue;
      this.#sent = seq;
      this.#send(json);
    }
  }
}
