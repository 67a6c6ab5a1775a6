import { judgeAudio } from "./audio-verdict.js";
import { judgeEpisodes } from "./episode-verdict.js";
import { judgeMessages } from "./message-verdict.js";
import type { World } from "./world.js";

export interface Verdict {
  readonly seed: number;
  readonly faults: number;
  readonly frames: number;
  readonly lostSamples: number;
  readonly duplicatedMessages: number;
  readonly problems: readonly string[];
}

/** Longer than any client goes on in the simulation where nothing will ever be well again. */
const PATIENCE_MS = 300_000;

/** Holds a finished run against every promise of the protocol. */
export function judge(world: World, seed: number): Verdict {
  const problems: string[] = [];
  const say = (problem: string) => problems.push(problem);
  const { client, server } = world;
  if (!client.session.done) say("The client has not settled.");
  if (client.session.wakeAt !== undefined) say("The client left a timer.");
  if (client.openConnections > 0) say("The client left a connection open.");
  if (client.session.stats.bufferedBytes !== 0) say("The client's buffer is not empty.");
  if (server.sessionCount !== 0) say("The server has not settled.");
  if (server.wakeAt !== undefined) say("The server left a timer.");
  if (server.openConnections > 0) say("The server left a connection open.");
  const failure = client.failure;
  const excused = world.mayFail || (world.takenOver && failure !== undefined && isTakeover(failure));
  if (failure !== undefined && !excused && !client.outlastedBudget) say(`The client failed: ${failure}.`);
  const hopelessMs = world.hopelessSince === undefined ? 0 : (client.doneAt ?? 0) - world.hopelessSince;
  if (hopelessMs > PATIENCE_MS) say(`The client gave up after ${hopelessMs} ms without hope.`);
  judgeEpisodes(world, say);
  return {
    seed,
    faults: world.faultsInjected,
    frames: client.session.stats.framesCaptured,
    lostSamples: judgeAudio(world, say),
    duplicatedMessages: judgeMessages(world, say),
    problems,
  };
}

const isTakeover = (failure: string): boolean => failure === "session-superseded" || failure === "session-in-use";
