import { useEffect, useState } from "react";
import { listMicrophones } from "./list-microphones.js";

/** For SDKs without a hook that lists microphones. */
export function useMicrophoneList() {
  const [microphones, setMicrophones] = useState(/** @type {MediaDeviceInfo[]} */ ([]));
  useEffect(() => listMicrophones(setMicrophones), []);
  return microphones;
}
