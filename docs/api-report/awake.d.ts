import { AudioStream } from "./shared-audio-stream.js";

type AwakeState = "held" | "idle" | "hidden" | "refused" | "unsupported";
interface KeepAwakeOptions {
  readonly onChange?: ((state: AwakeState) => void) | undefined;
}
declare function keepAwake(stream: Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal" | "state">, options?: KeepAwakeOptions): () => void;
export { type AwakeState, type KeepAwakeOptions, keepAwake };