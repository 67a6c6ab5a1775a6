/** Thrown when the server claims something about audio that cannot be true. */
export class ImpossiblePositionError extends Error {}
