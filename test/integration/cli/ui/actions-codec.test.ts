import assert from 'node:assert/strict';
import { loadFrameworks } from '#src/cli/args/codec.js';
import { canSetWeight } from '#src/cli/data/endpoint-weight.js';
import { apiError, frameworkActions, requestFor, signal, useActions } from './actions-fixture.js';

describe('an action of the page on a record of a framework', () => {
  const { fixture } = useActions();

  const kratos = (namespace: string) =>
    frameworkActions(fixture.client, 'kratos', { namespace }, fixture.prefix);
  const instance = (members: object = {}) =>
    JSON.stringify({ id: 'a', name: 'shop', version: '1', endpoints: ['grpc://10.0.0.1:1'], ...members });
  const store = async (value: string) => {
    const namespace = `${fixture.prefix}ms`;
    const key = `${namespace}/shop/a`;
    await fixture.client.kv.put(key, value);
    return { key, actions: await kratos(namespace) };
  };
  const textOf = async (key: string) => (await fixture.client.kv.get(key)).kv?.value.toString() ?? '';

  it('sets the weight in the unit of the framework, and shows the change as it is read', async () => {
    const { key, actions } = await store(instance({ metadata: { weight: '300' } }));
    const request = await requestFor(fixture.client, 'weight', key, 2.5);
    assert.deepEqual((await actions.preview(request, signal)).changes, [
      { path: 'metadata.weight', before: '3', after: '2.5' },
    ]);
    await actions.perform(request, signal);
    assert.deepEqual(JSON.parse(await textOf(key)).metadata, { weight: '250' });
  });

  it('drains and undrains it', async () => {
    const { key, actions } = await store(instance());
    await actions.perform(await requestFor(fixture.client, 'drain', key), signal);
    assert.deepEqual(JSON.parse(await textOf(key)).metadata, { status: 'draining' });
    await actions.perform(await requestFor(fixture.client, 'undrain', key), signal);
    assert.equal(JSON.parse(await textOf(key)).metadata, null);
  });

  it('is refused if writing the record again would lose a part, which the error names', async () => {
    const { key, actions } = await store(instance({ region: 'eu' }));
    const before = await textOf(key);
    const drain = await requestFor(fixture.client, 'drain', key);
    await assert.rejects(
      actions.perform(drain, signal),
      apiError('refused', /lose region; drain at its server, or through kratos/),
    );
    const change = await requestFor(fixture.client, 'weight', key, 2);
    await assert.rejects(
      actions.perform(change, signal),
      apiError('refused', /lose region; set the weight at its server, or through kratos/),
    );
    assert.equal(await textOf(key), before);
  });

  it('is refused for a weight that the format cannot express', async () => {
    const { key, actions } = await store(instance());
    const request = await requestFor(fixture.client, 'weight', key, 0.001);
    for (const call of ['preview', 'perform'] as const)
      await assert.rejects(actions[call](request, signal), apiError('refused', /weight/));
  });

  it('is refused for a format without a place for the mark or a weight, but removes the record', async () => {
    const key = `${fixture.prefix}zero/8236`;
    await fixture.client.kv.put(key, '10.0.0.1:1');
    const actions = await frameworkActions(fixture.client, 'go-zero', {}, fixture.prefix);
    const drain = await requestFor(fixture.client, 'drain', key);
    await assert.rejects(actions.perform(drain, signal), apiError('refused', /have no place for the mark/));
    const change = await requestFor(fixture.client, 'weight', key, 2);
    await assert.rejects(actions.perform(change, signal), apiError('refused', /metadata/));
    const { warnings } = await actions.preview(await requestFor(fixture.client, 'remove', key), signal);
    assert.doesNotMatch(warnings.join(), /drain/);
    await actions.perform(await requestFor(fixture.client, 'remove', key), signal);
    assert.equal(await textOf(key), '');
  });
});

describe('canSetWeight', () => {
  it('is true for the formats with a weight', async () => {
    const frameworks = await loadFrameworks();
    const able = Object.entries(frameworks).filter(([, { create }]) => canSetWeight(create()));
    assert.deepEqual(able.map(([name]) => name).sort(), ['coredns', 'go-micro', 'kitex', 'kratos']);
    assert.equal(canSetWeight(undefined), true);
  });
});
