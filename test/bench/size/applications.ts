/** An application that does nothing but stream a microphone, as small as the package lets it be. */
export interface Application {
  readonly packageName: string;
  /** Tells it from others with the same package. */
  readonly detail?: string;
  readonly code: string;
  /** Files of the package that it loads by an address, in place of what the bundle would load later. */
  readonly served?: readonly string[];
  /** Whether the package opens the microphone and gets its audio, or leaves that to the application. */
  readonly captures: boolean;
}

/** Everything that the stream needs is in the bundle. */
export const WHOLE: Application = {
  packageName: "loquilex",
  detail: "everything inside",
  captures: true,
  code: `
    import { createMicrophoneStream } from "loquilex";
    createMicrophoneStream("wss://example.org/").start();`,
};

/** What can be served as files of its own is. The bundle has only the addresses; `test/browser/loaded-later.test.ts` holds that. */
export const WITH_URLS: Application = {
  packageName: "loquilex",
  detail: "`workletUrl` and `workerUrl` given",
  captures: true,
  served: ["capture.worklet.js", "loquilex.worker.js"],
  code: `
    import { createMicrophoneStream } from "loquilex";
    createMicrophoneStream("wss://example.org/", {
      workerUrl: "/loquilex.worker.js",
      microphone: { workletUrl: "/capture.worklet.js" },
    }).start();`,
};

export const PEER_APPLICATIONS: readonly Application[] = [
  {
    packageName: "@soniox/client",
    captures: true,
    code: `
      import { SonioxClient } from "@soniox/client";
      const client = new SonioxClient({ config: { api_key: "key" } });
      client.realtime.record({ model: "stt-rt-v5" });`,
  },
  {
    packageName: "assemblyai",
    detail: "streaming entry",
    captures: false,
    code: `
      import { StreamingTranscriber } from "assemblyai/streaming";
      const transcriber = new StreamingTranscriber({ token: "token", sampleRate: 16000 });
      transcriber.connect();
      globalThis.send = (audio) => transcriber.sendAudio(audio);`,
  },
  {
    packageName: "@speechmatics/real-time-client",
    captures: false,
    code: `
      import { RealtimeClient } from "@speechmatics/real-time-client";
      const client = new RealtimeClient();
      client.start("jwt", { transcription_config: { language: "en" } });
      globalThis.send = (audio) => client.sendAudio(audio);`,
  },
  {
    packageName: "microsoft-cognitiveservices-speech-sdk",
    captures: true,
    code: `
      import { AudioConfig, SpeechConfig, SpeechRecognizer } from "microsoft-cognitiveservices-speech-sdk";
      const speech = SpeechConfig.fromAuthorizationToken("token", "region");
      new SpeechRecognizer(speech, AudioConfig.fromDefaultMicrophoneInput()).startContinuousRecognitionAsync();`,
  },
  {
    packageName: "@deepgram/sdk",
    captures: false,
    code: `
      import { DeepgramClient } from "@deepgram/sdk";
      const client = new DeepgramClient({ accessToken: "token" });
      client.listen.v1.connect({ model: "nova-3" }).then((connection) => {
        globalThis.send = (audio) => connection.sendMedia(audio);
      });`,
  },
  {
    packageName: "@gladiaio/sdk",
    captures: false,
    code: `
      import { GladiaClient } from "@gladiaio/sdk";
      const session = new GladiaClient({ apiKey: "key" }).liveV2().startSession({});
      globalThis.send = (audio) => session.sendAudio(audio);`,
  },
];
