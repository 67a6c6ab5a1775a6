import { CaptureInlet } from "../../capture/inlet/capture-inlet.js";
import type { PlacedFrame, ProcessorId } from "../../capture/inlet/frame-inlet.js";
import { adviceWarning } from "../../frames/advice-warning.js";
import { FramePath } from "../../frames/frame-path.js";
import { attempt } from "../../internal/attempt.js";
import type { Scope } from "../../internal/scope.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import { Session } from "../../session/session.js";
import type { SessionCheckpoint, SessionEvent } from "../../session/session-io.js";
import type { ProcessorAttached, ProcessorOutput } from "../../worklet/port-messages.js";
import type { PlaybackInlet } from "../imported-playback.js";
import type {
  RunningCommand,
  RunningOptions,
  RunningReplies,
  RunningRequest,
  RunningStats,
} from "../running-messages.js";
import { Backpressure } from "./backpressure.js";
import { SessionDriver } from "./driver.js";
import { RecordingOutlet } from "./recording-outlet.js";
import type { RunningParts } from "./running-parts.js";

/** How long a processor's last frames may be on their way when it has ended, in milliseconds. */
const IN_FLIGHT_MS = 1_000;

/** Everything that a frame and a message pass on this side of the network. Runs on the page or in a worker alike. */
export class RunningSide {
  readonly #parts: RunningParts;
  readonly #inlet: CaptureInlet;
  readonly #path: FramePath;
  readonly #session: Session;
  readonly #driver: SessionDriver;
  readonly #backpressure: Backpressure;
  readonly #playback: PlaybackInlet | undefined;
  /** A request that waits for a position to be settled. The page has one at a time. */
  #settling: { readonly id: number; readonly position: number } | undefined;
  /** Processors whose frames come through a port. */
  readonly #ports = new Map<ProcessorId, Scope>();
  /** Where a journal listens, if there is one. */
  #journal: MessagePort | undefined;
  #recording: RecordingOutlet | undefined;
  #isStarted = false;
  #hasAudio = false;
  /** What waits until it is known which audio another running side has taken along; `undefined` if nothing has to. */
  #restoring: RunningCommand[] | undefined;

  constructor(options: RunningOptions, parts: RunningParts) {
    const { scope } = parts;
    this.#parts = parts;
    if (options.session.restored !== undefined) this.#restoring = [];
    const say = (data: string): void => this.#driver.dispatch({ type: "say", data });
    this.#playback = parts.openPlayback?.(scope, say, options.format);
    this.#session = new Session({ ...options.session, extension: this.#playback });
    this.#driver = new SessionDriver({
      ...parts,
      session: this.#session,
      onEvent: (event) => this.#onSessionEvent(event),
    });
    this.#path = new FramePath(options, parts.openEncoder, {
      onCaptured: (frame) => {
        this.#playback?.onCaptured(frame);
        this.#recording?.post(frame);
      },
      onFrame: (frame) => this.#onFrame(frame),
      onPoint: (point) => parts.onEvent({ type: "point", point }),
      onLevel: (level) => parts.onEvent({ type: "level", level }),
      onAdvice: (advice) => parts.onEvent({ type: "warning", error: adviceWarning(advice) }),
      onLost: (range) => this.#driver.dispatch({ type: "discard", range }),
      onSpeech: (change) => parts.onEvent({ type: "speech", ...change }),
      onError: (error) => parts.onEvent({ type: "source-failed", error }),
    });
    // Before the session ends, so that what an encoder still holds is part of what it loses.
    scope.defer("frames", () => {
      this.#restore(undefined);
      this.#path.abandon();
    });
    this.#inlet = new CaptureInlet(
      options.format.sampleRate,
      (frame) => this.#push(frame),
      (processor, offset) => parts.onEvent({ type: "placed", processor, offset }),
    );
    this.#backpressure = new Backpressure(options, this.#path, () =>
      this.#isStarted ? this.#session.stats : undefined,
    );
  }

  handle(command: RunningCommand): void {
    switch (command.type) {
      case "frame":
        this.#push(command.frame);
        break;
      case "refuse":
        this.#path.refuse(command.frame);
        break;
      case "processor":
        this.#inlet.add(command.processor, command.offset);
        this.#listen(command.processor, command.port);
        break;
      case "capture-restore":
        this.#inlet.restore(command.position, command.timestamp);
        break;
      case "captured":
        this.#restore(command.position);
        break;
      case "processor-frame":
        this.#inlet.take(command.processor, command.frame);
        break;
      case "processor-clock":
        this.#inlet.setClock(command.processor, command.clockMs);
        break;
      case "processor-hold":
        this.#inlet.hold(command.processor);
        break;
      case "processor-release":
        this.#inlet.release(command.processor);
        break;
      case "processor-rebase":
        this.#inlet.rebase(command.processor);
        break;
      case "processor-end":
        this.#end(command.processor);
        break;
      case "capture-pause":
        this.#inlet.pause(command.missingUntil);
        break;
      case "mute":
        this.#path.setMuted(command.muted, command.at);
        break;
      case "levels":
        this.#path.wantLevels();
        break;
      case "start":
        // Before it is known what the stream begins with, it cannot.
        if (this.#path.origin === undefined && this.#waits(command)) break;
        this.#isStarted = true;
        this.#path.start();
        this.#backpressure.changed();
        break;
      case "still":
        this.#path.still();
        break;
      case "device-changed":
        this.#path.deviceChanged();
        break;
      case "playback":
        this.#playback?.connect(command.port);
        break;
      case "connect":
        if (!this.#waits(command)) this.#driver.dispatch({ type: "start" });
        break;
      case "journal":
        this.#journal = command.port;
        this.#parts.scope.defer("journal port", () => command.port.close());
        break;
      case "recording":
        this.#recording = new RecordingOutlet(this.#parts.scope, command.port);
        break;
      case "session":
        for (const input of command.inputs) this.#driver.dispatch(input);
        break;
      case "probe":
      case "suspend":
        this.#driver.dispatch(command);
        break;
      case "end":
        if (this.#waits(command)) break;
        this.#path.still();
        this.#path.abandon();
        this.#driver.dispatch(command);
        break;
      default:
        this.#answer(command);
    }
  }

  /** What another running side needs to go on, should this one die. */
  get checkpoint(): SessionCheckpoint {
    return this.#session.figures.checkpoint;
  }

  get stats(): RunningStats {
    return { ...this.#session.stats, level: this.#path.level };
  }

  #answer(request: RunningRequest): void {
    const { id } = request;
    const { onEvent } = this.#parts;
    const reply = <Type extends RunningRequest["type"]>(value: RunningReplies[Type]): void =>
      onEvent({ type: "reply", id, value });
    const refuse = (error: unknown): void => onEvent({ type: "refusal", id, error });
    switch (request.type) {
      case "prepare":
        attempt(() => this.#path.open(this.#parts.scope.child("encoder"))).then(
          () => reply<"prepare">(undefined),
          refuse,
        );
        return;
      case "flush":
        if (this.#waits(request)) return;
        attempt(() => this.#path.flush()).then(() => reply<"flush">(this.#session.stats), refuse);
        return;
      case "settled":
        this.#settling = request;
        this.#answerSettled(this.#session.stats.settledPosition);
        return;
      case "room":
        this.#backpressure.wait().then(() => reply<"room">(undefined), refuse);
        return;
      case "stats":
        reply<"stats">(this.stats);
    }
  }

  #push(frame: PlacedFrame): void {
    this.#restore(frame.position);
    this.#path.push(frame);
  }

  /** @returns whether the command has to wait until it is known which audio another running side has taken along. */
  #waits(command: RunningCommand): boolean {
    this.#restoring?.push(command);
    return this.#restoring !== undefined;
  }

  /** Another running side has taken along what the source made before this position. */
  #restore(sourcePosition: number | undefined): void {
    const waiting = this.#restoring;
    if (waiting === undefined) return;
    this.#restoring = undefined;
    const position = sourcePosition === undefined ? 0 : this.#path.inherit(sourcePosition);
    this.#driver.dispatch({ type: "restore", position });
    for (const command of waiting) this.handle(command);
  }

  #listen(processor: ProcessorId, port: MessagePort | undefined): void {
    if (port === undefined) return;
    const scope = this.#parts.scope.child("processor");
    this.#ports.set(processor, scope);
    scope.defer("processor port", () => port.close());
    scope.listen(port, "message", ({ data }: MessageEvent<ProcessorOutput | ProcessorAttached>) => {
      if (data.type === "frame") this.#inlet.take(processor, data);
      else if (data.type === "done") this.#parts.onEvent({ type: "done", processor, command: data.id });
      else this.#goOn(processor, data.position);
    });
    port.start();
  }

  #goOn(processor: ProcessorId, position: number): void {
    const captured = this.#inlet.goOn(processor, position);
    if (captured !== undefined) this.#restore(captured);
  }

  #end(processor: ProcessorId): void {
    const scope = this.#ports.get(processor);
    const end = (): void => {
      void scope?.dispose();
      this.#ports.delete(processor);
      this.#inlet.end(processor);
    };
    if (scope === undefined) end();
    else scope.timeout(IN_FLIGHT_MS, end, "frames in flight");
  }

  #onFrame(frame: WireAudioFrame): void {
    this.#driver.dispatch({ type: "frame", frame });
    this.#journal?.postMessage(frame);
    this.#backpressure.changed();
    if (this.#hasAudio) return;
    this.#hasAudio = true;
    this.#parts.onEvent({ type: "audio", origin: this.#path.origin ?? 0 });
  }

  #answerSettled(settledTo: number): void {
    const request = this.#settling;
    if (request === undefined || request.position > settledTo) return;
    this.#settling = undefined;
    this.#parts.onEvent({ type: "reply", id: request.id, value: settledTo });
  }

  #onSessionEvent(event: SessionEvent): void {
    if (event.type === "acknowledged") this.#answerSettled(event.position);
    else this.#parts.onEvent(event);
    if (event.type !== "acknowledged" && event.type !== "connected") return;
    this.#backpressure.changed();
    this.#journal?.postMessage(this.checkpoint);
  }
}
