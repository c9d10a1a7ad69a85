import type { EtcdClient } from '#src/client/index.js';
import type { EndpointCodec } from '#src/naming/index.js';
import { skip, useEtcd } from '../../support/etcd.js';
import { Opened } from '../../support/naming/opened.js';
import type { GoProgram } from './go-build.js';
import { goOrSkip } from './go-naming.js';

/**
 * An etcd, a framework's Go program for all tests, and a client for each of them. Deletes the framework's records after a
 * test. Skips the suite without Go, and with an external etcd. Registers mocha hooks.
 */
export function useFramework<Program extends { close(): Promise<void> }>(
  name: GoProgram,
  { root = '' }: EndpointCodec,
  start: (endpoints: readonly string[]) => Promise<Program>,
) {
  const opened = new Opened();
  const fixture = {} as { client: EtcdClient; program: Program };

  // Registered before the etcd's own hook, which requires that no watcher is left.
  after(() => (fixture.program as Program | undefined)?.close());

  const etcd = useEtcd();

  before(async function () {
    await goOrSkip(this, name);
    // The names are fixed, so a random prefix cannot be added.
    if (etcd().prefix !== '') skip(this, 'the etcd is external');
    fixture.program = await start(etcd().endpoints);
  });

  beforeEach(() => {
    fixture.client = opened.client(etcd().endpoints);
  });

  afterEach(async () => {
    await opened.close();
    await opened.client(etcd().endpoints).kv.delete({ prefix: root });
    await opened.close();
  });

  return { etcd, opened, fixture };
}
