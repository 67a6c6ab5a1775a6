/** The bundled audio-thread module as text, made by the build. */
declare module "virtual:capture-worklet" {
  const code: string;
  export default code;
}
