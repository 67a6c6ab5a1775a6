export type { PersistentJournal } from "../host/imported-journal.js";
export type { AudioRange } from "../internal/range-set.js";
export { type PersistentJournalOptions, persistentJournal } from "./persistent-journal.js";
export { type LeftStream, type RecoverStreamsOptions, recoverStreams } from "./recover-streams.js";
export type { RecoveredAudio, RecoverOptions } from "./recovery.js";
export { wasDiscarded } from "./was-discarded.js";
