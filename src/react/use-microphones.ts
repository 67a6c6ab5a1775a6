import { useEffect, useState } from "react";
import { type MicrophoneInfo, watchMicrophones } from "../capture/microphone/microphones.js";

/** The microphones that can be chosen, as they come and go; none until the browser has listed them, or if it cannot. */
export function useMicrophones(): readonly MicrophoneInfo[] {
  const [microphones, setMicrophones] = useState<readonly MicrophoneInfo[]>([]);
  useEffect(() => {
    try {
      return watchMicrophones(setMicrophones);
    } catch {
      // What is missing is the error of a start, which says it to the person.
      return undefined;
    }
  }, []);
  return microphones;
}
