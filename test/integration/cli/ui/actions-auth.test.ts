import assert from 'node:assert/strict';
import { RecordActions } from '#src/cli/ui/actions/index.js';
import { ClusterState } from '#src/cli/ui/cluster/index.js';
import { EtcdClient } from '#src/client/index.js';
import { secretOf } from '../../../support/canary.js';
import { useEtcd } from '../../../support/etcd.js';
import { apiError, optionsOf, requestFor, signal } from './actions-fixture.js';

describe('the page of a user who may only read', () => {
  const rootPassword = secretOf('ui-root');
  const password = secretOf('ui-reader');
  const etcd = useEtcd({
    auth: {
      rootPassword,
      roles: { reads: [{ access: 'read', prefix: 'mine/' }] },
      users: { reader: { password, roles: ['reads'] } },
    },
  });
  const key = 'mine/shop/e1';
  let root: EtcdClient;
  let client: EtcdClient;
  let actions: RecordActions;

  beforeEach(async () => {
    const { endpoints } = etcd();
    root = new EtcdClient({ endpoints, auth: { username: 'root', password: rootPassword } });
    client = new EtcdClient({ endpoints, auth: { username: 'reader', password } });
    actions = new RecordActions(optionsOf(client, ''));
    await root.kv.put(key, '{"Addr":"10.0.0.1:1"}');
  });
  afterEach(() => Promise.all([root.close(), client.close()]));

  it('previews an action, and is refused with the permission that is missing', async () => {
    for (const action of ['drain', 'remove'] as const) {
      const request = await requestFor(client, action, key);
      assert.ok((await actions.preview(request, signal)).changes.length > 0);
      await assert.rejects(
        actions.perform(request, signal),
        apiError('refused', /PERMISSION_DENIED: user 'reader' may not/),
      );
    }
    assert.equal(String((await root.kv.get(key)).kv?.value), '{"Addr":"10.0.0.1:1"}');
  });

  it('is refused a record that it may not read', async () => {
    await root.kv.put('other/shop/e1', '{"Addr":"10.0.0.1:1"}');
    await assert.rejects(
      actions.record({ key: 'other/shop/e1' }, signal),
      apiError('refused', /PERMISSION_DENIED: user 'reader' may not/),
    );
  });

  it('shows the members, and why their alarms or states are not known', async () => {
    const reply = await new ClusterState({ client, endpoints: etcd().endpoints }).members(signal);
    const [member] = reply.members;
    assert.deepEqual([reply.members.length, member?.healthy], [1, true]);
    // Releases of etcd differ in what they refuse without the role root.
    const texts = [reply.error, member?.error].filter((text) => text !== undefined);
    for (const text of texts) assert.match(text, /permission denied/);
    assert.ok(member?.version !== undefined || texts.length > 0, 'either the state, or why not');
  });
});

describe('the page of an etcd that requires a user', () => {
  const etcd = useEtcd({ auth: { rootPassword: secretOf('ui-anonymous') } });

  it('is refused without one', async () => {
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    const actions = new RecordActions(optionsOf(client, ''));
    await assert.rejects(actions.record({ key: 'a/b' }, signal), apiError('refused', /./));
  });
});
