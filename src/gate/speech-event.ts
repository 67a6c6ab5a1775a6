/** Somebody begins to speak, or has stopped, as the option `gate` hears it. Comes as well while the stream is muted. */
export class SpeechEvent extends Event {
  /** Where speech begins, or where it ended. `stream.toPageTime(position)` is when that was. */
  readonly position: number;

  constructor(type: "speechstart" | "speechend", position: number) {
    super(type);
    this.position = position;
  }
}
