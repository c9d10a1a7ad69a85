import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { DeadlineError } from '#src/errors/index.js';
import { useScriptedServer } from '../../support/scripted-server.js';
import { useClients } from './support.js';

/** Makes `Date.now()` jump by `stepMs` on each call, as on a machine whose clock is being set. */
function useJumpingClock(stepMs: number): void {
  const { now } = Date;
  beforeEach(() => {
    let jumped = 0;
    Date.now = () => {
      jumped += stepMs;
      return now() + jumped;
    };
  });
  afterEach(() => {
    Date.now = now;
  });
}

for (const [how, stepMs] of [
  ['forwards', 3_600_000],
  ['backwards', -3_600_000],
] as const) {
  describe(`while the system clock is being set ${how}`, () => {
    const { connect } = useClients();
    useJumpingClock(stepMs);

    describe('a server that does not answer', () => {
      const server = useScriptedServer(() => {});

      it('has the full timeoutMs to answer', async () => {
        const client = connect([server().endpoint], { timeoutMs: 300 });
        const began = performance.now();
        await assert.rejects(client.kv.get('k'), DeadlineError);
        assert.ok(performance.now() - began >= 299, 'it was rejected early');
        assert.deepEqual(server().calls.slice(0, 1), ['Range']);
      });
    });

    describe('a host that completes no handshake', () => {
      let silent: Server;
      before((done) => {
        silent = createServer().listen(0, '127.0.0.1', done);
      });
      after(() => silent.close());

      it('has the full connectTimeoutMs to connect', async () => {
        const { port } = silent.address() as { port: number };
        const client = connect([`127.0.0.1:${port}`], { connectTimeoutMs: 300, timeoutMs: 2_000 });
        await assert.rejects(client.kv.get('k'), (error) => {
          assert.ok(error instanceof DeadlineError, String(error));
          const [tried] = error.tried;
          // Each attempt takes at least 300 ms of the 2 s.
          assert.ok(tried && tried.attempts >= 1 && tried.attempts <= 6, JSON.stringify(error.tried));
          return true;
        });
      });
    });
  });
}
