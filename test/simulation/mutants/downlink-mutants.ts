import type { PlantedBug } from "../../support/planted-bug.js";
import type { DownlinkGround, DownlinkTrouble } from "../downlink/simulate-downlink.js";

/** A planted bug in what carries the server's audio, and where it is hunted. */
export interface DownlinkMutant extends PlantedBug {
  readonly ground: DownlinkGround;
}

const DOWNLINK = "src/playback/downlink/downlink.ts";
const SENDER = "src/protocol/playback-sender.ts";
const RING = "src/playback/player/voice-ring.ts";

const mutant = (
  file: string,
  name: string,
  find: string,
  replace: string,
  ...troubles: readonly DownlinkTrouble[]
): DownlinkMutant => ({ name, file, find, replace, ground: troubles.length === 0 ? {} : { troubles, count: 5 } });

export const DOWNLINK_MUTANTS: readonly DownlinkMutant[] = [
  mutant(
    SENDER,
    "the server repeats what was not heard after a reconnect",
    "this.#cursor = Math.max(next, this.#floor);",
    "this.#cursor = Math.max(heard, this.#floor);",
    "cut",
  ),
  mutant(
    SENDER,
    "the server skips what was on its way when the connection broke",
    "this.#cursor = Math.max(next, this.#floor);",
    "this.#cursor = this.#sent;",
    "cut",
  ),
  mutant(
    DOWNLINK,
    "the client asks again for what the player has",
    "      next: this.#next,\n",
    "      next: this.#heard,\n",
    "cut",
  ),
  mutant(
    RING,
    "the player takes what was on its way when it was interrupted",
    "  take(samples: Int16Array): void {\n    if (this.#answered !== this.#interrupts) return;\n",
    "  take(samples: Int16Array): void {\n",
    "interrupt",
  ),
  mutant(
    RING,
    "the player goes on playing what it has when it is interrupted",
    "    this.#next = this.#heard;\n    this.#activity",
    "    this.#activity",
    "interrupt",
  ),
  mutant(
    DOWNLINK,
    "what has come counts as heard",
    'if (this.#isHeardNow) this.#say("playback.ack", { heard: this.#heard });',
    'if (this.#isHeardNow) this.#say("playback.ack", { heard: this.#next });',
  ),
  mutant(
    DOWNLINK,
    "the next connection does not hear of an interruption that the last one did not answer",
    "      interrupts: this.#interrupts,\n      window",
    "      interrupts: this.#answered,\n      window",
    "interrupt",
    "cut",
  ),
  mutant(
    SENDER,
    "the server goes back behind an interruption whose answer was lost",
    "    this.#floor = this.#sent;\n",
    "",
    "interrupt",
    "cut",
  ),
  mutant(
    SENDER,
    "what waits is said after an interruption",
    "    this.#waiting = [];\n    this.#waitingSamples = 0;\n    this.#interrupts",
    "    this.#interrupts",
    "interrupt",
  ),
  mutant(
    SENDER,
    "the server forgets what is not heard",
    "position + sampleCount > this.#heard);",
    "position + sampleCount > this.#heard + 4_000);",
    "cut",
  ),
  mutant(
    SENDER,
    "the window counts from what was sent",
    "const limit = this.#heard + window;",
    "const limit = this.#cursor + window;",
  ),
  mutant(
    DOWNLINK,
    "the offer of the last connection counts for the next one",
    "  left(): void {\n    this.#offered = undefined;\n",
    "  left(): void {\n",
    "cut",
  ),
  mutant(DOWNLINK, "a player is asked for at every offer", '    if (this.#player !== "none") return;\n', "", "cut"),
  mutant(
    DOWNLINK,
    "what a server that lost its memory had begun to say stays unfinished",
    '    if (gap === true) this.#parts.toPlayer({ type: "end" }, []);\n',
    "",
    "restart",
  ),
  mutant(
    SENDER,
    "a server that lost its memory takes what is not heard for heard",
    "    this.#heard = heard;\n",
    "    this.#heard = next;\n",
    "restart",
    "interrupt",
  ),
  mutant(
    RING,
    "the player begins anew at the end of its memory",
    "if (at === size) at = 0;\n    }\n    this.#next",
    "if (at > size) at = 0;\n    }\n    this.#next",
  ),
];
