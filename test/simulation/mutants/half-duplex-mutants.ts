import type { PlantedBug } from "../../support/planted-bug.js";
import type { EchoGround, EchoTrouble } from "../downlink/simulate-half-duplex.js";

/** A planted bug in what silences the microphone while the server is heard, and where it is hunted. */
export interface HalfDuplexMutant extends PlantedBug {
  readonly ground: EchoGround;
}

const HALF_DUPLEX = "src/playback/downlink/half-duplex.ts";
const PLAYER = "src/playback/player/player.ts";
const WATCH = "src/playback/player/loudness-watch.ts";

const mutant = (
  file: string,
  name: string,
  find: string,
  replace: string,
  ...troubles: readonly EchoTrouble[]
): HalfDuplexMutant => ({ name, file, find, replace, ground: troubles.length === 0 ? {} : { troubles } });

export const HALF_DUPLEX_MUTANTS: readonly HalfDuplexMutant[] = [
  mutant(
    HALF_DUPLEX,
    "the microphone is open again as soon as the player is soft",
    "from < span.to + clock.holdMs / 1_000",
    "from < span.to",
  ),
  mutant(
    WATCH,
    "the player says once that it is loud, and not again while it is",
    "    this.#dueAt = to + LOUD_REPORT_SEC;\n",
    "    this.#dueAt = to + 10 * LOUD_REPORT_SEC;\n",
  ),
  mutant(
    HALF_DUPLEX,
    "the microphone stays silenced until something else is loud",
    "from < span.to + clock.holdMs / 1_000",
    "from < span.to + 30",
  ),
  mutant(
    HALF_DUPLEX,
    "the first clock counts for good",
    "    this.#clock = clock;\n",
    "    this.#clock ??= clock;\n",
    "suspended",
  ),
  mutant(
    HALF_DUPLEX,
    "what was captured before the player stood still is judged by the clock from after",
    "    this.#before = { clock: last, spans: this.#spans };\n",
    "",
    "suspended",
  ),
  mutant(
    HALF_DUPLEX,
    "the clock from before the player stood still counts for what comes after",
    "return before !== undefined && this.#isWithin(frame, before.clock, before.spans);",
    "return before !== undefined && this.#isWithin(frame, before.clock, this.#spans);",
    "suspended",
  ),
  mutant(
    HALF_DUPLEX,
    "a report makes what was loud before forgotten",
    "[...this.#spans.filter(({ from, to }) => from !== span.from && to > span.from - KEEP_SEC), span]",
    "[{ ...span, from: span.to }]",
  ),
  mutant(
    PLAYER,
    "another running side is not told what was loud last",
    "    if (this.#loud !== undefined) this.#observer.tellLoud(this.#loud);\n",
    "",
    "worker",
  ),
  mutant(HALF_DUPLEX, "a change is told with every frame", "    this.#isSilenced = isSilenced;\n", ""),
  mutant(
    HALF_DUPLEX,
    "what the person has muted is not told as silenced while the player is heard",
    "    const isSilenced = this.#isHeardIn(frame);\n",
    "    const isSilenced = !isMuted(frame) && this.#isHeardIn(frame);\n",
    "mute",
  ),
  mutant(
    HALF_DUPLEX,
    "a frame in which the player begins to be heard passes",
    "to > span.from - LEAD_SEC",
    "from > span.from + 0.2",
  ),
  mutant(WATCH, "what is soft counts as loud", ">= this.#loudFrom) return true;", "> 0) return true;"),
];
