import { encodeClientMessage, encodeServerMessage } from "../../src/protocol/messages.js";
import { SAMPLE_RATE } from "./client-node.js";
import { LIES } from "./lies.js";
import { putAwayForLong, refuseForAWhile, refuseForGood, standStill } from "./refusals.js";
import { connectSilently, openAsStranger, resumeAsStranger, talkRubbish } from "./strangers.js";
import type { World } from "./world.js";

/** Everything that can go wrong, each under the name that a failing run prints. A fault says whether it hit anything. */
export const FAULTS: Readonly<Record<string, (world: World) => boolean>> = {
  "cut, both sides learn": (world) => world.cut({ flushUp: false, flushDown: false }),
  "cut after receipt, before the acknowledgement": (world) => world.cut({ flushUp: true, flushDown: false }),
  "cut after the answer": (world) => world.cut({ flushUp: false, flushDown: true }),
  "cut, the server never learns": (world) => world.cut({ flushUp: true, flushDown: false, serverLearns: false }),
  "cut, the client never learns": (world) =>
    world.cut({ flushUp: world.rng.chance(0.5), flushDown: false, clientLearns: false }),
  "cut, nobody learns": (world) =>
    world.cut({ flushUp: world.rng.chance(0.5), flushDown: false, clientLearns: false, serverLearns: false }),
  "black hole to the server": (world) => world.hole("up"),
  "black hole to the client": (world) => world.hole("down"),
  "black hole both ways": (world) => world.hole("up") && world.hole("down"),
  "cut, and connections refused for a while": (world) => world.outage("refusesUntil", world.rng.between(50, 800)),
  "cut, and connections hang for a while": (world) => world.outage("hangsUntil", world.rng.between(50, 600)),
  "cut, and connections open slowly for a while": (world) => world.outage("slowUntil", world.rng.between(200, 2_000)),
  "server accepts and closes with 1011 for a while": (world) => world.outage("flapsUntil", world.rng.between(50, 800)),
  "cut, and again while the server answers": (world) => world.breakNext(world.rng.whole(1, 10)),
  "cut in an outburst, and again while the server answers": (world) => world.breakInOutburst(world.rng.whole(3, 10)),
  "tokens are checked slowly": (world) => world.checkTokensSlowly(world.rng.between(200, 2_000)),
  "slow network": (world) => world.throttle(),
  "server restart, state lost": (world) => world.restart(),
  "server crash, state kept": (world) => world.server.crash(0, 0),
  "server crash, last writes lost": (world) => world.crashLosingWrites(),
  "recogniser bursts out": (world) => world.burst(world.rng.whole(1, 40)),
  "server stalls": (world) => world.server.stall(world.rng.pick([100, 500, 1_500, 6_000]) * (0.5 + world.rng.next())),
  "server says go away": (world) => world.goAway(),
  "server talks rubbish": (world) => world.sayToClient(world.rng.pick(RUBBISH)),
  "server acknowledges what it never got": (world) =>
    world.sayToClient(encodeServerMessage("audio.ack", { position: farAhead(world) })),
  "server asks for what it never got": (world) =>
    world.sayToClient(encodeServerMessage("audio.resync", { position: farAhead(world) })),
  "client talks rubbish": (world) => world.sayToServer(world.rng.pick(RUBBISH)),
  "client acknowledges what was never sent": (world) =>
    world.sayToServer(encodeClientMessage("client.ack", { ack_seq: 1_000_000 })),
  "client leaves an hour out without saying so": (world) => world.sayToServer(frameFromTheFuture(world)),
  "a frame comes again": (world) => world.repeatFrame(),
  "frames are lost": (world) => world.loseFrames(world.rng.whole(1, 5)),
  "page sleeps": (world) =>
    world.client.sleep(world.rng.pick([200, 1_000, 4_000]) * (0.5 + world.rng.next()), world.rng.chance(0.5)),
  "page clock jumps": (world) => world.jumpClock(world.rng.between(500, 60_000)),
  "timers throttled": (world) => {
    world.client.throttleMs = world.client.throttleMs === 0 ? world.rng.between(100, 1_000) : 0;
    return true;
  },
  "page put away and taken back": (world) => world.putAway(world.rng.between(0, 600)),
  "the network says it is back": (world) => world.probe(),
  "the network says it is back, and the page clock jumps": (world) =>
    world.sleepOverProbe(world.rng.between(3_500, 60_000)),
  "a stranger opens the same session": openAsStranger,
  "a stranger resumes with a wrong secret": resumeAsStranger,
  "a stranger connects and says nothing": connectSilently,
  "a stranger talks rubbish": (world) => talkRubbish(world, world.rng.pick(RUBBISH)),
  "the server closes for good": refuseForGood,
  "the server complains, and closes for a while": refuseForAWhile,
  "page put away for long, and its radio comes up late": putAwayForLong,
  "the network goes, and timers stand still for long": standStill,
  "cut, and connections open without an answer": (world) => world.outage("muteUntil", world.rng.between(50, 800)),
  "the server's machine is paused": (world) =>
    world.server.pause(world.rng.pick([500, 5_000, 70_000]) * (0.5 + world.rng.next())),
  "the server's clock leaps ahead": (world) => world.server.jumpClock(world.rng.between(500, 20_000)),
  "the server forgets, and starts beyond what the client holds": startBeyond,
  "the server acknowledges before it has answered": lie("acknowledgesBeforeTheAnswer"),
  "the server acknowledges what an earlier connection got": lie("acknowledgesWhatAnEarlierConnectionGot"),
  "the server starts beyond all audio": lie("beginsBeyondAllAudio"),
  "the server grants other audio than was offered": grantOtherAudio,
  "the server takes smaller messages from now on": lie("allowsLess"),
  "the server takes no message that a sample fits into": allowNothing,
  "the server forgets a message": lie("forgetsAMessage"),
  "the server forgets a message of a replay": lie("forgetsAReplayedMessage"),
  "the server repeats a message of a replay": lie("repeatsAReplayedMessage"),
  "the server repeats a message": lie("repeatsAMessage"),
  "the server swaps messages of a replay": lie("swapsReplayedMessages"),
  "the encoder loses audio": (world) => world.loseInEncoder(world.rng.whole(1, 20)),
  "capture leaves a gap": (world) => world.leaveGap(world.rng.whole(1, 20)),
};

/** The server lies as soon as it can. What is said on connections only is heard after a cut. */
function lie(name: keyof typeof LIES): (world: World) => boolean {
  return (world) => {
    if (!world.conditions.kind.lying || !world.liar.plan(LIES[name])) return false;
    if (world.rng.chance(0.7)) world.cut({ flushUp: true, flushDown: world.rng.chance(0.5) });
    return true;
  };
}

/** What was offered will be no better the next time. */
function grantOtherAudio(world: World): boolean {
  const { lying, mortal } = world.conditions.kind;
  if (!lying || !mortal || world.rng.chance(0.8) || !lie("grantsOtherAudio")(world)) return false;
  world.mayFail = true;
  return true;
}

/** Nothing can be sent to a server that says so. */
function allowNothing(world: World): boolean {
  const { lying, mortal } = world.conditions.kind;
  if (!lying || !mortal || world.rng.chance(0.8) || !lie("allowsNothing")(world)) return false;
  world.mayFail = true;
  return true;
}

function startBeyond(world: World): boolean {
  const { forgetful, lying } = world.conditions.kind;
  if (!forgetful || !lying || world.client.session.done) return false;
  world.liar.planToSkipAhead();
  return world.restart();
}

/** What is most likely to spoil a goodbye. */
export const TROUBLE_AT_THE_END: readonly string[] = [
  "cut, both sides learn",
  "cut after receipt, before the acknowledgement",
  "cut, and again while the server answers",
  "server crash, state kept",
  "server crash, last writes lost",
  "frames are lost",
  "recogniser bursts out",
];

const RUBBISH = [
  "rubbish",
  '{"v":1,"t":"audio.unheard-of","data":{}}',
  '{"v":1,"t":"audio.ack","data":{"position":-1}}',
  new Uint8Array([1, 2, 3]),
];

/** A position that the client cannot have reached by the time it is told. */
const farAhead = (world: World): number => world.client.capturedTo + SAMPLE_RATE * 3_600;

function frameFromTheFuture(world: World): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + 2);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint16(2, 1, true);
  view.setUint32(4, farAhead(world), true);
  return bytes;
}
