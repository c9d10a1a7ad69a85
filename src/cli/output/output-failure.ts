/** Called with the exit code of the command. */
type Listener = (exitCode: number) => void;

const listeners = new Set<Listener>();

/**
 * Calls back when stdout cannot be written, instead of the exit of the process: for a command that holds something that
 * it must release first.
 * @returns a function that removes the listener.
 */
export function onOutputFailure(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ends the process when stdout cannot be written, unless a command takes care of it. */
export function handleOutputFailures({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): void {
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // A closed pipe (`| head`) or terminal is not an error. Any other failure, such as a full disk, is one.
    const isClosed = code === 'EPIPE' || code === 'EIO';
    if (!isClosed) stderr.write(`etcd-naming: cannot write the output: ${message}\n`);
    const exitCode = isClosed ? 0 : 1;
    if (listeners.size === 0) process.exit(exitCode);
    for (const listener of listeners) listener(exitCode);
  });
}
