export const ENGINE_NAMES = ["chromium", "firefox", "webkit"] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];

/** A page that runs functions of a test, which reach it as text: they must use nothing from outside themselves. */
export interface ScriptablePage {
  /** The argument and the answer travel as JSON; a rejection in the page rejects here. */
  evaluate<R, A>(script: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  evaluate<R>(script: () => R | Promise<R>): Promise<R>;
}

/** One page in one browser of its own, with the microphones of a virtual sound server. */
export interface EnginePage extends ScriptablePage, AsyncDisposable {
  /** As the browser tells it. */
  readonly version: string;
  /** Goes to an address, and resolves when the page has loaded. */
  open(url: string): Promise<void>;
}

/** What a page is opened with. */
export interface EnginePageOptions {
  /** Of the engine's program. */
  readonly executablePath: string;
  /** All of the environment, with the sound server in it. */
  readonly env: Readonly<Record<string, string>>;
}
