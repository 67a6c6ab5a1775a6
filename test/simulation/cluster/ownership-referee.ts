import { Foul } from "../referee.js";
import type { RedisState } from "./redis-values.js";

/**
 * Watches every change of a session in Redis: only its owner may make one, and only a claim makes another owner. Remembers
 * what has ever been there, because a node may say no more than that.
 */
export class OwnershipReferee {
  /** Which process calls itself so. */
  readonly #processes = new Map<string, number>();
  readonly #storedTo = new Map<string, number>();
  readonly #messages = new Map<string, string>();
  /** Lineages that have ended in the store. */
  readonly #over = new Set<string>();
  /** How often a session went to another process. */
  takeovers = 0;

  /** Audio before this position of a lineage has been in the store. */
  storedTo(epoch: number): number {
    return this.#storedTo.get(String(epoch)) ?? 0;
  }

  /** A numbered message of a lineage, as it was in the store. */
  messageOf(epoch: number, seq: number): string | undefined {
    return this.#messages.get(`${epoch}:${seq}`);
  }

  /** Called after each command, with what there was before it. */
  saw(process: number, before: RedisState, after: RedisState): void {
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      if (!key.endsWith("}")) continue;
      if (partsOf(key).every((part) => before.get(part) === after.get(part))) continue;
      this.#judge(process, fieldsOf(before, key), fieldsOf(after, key));
      this.#remember(key, after);
    }
  }

  /** Redis has died, and has only this: what is there again has not ended. */
  forgot(state: RedisState): void {
    for (const key of state.keys()) {
      const fields = fieldsOf(state, key);
      if (fields.get("session") !== "") this.#over.delete(fields.get("epoch") ?? "");
    }
  }

  #judge(process: number, was: Fields, is: Fields): void {
    this.#judgeEnd(was, is);
    const [owner, node] = [was.get("node"), is.get("node")];
    const isOver = owner === undefined || was.get("session") === "";
    if (node !== undefined && node !== owner) {
      const isClaimed = isOver || Number(is.get("term")) > Number(was.get("term"));
      if (!isClaimed) throw new Foul("A node made a session its own that another one has, without a claim.");
      this.#processes.set(node, process);
      if (!isOver) this.takeovers += 1;
      return;
    }
    if (!isOver && this.#processes.get(owner) !== process) throw new Foul("A node changed another node's session.");
  }

  /** What is over, or was deleted, does not come back in the same lineage. */
  #judgeEnd(was: Fields, is: Fields): void {
    const [before, now] = [was.get("epoch"), is.get("epoch")];
    const goesOn = now !== undefined && is.get("session") !== "";
    if (goesOn && this.#over.has(now)) throw new Foul("A session that was over is in the store again.");
    if (before !== undefined && !(goesOn && now === before)) this.#over.add(before);
  }

  #remember(key: string, state: RedisState): void {
    const fields = fieldsOf(state, key);
    const epoch = fields.get("epoch");
    if (epoch === undefined) return;
    const storedTo = Number(fields.get("storedTo"));
    this.#storedTo.set(epoch, Math.max(storedTo, this.#storedTo.get(epoch) ?? 0));
    const messages = state.get(`${key}:messages`);
    if (messages?.type !== "stream") return;
    for (const { id, fields: pair } of messages.entries) this.#messages.set(`${epoch}:${id}`, String(pair[1]));
  }
}

type Fields = ReadonlyMap<string, string>;

const NONE: Fields = new Map();

function fieldsOf(state: RedisState, key: string): Fields {
  const value = state.get(key);
  return value?.type === "hash" ? value.fields : NONE;
}

const partsOf = (key: string): readonly string[] => [key, `${key}:audio`, `${key}:messages`];
