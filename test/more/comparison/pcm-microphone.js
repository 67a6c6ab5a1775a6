/** For SDKs that take PCM and leave the microphone to the application. */
const WORKLET = `registerProcessor("pcm", class extends AudioWorkletProcessor {
  process([[samples]]) {
    if (samples) this.port.postMessage(Int16Array.from(samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767));
    return true;
  }
});`;

/** @param {string} deviceId @param {(samples: Int16Array) => void} callback */
export async function openPcmMicrophone(deviceId, callback) {
  const audio = deviceId === "" || { deviceId: { exact: deviceId } };
  const media = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext({ sampleRate: 16_000 });
  const address = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
  await context.audioWorklet.addModule(address);
  const node = new AudioWorkletNode(context, "pcm");
  node.port.onmessage = ({ data }) => callback(data);
  context.createMediaStreamSource(media).connect(node);
  return () => {
    for (const track of media.getTracks()) track.stop();
    context.close();
  };
}
