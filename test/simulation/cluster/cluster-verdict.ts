import { intersect, merge, type Range, show, subtract, total } from "../ranges.js";
import type { ClusterWorld } from "./cluster-world.js";
import { spokenText, WORD_SAMPLES } from "./node-recording.js";

export interface ClusterVerdict {
  readonly seed: number;
  readonly faults: number;
  readonly frames: number;
  readonly takeovers: number;
  readonly lostSamples: number;
  readonly duplicatedMessages: number;
  readonly problems: readonly string[];
}

interface Shown extends Range {
  readonly text: string;
}

interface CaptionData {
  readonly segment_id: string;
  readonly text: string;
  readonly audio: Range;
  readonly replaces?: readonly string[];
}

/** Holds a run that is over against what was promised. */
export function judgeCluster(world: ClusterWorld, seed: number): ClusterVerdict {
  const problems: string[] = [];
  const say = (problem: string): number => problems.push(problem);
  const { client, nodes, redis, sessionsInTheEnd } = world;
  if (!client.session.done) say("The client has not settled.");
  if (client.session.stats.bufferedBytes !== 0) say("The client's buffer is not empty.");
  if (sessionsInTheEnd > 1) say(`${sessionsInTheEnd} nodes have the session, and one owns it.`);
  if (hasForgottenSecret(world)) return { ...figures(world, seed), lostSamples: 0, duplicatedMessages: 0, problems };
  if (client.failure !== undefined) say(`The client failed: ${client.failure}.`);
  if (nodes.some(({ sessionCount }) => sessionCount > 0)) say("The nodes have not settled.");
  if (redis.sessions > 0 && world.closedInQuiet) say("The session is over, and the store has it.");
  return {
    ...figures(world, seed),
    lostSamples: judgeAudio(world, say),
    duplicatedMessages: judgeMessages(world, say),
    problems,
  };
}

const figures = ({ client, redis, faults }: ClusterWorld, seed: number) => ({
  seed,
  frames: client.session.stats.framesCaptured,
  takeovers: redis.referee.takeovers,
  faults: [...faults.values()].reduce((sum, count) => sum + count, 0),
});

/** A Redis that forgets a claim which it has answered no longer knows the secret that the client got for it. */
const hasForgottenSecret = ({ client, kind }: ClusterWorld): boolean =>
  kind.forgetful && client.failure === "rejected-by-server";

/** Everything that was captured is on a disk: what one node has beyond the place where the next one began is the next one's. */
function judgeAudio({ client, disks }: ClusterWorld, say: (problem: string) => void): number {
  const drops = client.drops.map(({ range }) => range);
  if (drops.length > 0) say(`Announced as lost: ${show(drops)}.`);
  const missing = subtract([{ from: 0, to: client.capturedTo }], merge(disks.flat()));
  if (missing.length > 0) say(`Lost: ${show(missing)}.`);
  return total(missing) + total(drops);
}

/** Every word has one caption in the end, which says what was spoken there, and none is left open. */
function judgeMessages(world: ClusterWorld, say: (problem: string) => void): number {
  const { client, kind } = world;
  const shown = new Map<string, Shown>();
  const open = new Set<string>();
  const seen = new Set<string>();
  let duplicates = 0;
  const lineages = world.confirmed.size;
  let epoch = 0;
  for (const { event } of client.told) {
    if (event.type === "connected" && event.reconnection?.resumed !== true) epoch += 1;
    if (event.type === "warning" && event.error.code === "messages-missing" && !kind.forgetful) {
      say(`No message was ever dropped: ${event.error.message}`);
    }
    if (event.type !== "message") continue;
    const { t, seq, data } = event.message;
    if (t === "asr.void") {
      for (const id of (data as { segment_ids: readonly string[] }).segment_ids) {
        if (shown.has(id)) say(`The caption ${id} is taken back, and was final.`);
        open.delete(id);
      }
    }
    if (t !== "asr.partial" && t !== "asr.final") continue;
    const { segment_id: id, text, audio, replaces = [] } = data as CaptionData;
    const name = `${epoch}:${seq}`;
    if (seen.has(name)) {
      duplicates += 1;
      say(`Message ${seq} came twice.`);
    }
    seen.add(name);
    if (shown.has(id)) say(`The segment ${id} goes on after its final caption.`);
    if (t === "asr.partial") open.add(id);
    else {
      for (const replaced of [id, ...replaces]) {
        shown.delete(replaced);
        open.delete(replaced);
      }
      shown.set(id, { ...audio, text });
    }
  }
  if (lineages > 1 && !kind.forgetful) say(`${lineages} lineages, and no state was ever lost.`);
  if (open.size > 0 && !kind.forgetful) say(`Segments without their final caption: ${[...open].join(", ")}.`);
  const captions = [...shown.values()];
  const missing = subtract([{ from: 0, to: client.capturedTo }], captions);
  if (missing.length > 0 && !kind.forgetful) say(`Without a caption: ${show(missing)}.`);
  judgeWords(captions, say);
  return duplicates;
}

function judgeWords(shown: readonly Shown[], say: (problem: string) => void): void {
  for (const [index, caption] of shown.entries()) {
    const twice = intersect([caption], shown.slice(index + 1));
    if (twice.length > 0) say(`Captioned twice: ${show(twice)}.`);
    if (caption.to - caption.from > WORD_SAMPLES) say(`A caption is longer than a word: ${show([caption])}.`);
    if (caption.text !== spokenText(caption.from, caption.to)) say(`A caption of other audio: ${show([caption])}.`);
  }
}
