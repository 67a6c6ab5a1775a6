/** What the snippets of the manual find in the application around them, as declarations. */
export const SNIPPET_SURROUNDINGS = `
declare global {
  /** The script-tag build. */
  const LoquiLex: typeof import("loquilex");
  const stream: import("loquilex").AudioStream;
  const startButton: HTMLButtonElement;
  const stopButton: HTMLButtonElement;
  const output: HTMLElement;
  const meter: HTMLMeterElement;
  const list: HTMLSelectElement;
  function fetchToken(): Promise<string>;
  function showMessage(text: string): void;
  function showNotice(text: string): void;
  function showHowToAllowTheMicrophone(): void;
  /** Audio that the application has decoded, or makes. */
  const pieces: AsyncIterable<Float32Array>;
}

/** Addresses of files, as Vite gives them. */
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*?url&no-inline" {
  const address: string;
  export default address;
}
export {};
`;
