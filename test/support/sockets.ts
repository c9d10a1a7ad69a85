import { eventually } from './eventually.js';

/**
 * Checks that the process has no more sockets, open or listening, after the file's last test than before the first. Call
 * it once in a file, after useEtcd().
 */
export function expectNoSocketLeft(): void {
  let counted = 0;
  before('sockets are counted', () => {
    counted = openSockets();
  });
  after('no socket is left', async () => {
    await eventually(`sockets back to ${counted}, from ${openSockets()}`, () => openSockets() <= counted);
  });
}

export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP(Socket|Server)Wrap$/.test(name)).length;
}
