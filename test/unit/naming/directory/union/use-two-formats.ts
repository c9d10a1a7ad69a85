import { directoryClock } from '#src/naming/directory/directory.js';
import { type DirectoryOptions, goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { lineCodec } from '../../../../support/naming/line-codec.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeClient, type FakeMirror, settled } from '../../fake-service.js';
import { followIn } from '../../subscribers.js';

/** A value of Go's format. */
export const goValue = (addr: string, metadata?: object) =>
  JSON.stringify({ Addr: addr, Metadata: metadata });

/** A directory whose services have records in Go's format and in lines, on fake mirrors. Registers mocha hooks. */
export function useTwoFormats() {
  const fixture = {} as { clock: FakeClock; etcd: FakeClient; directory: ServiceDirectory };

  beforeEach(() => useDirectory());
  afterEach(() => fixture.etcd.close());

  /** Replaces the directory by one with these options. */
  function useDirectory(options: DirectoryOptions = {}): void {
    fixture.clock = new FakeClock();
    fixture.etcd = new FakeClient();
    const all = { codec: [goEndpoints, lineCodec], ...options };
    fixture.directory = new ServiceDirectory(fixture.etcd.client, directoryClock.set(all, fixture.clock));
  }

  const mirrorOf = (prefix: string): FakeMirror =>
    fixture.etcd.mirrors.findLast((one) => one.prefix === prefix)!;
  const go = () => mirrorOf('svc/');
  const lines = () => mirrorOf('/lines/svc/');
  const apply = async (change: () => void) => {
    change();
    await settled();
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      fixture.clock.advance(Math.min(left, 500));
      await settled();
    }
  };
  /** The addresses of the view, each with its format. */
  const shown = () => fixture.directory.get('svc')?.endpoints.map(({ addr, codec }) => `${codec} ${addr}`);
  /** Follows the service; Go's records have the addresses, and the lines too. */
  async function followed(goAddrs: readonly string[], lineAddrs: readonly string[]) {
    const subscriber = await followIn(fixture.directory);
    await apply(() => {
      go().snapshot(...goAddrs);
      lines().values(Object.fromEntries(lineAddrs.map((addr) => [addr, addr])));
    });
    return subscriber;
  }

  return { fixture, useDirectory, mirrorOf, go, lines, apply, advance, shown, followed };
}
