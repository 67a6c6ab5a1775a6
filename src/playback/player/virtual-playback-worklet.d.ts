/** The bundled module of the player as text, made by the build. */
declare module "virtual:playback-worklet" {
  const code: string;
  export default code;
}
