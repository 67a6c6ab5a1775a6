/** A microphone the person can choose. Browsers name them only once the microphone has been allowed. */
export interface Microphone {
  readonly deviceId: string;
  readonly label: string;
}

/** The microphones that can be told apart; none before permission, or where the browser lists none. */
export async function listMicrophones(devices: MediaDevices | undefined): Promise<Microphone[]> {
  if (devices === undefined) return [];
  const all = await devices.enumerateDevices();
  return all.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId !== "" && label !== "");
}
