import type { ConnectionState, StreamState } from "loquilex";
import { seconds } from "./format.js";

/** Everything that decides what the page says about a stream. */
export interface Situation {
  readonly state: StreamState;
  readonly connection: ConnectionState;
  readonly paused: boolean;
  /** The microphone was let go of for the pause. */
  readonly released: boolean;
  readonly muted: boolean;
  /** Somebody speaks although the stream is muted. */
  readonly speaksMuted: boolean;
  /** Sound has come within the last moments. */
  readonly delivers: boolean;
  /** What waits on the page for the server, in milliseconds of audio. */
  readonly waitingMs: number;
  /** More cannot be kept: audio is being lost. */
  readonly losing: boolean;
  /** A connection has been tried in vain. */
  readonly unreached: boolean;
  /** Whose sound it is. */
  readonly source: "microphone" | "sample";
}

/** What is said before anything has happened. */
export const AT_REST: Situation = {
  state: "idle",
  connection: "idle",
  paused: false,
  released: false,
  muted: false,
  speaksMuted: false,
  delivers: true,
  waitingMs: 0,
  losing: false,
  unreached: false,
  source: "microphone",
};

const LOSING = "No more can be kept: the oldest is being lost.";
/** Less than this is on its way, and waits for nobody. */
const NOTABLE_MS = 500;

/** What the page says about a situation. */
export interface Description {
  readonly title: string;
  /** What it means for the person. Screen readers announce it, so it has no figures that change all the time. */
  readonly advice: string;
  /** How much sound waits, many times a second, for eyes alone; empty if that is not worth a sentence. */
  readonly waiting: string;
}

/** The word for a situation, and what it means for the person: true whatever comes together. */
export function describeSituation(situation: Situation): Description {
  return { ...words(situation), waiting: waiting(situation) };
}

function words(situation: Situation): Omit<Description, "waiting"> {
  switch (situation.state) {
    case "idle":
    case "warm":
      return { title: "Ready", advice: "Press Start and allow the microphone." };
    case "starting":
      return { title: "Starting", advice: startingAdvice(situation) };
    case "closing":
      return { title: "Finishing", advice: closingAdvice(situation) };
    case "closed":
      return { title: "Stopped", advice: "The microphone is off. Press Start for a new recording." };
    default:
      return running(situation);
  }
}

function startingAdvice(situation: Situation): string {
  if (situation.unreached) return "The server cannot be reached yet.";
  if (situation.source === "sample") return "The sample begins when the server has answered.";
  return "Allow the microphone if your browser asks.";
}

function closingAdvice(situation: Situation): string {
  const leave = "Press Stop now to leave without them.";
  if (situation.connection === "connected") return `The last words are on their way. ${leave}`;
  return `The microphone is off, and the last words wait here until the server is back. ${leave}`;
}

function running(situation: Situation): { title: string; advice: string } {
  const isAway = situation.connection !== "connected";
  const { title, sentences } = activity(situation, isAway);
  const advice = [...sentences, ...(isAway && situation.losing ? [LOSING] : [])].join(" ");
  if (!isAway) return { title, advice };
  return { title: title === "Streaming" ? "Reconnecting" : `${title}, reconnecting`, advice };
}

function activity(situation: Situation, isAway: boolean): { title: string; sentences: readonly string[] } {
  const { paused, released, muted, speaksMuted, source } = situation;
  if (paused) {
    const what = released ? "The microphone is off." : "Nothing is recorded.";
    const still = muted ? ["You will still be muted."] : [];
    return { title: "Paused", sentences: [what, "Press Pause again to go on.", ...still] };
  }
  if (situation.state === "interrupted" || !situation.delivers) {
    if (source === "sample") return { title: "Waiting", sentences: ["The sample waits for the server."] };
    return { title: "Interrupted", sentences: ["The microphone delivers nothing just now; it goes on by itself."] };
  }
  if (muted) {
    const what = speaksMuted ? "You are speaking, and the server gets silence." : "The server gets silence.";
    return { title: "Muted", sentences: [what, "Press Mute again to be heard."] };
  }
  if (source === "sample") {
    return { title: "Streaming", sentences: isAway ? [] : ["The sample is going to the server."] };
  }
  const speak = isAway
    ? ["Go on speaking.", "Your voice is kept and sent later."]
    : ["Speak. Your voice is going to the server."];
  return { title: "Streaming", sentences: speak };
}

function waiting({ state, connection, unreached, waitingMs }: Situation): string {
  const isAway = connection !== "connected" && (state !== "starting" || unreached) && state !== "closed";
  if (!isAway || waitingMs < NOTABLE_MS) return "";
  return `${seconds(waitingMs)} wait here for the server.`;
}
