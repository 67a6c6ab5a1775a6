/** For SDKs that do not list microphones. @param {(microphones: MediaDeviceInfo[]) => void} callback */
export function listMicrophones(callback) {
  const list = async () => {
    const devices = await navigator.mediaDevices.enumerateDevices();
    callback(devices.filter(({ kind }) => kind === "audioinput"));
  };
  navigator.mediaDevices.addEventListener("devicechange", list);
  list();
  return () => navigator.mediaDevices.removeEventListener("devicechange", list);
}
