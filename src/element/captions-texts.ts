/** What the element says to people; for pages in other languages. */
export interface CaptionsTexts {
  readonly start: string;
  readonly stop: string;
  readonly microphone: string;
  readonly defaultMicrophone: string;
  readonly level: string;
  readonly captions: string;
  readonly starting: string;
  readonly reconnecting: string;
  readonly interrupted: string;
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
