/** Thrown by what the application gave to the session. */
export class ApplicationError extends Error {
  override readonly name = "ApplicationError";
}
