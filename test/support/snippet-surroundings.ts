/** What the scripts of the manual find in the application around them, as the text of a file of declarations. */
export const SNIPPET_SURROUNDINGS = `
/** The script-tag build. */
declare const LoquiLex: typeof import("loquilex");
declare const stream: import("loquilex").AudioStream;
declare const startButton: HTMLButtonElement;
declare const stopButton: HTMLButtonElement;
declare const retryButton: HTMLButtonElement;
declare const output: HTMLElement;
declare const meter: HTMLMeterElement;
declare const list: HTMLSelectElement;
declare function fetchToken(): Promise<string>;
declare function showMessage(text: string): void;
declare function showNotice(text: string): void;
declare function showHowToAllowTheMicrophone(): void;
/** Audio that the application has decoded, or makes. */
declare const pieces: AsyncIterable<Float32Array>;
/** Who has signed in, as the application's own server knows it. */
declare function signedIn(request: import("node:http").IncomingMessage): string | undefined;

/** Addresses of files, as bundlers give them. */
declare module "loquilex/capture.worklet.js" {
  const address: string;
  export default address;
}
declare module "loquilex/loquilex.worker.js" {
  const address: string;
  export default address;
}
declare module "loquilex/loquilex.dialects.worker.js" {
  const address: string;
  export default address;
}
declare module "*?url&no-inline" {
  const address: string;
  export default address;
}
`;
