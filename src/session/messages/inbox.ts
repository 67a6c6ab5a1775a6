import type { ServerMessage } from "../../protocol/messages.js";
import type { SessionCheckpoint } from "../session-io.js";
import { CaptionLedger } from "./caption-ledger.js";
import { droppedEvents } from "./dropped-events.js";
import { MessageLedger } from "./message-ledger.js";

/** Decides which messages of the server the application gets: each once, and no caption twice after the server has lost its state. */
export class Inbox {
  readonly ledger = new MessageLedger();
  readonly #captions = new CaptionLedger();
  readonly #sessionId: string;

  /** @param restored left by the session that this one goes on for. */
  constructor(sessionId: string, restored?: Pick<SessionCheckpoint, "epoch" | "lastSeq" | "ahead">) {
    this.#sessionId = sessionId;
    if (restored !== undefined) this.ledger.restore(restored.epoch, restored.lastSeq, restored.ahead);
  }

  /** A new lineage begins with this number. @returns what the application has to be told of the earlier one. */
  renew(epoch: number, seq: number | undefined): ServerMessage[] {
    this.ledger.reset(epoch, seq);
    return this.#captions.renew(this.#sessionId);
  }

  /** The server names its epoch. @returns what the application has to be told if it is a new one. */
  learnEpoch(epoch: number): ServerMessage[] {
    return this.ledger.learnEpoch(epoch) ? this.#captions.renew(this.#sessionId) : [];
  }

  /** Takes a message in. @returns whether it is new. */
  accept(message: ServerMessage): boolean {
    const dropped = droppedEvents(message);
    if (dropped !== undefined) this.ledger.loseReported(dropped.from_seq, dropped.to_seq);
    return message.seq === undefined || this.ledger.accept(message.seq);
  }

  /** Returns a new message as the application gets it, or `undefined` if it says nothing new. */
  judge(message: ServerMessage): ServerMessage | undefined {
    return this.#captions.judge(message);
  }
}
