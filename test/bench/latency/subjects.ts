import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { version } from "../../../src/version.js";
import { peerVersions } from "../peer-versions.js";
import {
  assemblyaiDialect,
  type Dialect,
  loquilexDialect,
  microsoftDialect,
  rawDialect,
  sonioxDialect,
  speechmaticsDialect,
} from "./dialects.js";

/** Something that streams a page's microphone. */
export interface LatencySubject {
  readonly name: string;
  readonly version: string;
  readonly dialect: Dialect;
  /**
   * A module for a page that has the package. Defines `benchSubject(port)` there, which streams to a server on this machine
   * until the page is left, and returns a promise.
   */
  script(): Promise<string>;
}

export const loquilexSubject = (host: string): LatencySubject => ({
  name: `LoquiLex, host ${host}`,
  version,
  dialect: loquilexDialect,
  script: async () => `
    import * as sdk from "/dist/index.js";
    globalThis.benchSubject = (port) => {
      // A stream that nobody holds is released by the safety net.
      globalThis.stream = sdk.createMicrophoneStream("ws://127.0.0.1:" + port + "/", { host: "${host}" });
      return stream.start();
    };`,
});

const peer = (name: string, page: string, dialect: Dialect): LatencySubject => ({
  name,
  version: peerVersions()[name] ?? "unknown",
  dialect,
  script: () => bundled(page),
});

/** What no package can be faster than on this machine. */
export const BARE_SUBJECT: LatencySubject = {
  name: "a worker that only sends, no package",
  version: "",
  dialect: rawDialect,
  script: () => bundled("bare-worker"),
};

export const PEER_SUBJECTS: readonly LatencySubject[] = [
  peer("@soniox/client", "soniox", sonioxDialect),
  peer("assemblyai", "assemblyai", assemblyaiDialect),
  peer("@speechmatics/real-time-client", "speechmatics", speechmaticsDialect),
  peer("microsoft-cognitiveservices-speech-sdk", "microsoft", microsoftDialect),
];

async function bundled(page: string): Promise<string> {
  const entry = fileURLToPath(new URL(`../peers/pages/${page}.mjs`, import.meta.url));
  const options = { bundle: true, write: false, format: "esm", platform: "browser", logLevel: "error" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  // Its process would take time from what is measured.
  await stop();
  return outputFiles[0]?.text ?? "";
}
