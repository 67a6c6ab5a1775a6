/** Faults that a backend of this kind had once, each with the sentences of the contract that it breaks. */
export const FAULTS = {
  "window-from-start": { what: "measures the resume window from the session's start", breaks: ["8.12"] },
  "numbered-control": { what: "numbers heartbeats like captions", breaks: ["7.2"] },
  "silent-loss": { what: "resumes with lost entries as if nothing was lost", breaks: ["7.5", "11.5.1"] },
  "refusal-resets": { what: "forgets a healthy client's messages when it refuses another", breaks: ["8.10"] },
  "failed-send-destroys": { what: "destroys the session of a connection that is torn away", breaks: ["8.12"] },
  "one-timeout": { what: "ignores the silence of clients that never sent a heartbeat", breaks: ["9.3"] },
  "live-before-replay": { what: "lets live messages in before the replay", breaks: ["11.2.1"] },
  "slow-client-stalls-all": { what: "lets a client that does not read stall all others", breaks: ["10.8"] },
  "never-freed": { what: "keeps the session of a client that has said goodbye", breaks: ["8.13"] },
  "one-temporary-name": { what: "writes every file under one temporary name", breaks: ["6.7"] },
  "hello-again-fails": { what: "answers a second hello with an internal error", breaks: ["8.1", "8.7"] },
} as const satisfies Readonly<Record<string, { readonly what: string; readonly breaks: readonly string[] }>>;
export type Fault = keyof typeof FAULTS;
