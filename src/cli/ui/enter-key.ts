/**
 * Calls back for each line that is entered on the terminal; never without a terminal.
 * @returns a function that ends that.
 */
export function onEnter(callback: () => void, input: NodeJS.ReadStream = process.stdin): () => void {
  if (!input.isTTY) return () => {};
  const onData = (bytes: Buffer) => {
    if (bytes.includes('\n')) callback();
  };
  // A terminal that is closed ends the command by SIGHUP.
  const ignore = () => {};
  input.on('data', onData).on('error', ignore);
  return () => {
    input.off('data', onData);
    input.pause();
    input.unref();
  };
}
