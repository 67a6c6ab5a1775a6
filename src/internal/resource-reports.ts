/** A resource came to a scope, or left it. */
export interface ResourceChange {
  /** What has happened to it. */
  readonly type: "acquired" | "released";
  /** The scope, with those that it is part of: `stream 1/capture/microphone`. */
  readonly owner: string;
  /** The resource's name. */
  readonly resource: string;
}

/** One resource that did not end well, or not in time. */
export interface DisposalFailure {
  /** The resource, with the scopes that it belongs to. */
  readonly resource: string;
  /** What its release threw, or that it took too long. */
  readonly error: unknown;
}

/** What went wrong while a scope, or a part of it, was disposed. */
export interface DisposalReport {
  /** The scope's name. */
  readonly scope: string;
  /** Resources that did not end well, in the order of their release. */
  readonly failures: readonly DisposalFailure[];
}

/** A live resource, as `resources()` of a scope lists it. */
export interface ResourceInfo {
  /** The scope that releases it, with those that it is part of: `stream 1/capture/microphone`. */
  readonly owner: string;
  /** The resource's name, such as `microphone track`. */
  readonly resource: string;
  /** How long it has been held, in milliseconds. */
  readonly ageMs: number;
}
