/** The server cannot start, for a reason that whoever starts it can mend; the message is one sentence that says how. */
export class StartError extends Error {
  override readonly name = "StartError";
}
