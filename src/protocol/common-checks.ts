import { MAX_IDENTIFIER_LENGTH } from "./limits.js";
import { text, whole } from "./shape.js";

/** Name of a session, a client, a message, a segment or a speaker. */
export const identifier = text(MAX_IDENTIFIER_LENGTH);

/** Samples at the wire's rate since the stream began. */
export const position = whole();
