/** What the element says to people; for pages in other languages. */
export interface CaptionsTexts {
  /** On the button while nothing runs. @defaultValue "Start" */
  readonly start: string;
  /** On the button while a stream runs. @defaultValue "Stop" */
  readonly stop: string;
  /** Names the choice of microphones to screen readers. @defaultValue "Microphone" */
  readonly microphone: string;
  /** The first of the microphones to choose from: whichever the system uses. @defaultValue "Default microphone" */
  readonly defaultMicrophone: string;
  /** Names the level to screen readers. @defaultValue "Level" */
  readonly level: string;
  /** Names the captions to screen readers. @defaultValue "Captions" */
  readonly captions: string;
  /** What is shown until audio flows. */
  readonly starting: string;
  /** What is shown while the connection is lost. */
  readonly reconnecting: string;
  /** What is shown while the microphone delivers nothing. */
  readonly interrupted: string;
  /** What is shown once audio was lost for good. */
  readonly lost: string;
}

export const ENGLISH: CaptionsTexts = {
  start: "Start",
  stop: "Stop",
  microphone: "Microphone",
  defaultMicrophone: "Default microphone",
  level: "Level",
  captions: "Captions",
  starting: "Starting. Allow the microphone if the browser asks.",
  reconnecting: "The connection is lost. What you say is kept, and sent when it is back.",
  interrupted: "The microphone delivers nothing at the moment.",
  lost: "Some of what you said was lost.",
};
