/** The signals by which people and supervisors end a program. */
export const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Calls back for each of them until the returned function is called; meanwhile they do not end this process. */
export function onEndSignal(callback: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of endSignals) process.on(signal, callback);
  return () => {
    for (const signal of endSignals) process.off(signal, callback);
  };
}
