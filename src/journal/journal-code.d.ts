/** The journal's worker as text, made by the build. */
declare module "virtual:loquilex-journal-worker" {
  const code: string;
  export default code;
}
