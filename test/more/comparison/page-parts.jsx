/**
 * What is the same in every React application: how it looks. It is not counted.
 * @param {{ start: () => unknown, stop: () => unknown, microphones: readonly { deviceId: string, label: string }[],
 *   choose: (deviceId: string) => void, captions: string, problem: string | undefined }} props
 */
export function Page({ start, stop, microphones, choose, captions, problem }) {
  return (
    <section>
      <button type="button" onClick={start}>
        Start
      </button>
      <button type="button" onClick={stop}>
        Stop
      </button>
      <select aria-label="Microphone" onChange={({ target }) => choose(target.value)}>
        {microphones.map(({ deviceId, label }) => (
          <option key={deviceId} value={deviceId}>
            {label}
          </option>
        ))}
      </select>
      <p>{captions}</p>
      <p role="alert">{problem}</p>
    </section>
  );
}

/** @returns {Promise<string>} */
export const fetchToken = async () => (await fetch("/token")).text();
