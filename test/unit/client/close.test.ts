import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { EtcdClient } from '#src/client/index.js';

const newClient = () => new EtcdClient({ endpoints: ['127.0.0.1:1'] });

describe('a client that is closed', () => {
  it('removes its listeners from the signals of status()', async () => {
    const { signal } = new AbortController();
    const client = newClient();
    const events = client.status({ signal });
    const next = events.next();
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await client.close();
    assert.equal((await next).done, true);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await client.status({ signal }).next();
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'it adds no listener after close');
  });

  describe('with an onClose callback that throws', () => {
    it('calls the others too, closes, and rejects with the error', async () => {
      const client = newClient();
      const called: string[] = [];
      const broken = new Error('broken');
      const feed = client.status().next();
      client.onClose(() => {
        throw broken;
      });
      client.onClose(() => called.push('second'));
      await assert.rejects(client.close(), broken);
      assert.deepEqual(called, ['second']);
      assert.equal(client.closed, true);
      assert.equal((await feed).done, true);
      await client.close();
    });

    it('rejects with an AggregateError of several errors', async () => {
      const client = newClient();
      for (const text of ['one', 'other']) {
        client.onClose(() => {
          throw new Error(text);
        });
      }
      await assert.rejects(client.close(), (error) => {
        assert.ok(error instanceof AggregateError);
        assert.deepEqual(
          error.errors.map(({ message }) => message),
          ['one', 'other'],
        );
        return true;
      });
    });
  });
});
