import { judgeAudio } from "./audio-verdict.js";
import { judgeEpisodes } from "./episode-verdict.js";
import { judgeSource } from "./farewells.js";
import type { Life } from "./life.js";
import { judgeMessages } from "./message-verdict.js";
import type { World } from "./world.js";

export interface Verdict {
  readonly seed: number;
  readonly faults: number;
  readonly frames: number;
  readonly lostSamples: number;
  readonly duplicatedMessages: number;
  /** What a kind of trouble is there for, if it came about. */
  readonly marks: readonly Mark[];
  readonly problems: readonly string[];
}

/** What at least some runs of a kind must have come to. */
export type Mark =
  | "ended by a grant of other audio"
  | "ended by a limit that no sample fits into"
  | "ended by what the application threw"
  | "delivered all that a source gave before it ended badly"
  | "ended with its source while the server was away"
  | "crashed without a word"
  | "went away with a goodbye"
  | "waited for a dead page's session, and got it"
  | "took a dead page's session over"
  | "delivered all after a worker had died";

/** Longer than any client goes on in the simulation where nothing will ever be well again. */
const PATIENCE_MS = 300_000;

/** Holds a finished run against every promise of the protocol. */
export function judge(world: World, seed: number): Verdict {
  const problems: string[] = [];
  const say = (problem: string) => problems.push(problem);
  const { server, lives } = world;
  if (server.sessionCount !== 0) say("The server has not settled.");
  if (server.wakeAt !== undefined) say("The server left a timer.");
  if (server.openConnections > 0) say("The server left a connection open.");
  for (const life of lives) judgeEnd(world, life, say);
  judgeSource(world, say);
  const sum = (count: (life: Life) => number): number => lives.reduce((total, life) => total + count(life), 0);
  return {
    seed,
    faults: world.faultsInjected,
    frames: sum(({ client }) => client.session.stats.framesCaptured),
    lostSamples: sum((life) => judgeAudio(life, say)),
    duplicatedMessages: sum((life) => judgeMessages(life, say)),
    marks: marksOf(world),
    problems,
  };
}

function judgeEnd(world: World, life: Life, say: (problem: string) => void): void {
  const { client } = life;
  judgeEpisodes(life, say);
  if (client.crashed) return;
  if (!client.session.done) say("The client has not settled.");
  if (client.session.wakeAt !== undefined) say("The client left a timer.");
  if (client.openConnections > 0) say("The client left a connection open.");
  if (client.session.stats.bufferedBytes !== 0) say("The client's buffer is not empty.");
  const { failure, threwAt } = client;
  if (threwAt !== undefined && (failure !== "internal-error" || client.doneAt !== threwAt)) {
    say(`Something of the application's threw at ${threwAt}, and the session ended at ${client.doneAt}: ${failure}.`);
  }
  const hasRivals = world.takenOver || world.earlier !== undefined;
  const excused = world.mayFail || threwAt !== undefined || (hasRivals && failure !== undefined && isTakeover(failure));
  if (failure !== undefined && !excused && !client.outlastedBudget) say(`The client failed: ${failure}.`);
  const hopelessMs = world.hopelessSince === undefined ? 0 : (client.doneAt ?? 0) - world.hopelessSince;
  if (hopelessMs > PATIENCE_MS) say(`The client gave up after ${hopelessMs} ms without hope.`);
}

function marksOf({ client, earlier, sourceEndedAt }: World): Mark[] {
  const marks: Mark[] = [];
  const { failure } = client;
  const delivered = failure === undefined && client.told.at(-1)?.event.type === "ended";
  if (failure === "protocol-mismatch") marks.push("ended by a grant of other audio");
  if (failure === "message-too-large") marks.push("ended by a limit that no sample fits into");
  if (failure === "internal-error") marks.push("ended by what the application threw");
  if (sourceEndedAt !== undefined) {
    if (delivered) marks.push("delivered all that a source gave before it ended badly");
    if (failure === "close-timeout") marks.push("ended with its source while the server was away");
  }
  if (delivered && client.deaths.length > 0) marks.push("delivered all after a worker had died");
  if (earlier !== undefined) {
    marks.push(earlier.crashed ? "crashed without a word" : "went away with a goodbye");
    if (delivered && client.waitedForAnother) marks.push("waited for a dead page's session, and got it");
    if (delivered && client.takesOver) marks.push("took a dead page's session over");
  }
  return marks;
}

const isTakeover = (failure: string): boolean => failure === "session-superseded" || failure === "session-in-use";
