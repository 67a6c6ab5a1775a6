import { type Mutant, mutantsOf, under } from "./mutant.js";

const session = mutantsOf("src/session/session.ts");
const sender = mutantsOf("src/session/audio/audio-sender.ts");
const episodes = mutantsOf("src/session/audio/drop-episodes.ts");

const CRAMPED = under("cramped");

/** Clients that lose audio, and say so too often, too late or not at all. */
export const LOSS_MUTANTS: readonly Mutant[] = [
  episodes(
    "One loss comes as many events.",
    "const isOver = ({ lastLossAt }: Episode) => now >= lastLossAt + QUIET_MS;",
    "const isOver = ({ lastLossAt }: Episode) => now >= lastLossAt;",
    CRAMPED,
  ),
  episodes(
    "Losses that have grown into one come as two events.",
    `const touching = this.#episodes.filter(touches);
    const merged = {
      from: Math.min(from, ...touching.map((episode) => episode.from)),
      to: Math.max(to, ...touching.map((episode) => episode.to)),
      lastLossAt: now,
    };
    this.#episodes = [...this.#episodes.filter((episode) => !touches(episode)), merged];`,
    `const touching = this.#episodes.filter(touches).slice(0, 1);
    const merged = {
      from: Math.min(from, ...touching.map((episode) => episode.from)),
      to: Math.max(to, ...touching.map((episode) => episode.to)),
      lastLossAt: now,
    };
    this.#episodes = [...this.#episodes.filter((episode) => episode !== touching[0]), merged];`,
    CRAMPED,
  ),
  episodes(
    "The page is warned of a loss with every frame.",
    "if (latest === undefined || now < this.#progressDueAt) return undefined;",
    "if (latest === undefined) return undefined;",
    CRAMPED,
  ),
  episodes(
    "What lies between two losses is reported as being lost.",
    "    return toRange(latest);",
    "    return { from: Math.min(...this.#episodes.map(({ from }) => from)), to: latest.to };",
    CRAMPED,
  ),
  episodes(
    "A loss that grows is reported as its last part.",
    "from: Math.min(from, ...touching.map((episode) => episode.from)),",
    "from,",
    CRAMPED,
  ),
  sender("What an encoder lost is lost without a word.", "this.#lose({ from, to: range.to });", "", under("mortal")),
  sender(
    "Silence that is left out counts as lost.",
    "this.#losses.skip({ from: frame.position, to: this.#capturedTo });",
    "this.#lose({ from: frame.position, to: this.#capturedTo });",
  ),
  sender(
    "Silence that was left out is announced as lost when a server falls back over it.",
    "this.#losses.skip({ from: frame.position, to: this.#capturedTo });",
    "",
    under("forgetful"),
  ),
  sender("Silence that is left out is not counted.", "this.stats.samplesWithheld += frame.sampleCount;", ""),
  sender(
    "Silence that is left out is sent as a frame without samples.",
    "if (isWithheld(frame)) {",
    "if (isWithheld(frame) && false) {",
  ),
  session(
    "A buffer that is to end the stream when it is full drops the oldest.",
    'if (dropped > 0 && this.#options.replay.whenFull === "fail")',
    'if (dropped > 1 && this.#options.replay.whenFull === "fail")',
    under("cramped", "mortal"),
  ),
  session(
    "An end before the start gives up what was captured by then.",
    "if (this.#connector.isIdle && this.#sender.capturedTo === 0) this.#finish",
    "if (this.#connector.isIdle) this.#finish",
    { ...under(), fixed: { startsAfterMs: 1_000 } },
  ),
  session(
    "A close has no end while a server is connected.",
    "if (farewell !== undefined && this.#time.awake >= farewell.at) {",
    "if (farewell !== undefined && this.#connector.live === undefined && this.#time.awake >= farewell.at) {",
    under("mortal"),
  ),
];
