import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EtcdClient } from '#src/client/index.js';
import { goZero, kratos } from '#src/codecs/index.js';
import { EndpointManager } from '#src/naming/index.js';
import { instance, useFrameworkRecords } from './framework-records.js';
import { main } from './support.js';

describe('etcd-naming with --codec', () => {
  const { commands, fixture } = useFrameworkRecords();
  let client: EtcdClient;
  let namespace: string;
  let kratosOptions: readonly string[];

  beforeEach(() => {
    ({ client, namespace, kratosOptions } = fixture);
  });

  describe('ls', () => {
    it('lists the endpoints of a service, and why a record is skipped', async () => {
      const { code, stdout, stderr } = await commands.run('ls', 'shop', ...kratosOptions);
      assert.equal(code, 0);
      assert.match(stdout, /^a1 +10\.0\.0\.1:9000 +3 +a +- +permanent/m);
      assert.match(
        stderr,
        /^etcd-naming: warning: skipped '\S+\/shop\/a2': none of the record's endpoints is grpc:\/\//,
      );
      const zero = await commands.run('ls', `${namespace}/zero`, '--codec', 'go-zero');
      assert.match(zero.stdout, /^8236 +10\.0\.0\.3:8080 /m);
      assert.match(zero.stderr, /skipped '\S+\/8237': the value is JSON, not an address/);
    });

    it('names the codec in its document', async () => {
      const document = await commands.json<{ codec: string; prefix: string; endpoints: { id: string }[] }>(
        ...['ls', 'shop', ...kratosOptions],
      );
      assert.deepEqual([document.codec, document.prefix], ['kratos', `${namespace}/shop/`]);
      assert.deepEqual(
        document.endpoints.map(({ id }) => id),
        ['a1'],
      );
      const plain = await commands.json<object>('ls', `${namespace}/zero`);
      assert.ok(!('codec' in plain));
    });

    it('lists the services of a framework by the names that callers use', async () => {
      const { stdout, stderr } = await commands.run('ls', ...kratosOptions);
      assert.match(stdout, /^shop +1 +0 +1$/m);
      assert.equal(stderr, '');
      const document = await commands.json<{ codec: string; prefix: string }>('ls', ...kratosOptions);
      assert.deepEqual([document.codec, document.prefix], ['kratos', `${namespace}/`]);
      const zero = await commands.run('ls', '--codec', 'go-zero', '--prefix', `${namespace}/`);
      const rows = zero.stdout.trim().split('\n').slice(1);
      assert.equal(rows.length, 1, zero.stdout);
      assert.ok(rows[0]?.startsWith(`${namespace}/zero`.slice(0, 60)), zero.stdout);
    });

    it('refers to the doctor if no record has an address, and to --codec if there is no service', async () => {
      const target = `${namespace}/shop`;
      const { code, stderr } = await commands.run('ls', target);
      assert.equal(code, 0);
      assert.ok(
        stderr.endsWith(
          `no record below '${target}/' has an address; to find out why: etcd-naming doctor ${target}\n`,
        ),
        stderr,
      );
      const services = await commands.run('ls', '--prefix', `${namespace}/`);
      assert.match(
        services.stderr,
        /contains an endpoint; --codec lists the services of another framework\n$/,
      );
      const none = await commands.run('ls', '--codec', 'kratos', '--codec-prefix', `${namespace}/none`);
      assert.match(none.stderr, /no key below '\S+\/none\/' contains an endpoint of kratos\n$/);
    });

    it('--watch prints the list again after a change below the prefix of the codec', async () => {
      const ls = commands.start('ls', 'shop', ...kratosOptions, '--watch');
      await ls.prints('shop: 1 endpoint, ');
      await client.kv.put(`${namespace}/shop/a3`, instance('a3', 'grpc://10.0.0.4:9000'));
      await ls.prints(/shop: 2 endpoints, [\s\S]*a3 +10\.0\.0\.4:9000/);
      const services = commands.start('ls', ...kratosOptions, '--watch');
      await services.prints(/shop +2 /);
      const other = instance('b1', 'grpc://10.0.0.5:9000').replace('shop', 'users');
      await client.kv.put(`${namespace}/users/b1`, other);
      await services.prints(/users +1 /);
    });
  });

  describe('get', () => {
    it('prints the stored values, and why one is not an endpoint', async () => {
      const { stdout, stderr } = await commands.run('get', 'shop', ...kratosOptions);
      assert.ok(stdout.startsWith(`${namespace}/shop/a1\n{"id":"a1",`), stdout);
      assert.match(stderr, /a2' is not an endpoint: none of the record's endpoints is grpc:\/\//);
      const raw = await commands.run('get', 'shop', 'a2', '--raw', ...kratosOptions);
      assert.equal(raw.stdout, instance('a2', 'http://10.0.0.2:8000'));
    });

    it('has the decoded endpoint in its document', async () => {
      const { records } = await commands.json<{
        records: { endpoint: object | null; problem: string | null }[];
      }>(...['get', 'shop', ...kratosOptions]);
      assert.deepEqual(records[0]?.endpoint, {
        addr: '10.0.0.1:9000',
        metadata: { weight: 3, zone: 'a', version: 'v1' },
      });
      assert.match(records[1]?.problem ?? '', /grpc:/);
    });

    it('says that a record belongs to another service', async () => {
      await client.kv.put(`${namespace}/shop/x`, instance('x', 'grpc://10.0.0.9:1').replace('shop', 'shop2'));
      const { stderr } = await commands.run('get', 'shop', 'x', ...kratosOptions);
      assert.match(stderr, /x' is not an endpoint: it is a record of another service/);
    });
  });

  it('watch follows the endpoints', async () => {
    const watch = commands.start('watch', 'shop', ...kratosOptions);
    await watch.prints(/endpoint a1 10\.0\.0\.1:9000 weight=3 zone=a/);
    await watch.prints('invalid a2');
    await client.kv.put(`${namespace}/shop/a2`, instance('a2', 'grpc://10.0.0.2:9000'));
    await watch.prints(/added a2 10\.0\.0\.2:9000 weight=1/);
  });

  describe('add', () => {
    it('stores what the framework itself would write', async () => {
      const { code, stdout } = await commands.run(
        ...[
          'add',
          'shop',
          '10.0.0.7:9000',
          '--weight',
          '2',
          '--metadata',
          '{"version":"v2"}',
          ...kratosOptions,
        ],
      );
      assert.equal(code, 0);
      const key = `${namespace}/shop/10.0.0.7:9000`;
      assert.match(stdout, new RegExp(`^stored ${key} at 10\\.0\\.0\\.7:9000`));
      const { kv } = await client.kv.get(key);
      assert.equal(
        kv?.value.toString(),
        '{"id":"10.0.0.7:9000","name":"shop","version":"v2","metadata":{"weight":"200"},"endpoints":["grpc://10.0.0.7:9000"]}',
      );
      const target = `${namespace}/zero`;
      await commands.run('add', target, '10.0.0.8:8080', '--codec', 'go-zero', '--id', '7');
      assert.equal((await client.kv.get(`${target}/7`)).kv?.value.toString(), '10.0.0.8:8080');
    });

    it('stores nothing that the format cannot express, and grants no lease', async () => {
      const target = `${namespace}/refused`;
      const leases = async () => (await client.lease.list()).length;
      const before = await leases();
      const options = ['--zone', 'a', '--ttl', '60', '--codec', 'go-zero'];
      const { code, stderr } = await commands.run('add', target, '10.0.0.8:8080', ...options);
      assert.deepEqual([code, /go-zero cannot hold/.test(stderr)], [2, true], stderr);
      assert.equal((await client.kv.range({ prefix: `${target}/` })).kvs.length, 0);
      assert.equal(await leases(), before);
    });
  });

  it('rm deletes the record of the service', async () => {
    const { code, stdout } = await commands.run('rm', 'shop', 'a1', ...kratosOptions);
    assert.deepEqual([code, stdout.startsWith(`deleted ${namespace}/shop/a1,`)], [0, true]);
    assert.equal((await client.kv.get(`${namespace}/shop/a1`)).kv, undefined);
  });

  describe('register', () => {
    it('stores the record in the format while the program runs', async () => {
      const manager = new EndpointManager(client, 'shop', { codec: kratos({ namespace }) });
      const options = ['--addr', '127.0.0.1:1', '--no-ready-check', '--propagate', '0s', ...kratosOptions];
      const register = commands.start('register', 'shop', ...options, '--', 'sleep', '600');
      await register.prints(`registered as ${namespace}/shop/127.0.0.1:1`);
      const record = (await manager.list()).get(`${namespace}/shop/127.0.0.1:1`);
      assert.equal(record?.addr, '127.0.0.1:1');
      await register.stop();
      assert.deepEqual([...(await manager.list()).keys()], [`${namespace}/shop/a1`]);
    });

    it('deletes a record of go-zero at the end without a mark before', async () => {
      const target = `${namespace}/zero`;
      const manager = new EndpointManager(client, target, { codec: goZero() });
      const options = [
        '--addr',
        '127.0.0.1:1',
        '--no-ready-check',
        '--propagate',
        '0s',
        '--codec',
        'go-zero',
      ];
      const register = commands.start('register', target, ...options, '--', 'sleep', '600');
      await register.prints(`registered as ${target}/127.0.0.1:1`);
      assert.equal((await manager.list()).size, 2);
      await register.stop();
      assert.deepEqual([...(await manager.list()).keys()], [`${target}/8236`]);
    });

    it('detects another process that keeps the record of the address', async () => {
      const options = ['--addr', '127.0.0.1:1', '--no-ready-check', '--ttl', '3', ...kratosOptions];
      const first = commands.start('register', 'shop', ...options, '--', 'sleep', '600');
      await first.prints('registered as');
      const second = commands.start(
        'register',
        'shop',
        ...options,
        '--on-conflict',
        'fail',
        '--',
        'sleep',
        '600',
      );
      const { code, stderr } = await second.ended;
      assert.equal(code, 1);
      assert.match(stderr, /another process keeps the record \S+\/shop\/127\.0\.0\.1:1 of this address/);
    });

    it('does not start the program if the format cannot express the endpoint', async () => {
      const options = ['--addr', '127.0.0.1:1', '--zone', 'a', '--no-ready-check', '--codec', 'go-zero'];
      const register = commands.start('register', `${namespace}/zero`, ...options, '--', 'echo', 'started');
      const { code, stdout, stderr } = await register.ended;
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /metadata, which the records of go-zero cannot hold/);
    });
  });

  it('names the codec in the documents of commands that change a record, and in the lines of watch', async () => {
    const codecOf = async (...args: string[]) => (await commands.json<{ codec?: string }>(...args)).codec;
    assert.equal(await codecOf('add', 'shop', '10.0.0.7:9000', '--id', 'j', ...kratosOptions), 'kratos');
    assert.equal(await codecOf('drain', 'shop', 'j', ...kratosOptions), 'kratos');
    assert.equal(await codecOf('rm', 'shop', 'j', ...kratosOptions), 'kratos');
    const target = `${namespace}/go`;
    assert.equal(await codecOf('add', target, '10.0.0.7:9000', '--id', 'j'), undefined);
    const watch = commands.start('watch', 'shop', '--json', ...kratosOptions);
    await watch.prints(/"type":"snapshot","codec":"kratos"/);
    await client.kv.delete(`${namespace}/shop/a1`);
    await watch.prints(/"type":"delta","codec":"kratos"/);
    const plain = commands.start('watch', target, '--json');
    await plain.prints(/"type":"snapshot","revision"/);
  });

  it('wrong usage is reported on one line', async () => {
    const misspelt = await commands.run('watch', 'shop', '--codec', 'kratso');
    assert.deepEqual([misspelt.code, misspelt.stdout], [2, '']);
    assert.match(misspelt.stderr, /^etcd-naming: --codec is 'kratso'; did you mean 'kratos'\?[^\n]*\n$/);
    const { code, stderr } = await commands.run('ls', 'a b', '--codec', 'coredns');
    assert.deepEqual([code, /'a b' is not a DNS name/.test(stderr)], [2, true], stderr);
  });

  it('the codecs are loaded only for another format than the default', () => {
    const bundle = readFileSync(join(dirname(main), 'chunks/run.js'), 'utf8');
    assert.ok(bundle.includes('await import("../codecs.js")'));
    assert.doesNotMatch(bundle, /^import .*codecs/m);
  });

  it('endpoints is the default', async () => {
    const target = `${namespace}/go`;
    await commands.run('add', target, '10.0.0.1:1', '--codec', 'endpoints');
    const { kv } = await client.kv.get(`${target}/10.0.0.1:1`);
    assert.equal(kv?.value.toString(), '{"Op":0,"Addr":"10.0.0.1:1","Metadata":null}');
  });
});
