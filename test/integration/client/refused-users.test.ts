import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnauthenticatedError } from '#src/errors/index.js';
import { register } from '#src/naming/index.js';
import { startEtcd } from '#src/testing/index.js';
import { AuthGateway } from '../../support/auth-gateway.js';
import { secretOf } from '../../support/canary.js';
import { skipIfExternal } from '../../support/etcd.js';
import { useClients } from './support.js';

const rootPassword = secretOf('root of refused users');

/** Refusals of a user that have no name in `rpctypes`, so etcd sends them as UNKNOWN. */
const refusals = {
  'has no password': {
    reason: 'NoPasswordUser',
    user: 'keyless',
    authToken: () => 'simple',
  },
  'uses a password with an etcd that can only verify tokens': {
    reason: 'VerifyOnly',
    user: 'root',
    authToken: (publicKey: string) => `jwt,pub-key=${publicKey},sign-method=RS256`,
  },
} as const;

for (const [what, { reason, user, authToken }] of Object.entries(refusals)) {
  describe(`a client whose user ${what}`, () => {
    const { connect } = useClients();
    let folder: string;
    let etcd: Awaited<ReturnType<typeof startEtcd>> | undefined;

    before(async function () {
      this.timeout(300_000);
      skipIfExternal(this);
      folder = await mkdtemp(join(tmpdir(), 'etcd-naming-refused-'));
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
      const file = join(folder, 'public.pem');
      await writeFile(file, publicKey.export({ type: 'spki', format: 'pem' }));
      etcd = await startEtcd({ args: ['--auth-token', authToken(file)] });
      const gateway = new AuthGateway(() => etcd!, rootPassword);
      await gateway.addRoot();
      await gateway.call('user/add', { name: 'keyless', options: { no_password: true } });
      await gateway.enable();
    });

    after(async () => {
      await etcd?.close();
      if (folder) await rm(folder, { recursive: true });
    });

    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof UnauthenticatedError, String(error));
      assert.deepEqual([error.reason, error.verdict], [reason, 'final']);
      return true;
    };

    function refused() {
      return connect(etcd!.endpoints, {
        auth: { username: user, password: rootPassword },
        timeoutMs: 60_000,
      });
    }

    it('gets a final UnauthenticatedError from every call immediately', async () => {
      const client = refused();
      await assert.rejects(client.kv.get('k'), isRefusal);
      await assert.rejects(client.kv.put('k', 'v'), isRefusal);
      await assert.rejects(client.lease.grant({ ttlSeconds: 10 }), isRefusal);
      await assert.rejects(client.lease.hold({ ttlSeconds: 10 }), isRefusal);
      await assert.rejects(client.lease.keepAliveOnce(5n), isRefusal);
    });

    it('gets the same error from watches, a mirror and a registration', async () => {
      const client = refused();
      for (const options of [{}, { startRevision: 1n }]) {
        const watcher = client.watch('k', options);
        await assert.rejects(watcher[Symbol.asyncIterator]().next(), isRefusal);
        await assert.rejects(watcher.ready, isRefusal);
      }
      await assert.rejects(client.mirror({ prefix: 'k' })[Symbol.asyncIterator]().next(), isRefusal);
      const target = { target: 't', addr: 'a:1' };
      await assert.rejects(register(client, target), isRefusal);
    });
  });
}
