import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner } from './support.js';

interface Printed {
  readonly id: string;
  readonly idHex?: string;
}

describe('etcd-naming with ids that are not UTF-8', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  const ids = ['ff', '61fe', '80', 'c328'];
  let client: EtcdClient;
  let target: string;
  let round = 0;

  const keyOf = (id: string) => Buffer.concat([Buffer.from(`${target}/`), Buffer.from(id, 'hex')]);
  const storedIds = async () => {
    const { kvs } = await client.kv.range({ prefix: `${target}/` });
    return kvs.map(({ key }) => key.subarray(target.length + 1).toString('hex'));
  };

  beforeEach('stores four such records', async () => {
    client = new EtcdClient({ endpoints: etcd().endpoints });
    target = `${etcd().prefix}bytes-${++round}/svc`;
    for (const id of ids) await client.kv.put(keyOf(id), JSON.stringify({ Op: 0, Addr: `${id}:1` }));
    await client.kv.put(`${target}/caf\u00e9`, JSON.stringify({ Op: 0, Addr: 'e:1' }));
  });

  afterEach(() => client.close());

  it('lists the ids with their bytes escaped', async () => {
    const { stdout } = await commands.run('ls', target);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2).join(' '));
    assert.deepEqual(rows, [
      'ID ADDR',
      'a\\xfe 61fe:1',
      'caf\u00e9 e:1',
      '\\x80 80:1',
      '\\xc3( c328:1',
      '\\xff ff:1',
      '',
    ]);
  });

  it('prints the ids in JSON without loss, and in hexadecimal', async () => {
    const { endpoints } = await commands.json<{ endpoints: Printed[] }>('ls', target);
    assert.deepEqual(
      endpoints.map(({ id, idHex }) => [id, idHex]),
      [
        ['a\udcfe', '61fe'],
        ['caf\u00e9', undefined],
        ['\udc80', '80'],
        ['\udcc3(', 'c328'],
        ['\udcff', 'ff'],
      ],
    );
    const { records } = await commands.json<{ records: Printed[] }>('get', target);
    assert.deepEqual(
      records.map(({ idHex }) => idHex),
      ['61fe', undefined, '80', 'c328', 'ff'],
    );
  });

  it('gets, drains and deletes the record that is named in hexadecimal', async () => {
    assert.equal(
      (await commands.run('get', target, '61fe', '--hex', '--raw')).stdout,
      '{"Op":0,"Addr":"61fe:1"}',
    );
    await commands.run('drain', target, 'c328', '--hex');
    assert.match(String((await client.kv.get(keyOf('c328'))).kv?.value), /draining/);
    const { code, stdout } = await commands.run('rm', target, 'ff', '--hex');
    assert.deepEqual([code, stdout.includes('svc/\\xff')], [0, true]);
    assert.deepEqual(await storedIds(), ['61fe', '636166c3a9', '80', 'c328']);
  });

  it('rejects an id that is not hexadecimal with --hex', async () => {
    for (const id of ['f', 'fg', '0xff'])
      assert.equal((await commands.run('rm', target, id, '--hex')).code, 2);
    assert.equal((await commands.run('rm', target, 'ff')).code, 1, 'without --hex the id is two letters');
    assert.equal((await storedIds()).length, 5);
  });

  it('diagnoses such records like others', async () => {
    const { stdout } = await commands.run('doctor', target);
    assert.match(stdout, /5 records with 5 usable addresses/);
  });
});
