/** What programs need to run at all, to find their libraries, and to know their language and their processor. */
const NEEDED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|VIRTUAL_ENV|PYTHONPATH|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|(?:CUDA|NVIDIA|OMP)_\w+)$/;

/**
 * The variables of the programs and threads that the server starts: few, since what the server is told in its own may be
 * secret.
 * @param more names of others that they are to have.
 */
export function childEnvironment(more: readonly string[] = []): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => NEEDED.test(name) || more.includes(name)));
}
