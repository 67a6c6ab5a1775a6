import { type MicrophoneInfo, watchMicrophones } from "../capture/microphone/microphones.js";
import { Scope } from "../internal/scope.js";
import { createMicrophoneStream, type MicrophoneStreamOptions } from "../microphone-stream.js";
import { Recorder } from "../recorder/recorder.js";
import type { AudioStream } from "../stream/audio-stream.js";
import type { ServerEvent } from "../stream/events/events.js";
import { showLevel } from "../stream/level-meter.js";
import { createTranscript } from "../transcript/transcript.js";
import type { UrlProvider } from "../transport/transport.js";
import { type CaptionsTexts, ENGLISH } from "./captions-texts.js";
import { CaptionsView, isRunning } from "./captions-view.js";
import { MicrophoneChoice } from "./microphone-choice.js";

/** A second press within this time, in milliseconds, is one too many and not a change of mind. */
const DOUBLE_PRESS_MS = 500;
/** What a page may set before the element is defined. */
const PROPERTIES = ["url", "options", "texts"] as const;

/**
 * `<loquilex-captions url="wss://…">`: a button, a level, a choice of microphones and captions. It ends with its removal
 * from the page. A `statechange` event tells each change of `stream` and of its state.
 */
export interface CaptionsElement extends HTMLElement {
  /** Where the server listens; the attribute `url` by default. */
  url: UrlProvider;
  /** Options of the next start, such as `getToken`. */
  options: MicrophoneStreamOptions;
  /** What the element says; what is left out is English. */
  texts: Partial<CaptionsTexts>;
  /** The stream of the latest start. */
  readonly stream: AudioStream | undefined;
  /** Starts as the button does, unless it runs already. Never rejects: the element shows what goes wrong. */
  start(): Promise<void>;
  /** Ends the stream in order, with its last captions. Never rejects. */
  close(): Promise<void>;
  /** Ends the stream at once; the microphone is off before it returns. */
  abort(): void;
}

/**
 * Defines the element, once; another call with the same name does nothing. There is nothing to define where there is no page.
 * @param name the element's name, which must have a hyphen.
 */
export function defineCaptionsElement(name = "loquilex-captions"): void {
  if (typeof customElements === "undefined" || customElements.get(name) !== undefined) return;
  // Made here, because elsewhere than in a page there is no HTMLElement.
  customElements.define(
    name,
    class extends HTMLElement implements CaptionsElement {
      #options: MicrophoneStreamOptions = {};
      #url: UrlProvider | undefined;
      #texts = ENGLISH;
      #microphones: readonly MicrophoneInfo[] = [];
      #shown: AudioStream | undefined;
      /** Some of what the stream that is shown captured is lost. */
      #hasLost = false;
      /** Why the microphone that was chosen last is not used. */
      #refusal: Error | undefined;
      #startedAt = Number.NEGATIVE_INFINITY;
      #scope: Scope | undefined;
      readonly #view = new CaptionsView(this.attachShadow({ mode: "open" }));
      readonly #choice = new MicrophoneChoice((error) => {
        this.#refusal = error;
        this.#show();
      });
      readonly #recorder = new Recorder<ServerEvent>(() => {
        const options = this.#options;
        const deviceId = this.#choice.begin(options?.microphone?.deviceId);
        return createMicrophoneStream(
          this.url,
          options && { ...options, microphone: { ...options.microphone, deviceId } },
        );
      });

      constructor() {
        super();
        for (const name of PROPERTIES) {
          if (!Object.hasOwn(this, name)) continue;
          // Set before the definition, it hides the property of the same name.
          const early: unknown = this[name];
          Reflect.deleteProperty(this, name);
          Reflect.set(this, name, early);
        }
      }

      get url(): UrlProvider {
        return this.#url ?? this.getAttribute("url") ?? "";
      }

      set url(url: UrlProvider) {
        this.#url = url;
      }

      get options(): MicrophoneStreamOptions {
        return this.#options;
      }

      set options(options: MicrophoneStreamOptions | undefined) {
        this.#options = options === undefined ? {} : options;
        this.#show();
      }

      get texts(): CaptionsTexts {
        return this.#texts;
      }

      set texts(texts: Partial<CaptionsTexts>) {
        this.#texts = { ...ENGLISH, ...texts };
        this.#show();
      }

      get stream(): AudioStream | undefined {
        return this.#recorder.getSnapshot().stream;
      }

      start(): Promise<void> {
        return this.#recorder.start();
      }

      close(): Promise<void> {
        return this.#recorder.close();
      }

      abort(): void {
        this.#recorder.abort();
      }

      connectedCallback(): void {
        const scope = new Scope({ name: "captions element" });
        this.#scope = scope;
        this.#recorder.takeOut();
        scope.defer(
          "recorder",
          this.#recorder.subscribe(() => this.#onChange()),
        );
        scope.defer("stream", () => this.#recorder.putAway());
        // A frame or a window that goes away takes its elements along without a word to them.
        const view = this.ownerDocument.defaultView;
        if (view !== null && view !== window)
          scope.listen(view, "pagehide", ({ persisted }: PageTransitionEvent) => persisted || this.#recorder.putAway());
        scope.listen(this.#view.button, "click", (event: Event) => this.#onPress(event.timeStamp));
        scope.listen(this.#view.select, "change", () => this.#choose(this.#view.select.value));
        try {
          scope.defer(
            "microphone list",
            watchMicrophones((microphones) => this.#list(microphones)),
          );
        } catch {
          // What is missing is the error of a start, which says it to the person.
        }
        this.#update();
      }

      disconnectedCallback(): void {
        void this.#scope?.dispose();
      }

      adoptedCallback(): void {
        this.#view.dress();
      }

      #onPress(now: number): void {
        if (!isRunning(this.#recorder.getSnapshot().state)) {
          this.#startedAt = now;
          void this.start();
        } else if (now - this.#startedAt > DOUBLE_PRESS_MS) void this.close();
      }

      #choose(deviceId: string): void {
        this.#refusal = undefined;
        this.#choice.choose(deviceId, this.stream);
        this.#show();
      }

      #list(microphones: readonly MicrophoneInfo[]): void {
        this.#microphones = microphones;
        this.#showMicrophones();
      }

      #onChange(): void {
        this.#update();
        this.dispatchEvent(new Event("statechange"));
      }

      #update(): void {
        const { stream } = this;
        if (stream !== undefined && stream !== this.#shown) this.#follow(stream);
        void this.#choice.follow(stream);
        this.#show();
      }

      #follow(stream: AudioStream): void {
        this.#shown = stream;
        this.#hasLost = false;
        this.#refusal = undefined;
        const life = this.#scope?.child("shown stream");
        life?.listen(stream, "drop", () => {
          if (this.#shown !== stream) return;
          this.#hasLost = true;
          this.#show();
        });
        life?.listen(stream, "close", () => void life.dispose());
        const transcript = createTranscript(stream);
        const show = (): void => {
          if (this.#shown === stream) this.#view.showCaptions(transcript);
        };
        transcript.subscribe(show);
        show();
        showLevel(stream, this.#view.level);
      }

      #show(): void {
        this.#view.showTexts(this.#texts);
        const { state, error, warning } = this.#recorder.getSnapshot();
        this.#view.showState({ state, error, warning: this.#refusal ?? warning, hasLost: this.#hasLost }, this.#texts);
        this.#showMicrophones();
      }

      #showMicrophones(): void {
        const chosen = this.#choice.of(this.#options?.microphone?.deviceId);
        this.#view.showMicrophones(this.#microphones, chosen, this.#texts);
      }
    },
  );
}
