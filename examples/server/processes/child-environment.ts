/** The server's own environment without what only the server may know, for the programs and threads it starts. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { LX_TOKEN: _, LX_JWT_SECRET: __, ...environment } = process.env;
  return environment;
}
