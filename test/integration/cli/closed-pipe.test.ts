import assert from 'node:assert/strict';
import { skipUnlessBreakable, useEtcd } from '../../support/etcd.js';
import { OneEndpoint } from './one-endpoint.js';
import { CommandRunner } from './support.js';

describe('etcd-naming whose reader closes the pipe while etcd is away', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const service = new OneEndpoint(etcd, 'closed-pipe');

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  for (const [command, option, outage] of [
    ['ls', '--watch', 'warning: etcd is unreachable for'],
    ['watch', '', 'outage'],
  ] as const)
    for (const format of ['', '--json']) {
      const options = [option, format].filter((one) => one !== '');
      it(`ends: ${[command, ...options].join(' ')}`, async () => {
        const running = commands.start(command, service.target, ...options);
        await running.prints('10.0.0.1:1');
        await etcd().stop();
        await running.prints(outage);
        running.closeStdout();
        const { code, signal } = await running.ended;
        await etcd().restart();
        assert.deepEqual([code, signal], [0, null]);
      });
    }
});
