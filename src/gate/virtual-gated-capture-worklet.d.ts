/** The bundled audio-thread module with a gate, as text, made by the build. */
declare module "virtual:gated-capture-worklet" {
  const code: string;
  export default code;
}
