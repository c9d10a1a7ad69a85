import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../support/etcd.js';
import { CommandRunner } from './support.js';

interface Report {
  readonly codec?: string;
  readonly resolves: boolean;
  readonly nextSteps: readonly string[];
  readonly findings: readonly { level: string; check: string; message: string; advice: string | null }[];
}

const go = '{"Op":0,"Addr":"10.0.0.1:1","Metadata":null}';

describe('etcd-naming doctor with records of other frameworks', () => {
  const etcd = useEtcd();
  const commands = new CommandRunner(() => ({ ETCDCTL_ENDPOINTS: etcd().endpoints.join(',') }));
  let client: EtcdClient;
  /** A service that only this test uses: the codecs find it under their usual prefixes too. */
  let service: string;
  let kratos: string;

  beforeEach(function () {
    if (etcd().prefix !== '') this.skip(); // the usual prefixes of the frameworks are not below it
    client = new EtcdClient({ endpoints: etcd().endpoints });
    service = `doctor-${randomBytes(6).toString('hex')}`;
    kratos = JSON.stringify({
      id: 'a',
      name: service,
      version: '',
      metadata: null,
      endpoints: ['grpc://127.0.0.1:1'],
    });
  });

  afterEach(() => client?.close());

  const examine = async (...args: string[]) => {
    const { stdout, stderr } = await commands.run('doctor', ...args, '--json');
    assert.equal(stderr, '');
    const report = JSON.parse(stdout) as Report;
    const found = (check: string) => report.findings.filter((one) => one.check === check);
    return { ...report, found };
  };

  const suggestionIn = (findings: Report['findings']) => {
    const [first] = findings.filter(({ level }) => level === 'warning');
    return [first?.message, first?.advice];
  };

  it('checks the records of the chosen codec', async () => {
    await client.kv.put(`/microservices/${service}/a`, kratos);
    const { codec, found } = await examine(service, '--codec', 'kratos');
    assert.equal(codec, 'kratos');
    assert.match(found('name')[0]?.message ?? '', /its keys start with '\/microservices\/doctor-/);
    assert.equal(found('records')[0]?.message, '1 record with 1 usable address: 127.0.0.1:1');
    assert.match(found('dial')[0]?.message ?? '', /127\.0\.0\.1:1/);
  });

  it('suggests the codec of a record that the default cannot read, and how it names the service', async () => {
    await client.kv.put(`/microservices/${service}/a`, kratos);
    const { resolves, found } = await examine(`/microservices/${service}`);
    assert.equal(resolves, false);
    assert.deepEqual(
      found('records').map(({ message, advice }) => [message, advice]),
      [
        ['1 record, none with a usable address', 'see the warnings below'],
        ["'a' has the format of kratos", `etcd-naming doctor ${service} --codec kratos`],
        ["no usable address: 'a' (no Addr)", null],
      ],
    );
  });

  it('suggests the codec for a bare address', async () => {
    await client.kv.put(`${service}/8236`, '127.0.0.1:1');
    const { found } = await examine(service);
    assert.deepEqual(suggestionIn(found('records')), [
      "'8236' has the format of go-zero",
      `etcd-naming doctor ${service} --codec go-zero`,
    ]);
  });

  it('suggests the default to a codec that cannot read Go’s records', async () => {
    await client.kv.put(`/microservices/${service}/a`, go);
    await client.kv.put(`${service}/e1`, go);
    const { found } = await examine(service, '--codec', 'kratos');
    assert.deepEqual(suggestionIn(found('records')), [
      "'a' has the format of etcd’s Go client",
      `etcd-naming doctor /microservices/${service}`,
    ]);
    assert.match(found('records')[2]?.message ?? '', /not an endpoint in the format of kratos: 'a' \(/);
    const zero = await examine(service, '--codec', 'go-zero');
    assert.deepEqual(suggestionIn(zero.found('records')), [
      "'e1' has the format of etcd’s Go client",
      `etcd-naming doctor ${service}`,
    ]);
  });

  it('finds a service without a key where other codecs store it', async () => {
    await client.kv.put(`/microservices/${service}/a`, kratos);
    const byDefault = await examine(service);
    assert.match(byDefault.found('records')[0]?.message ?? '', /^no key starts with/);
    assert.equal(
      byDefault.found('records')[0]?.advice,
      `the service has records in the format of kratos: etcd-naming doctor ${service} --codec kratos`,
    );
    await client.kv.put(`${service}/8236`, '127.0.0.1:1');
    const dns = await examine(service, '--codec', 'coredns');
    assert.equal(
      dns.found('records')[0]?.advice,
      `the service has records in the format of go-zero: etcd-naming doctor ${service} --codec go-zero, and of ` +
        `kratos: etcd-naming doctor ${service} --codec kratos`,
    );
  });

  it('suggests nothing for values of no format', async () => {
    await client.kv.put(`${service}/e1`, 'hello');
    await client.kv.put(`${service}/e2`, '{"name":"x","endpoints":7}');
    await client.kv.put(`/microservices/${service}x/a`, 'hello');
    const { found } = await examine(service);
    assert.match(
      found('records').find(({ level }) => level === 'warning')?.advice ?? '',
      /^find out which program/,
    );
    const absent = await examine(`${service}x`);
    assert.match(
      absent.found('records')[0]?.advice ?? '',
      /^check that the server registers under this name/,
    );
  });

  it('does not advise to delete a record of the format that has no address for gRPC', async () => {
    const web = kratos.replace('grpc://', 'http://');
    await client.kv.put(`/microservices/${service}/a`, web);
    const byDefault = await examine(service);
    assert.match(byDefault.found('records')[0]?.advice ?? '', /format of kratos: .* --codec kratos$/);
    await client.kv.put(`/microservices/${service}/b`, web.replace('doctor-', 'other-'));
    const { found, nextSteps } = await examine(service, '--codec', 'kratos');
    const [, skipped] = found('records');
    assert.match(
      skipped?.message ?? '',
      /^records of kratos, but not endpoints to call: 'a' \(none of .*\), 'b' \(it is a record of another service\)$/,
    );
    assert.match(skipped?.advice ?? '', /^leave them: clients of kratos may use them; /);
    assert.doesNotMatch(nextSteps.join(), /rm/);
    await client.kv.put(`/microservices/${service}/c`, '{"hello":1}');
    const mixed = await examine(service, '--codec', 'kratos');
    assert.match(mixed.found('records')[2]?.message ?? '', /^skipped, .*: 'c' \(the record has no name\)$/);
    assert.match(mixed.found('records')[2]?.advice ?? '', /^find out which program/);
  });

  it('leaves records of CoreDNS that other clients use', async () => {
    const folder = `/skydns/org/example/${service}`;
    await client.kv.put(`${folder}/1`, '{"host":"127.0.0.1"}');
    await client.kv.put(`${folder}/2`, '{"text":"hello"}');
    const { nextSteps } = await examine(`${service}.example.org`, '--codec', 'coredns');
    assert.match(nextSteps.join(), /leave them: clients of coredns may use them/);
    assert.doesNotMatch(nextSteps.join(), /rm/);
  });

  it('suggests an empty prefix for a key that begins with the service', async () => {
    await client.kv.put(`/${service}/a`, kratos);
    for (const codec of ['endpoints', 'go-zero']) {
      const { found } = await examine(`/${service}`, '--codec', codec);
      assert.deepEqual(suggestionIn(found('records')), [
        "'a' has the format of kratos",
        `etcd-naming doctor ${service} --codec kratos --codec-prefix ''`,
      ]);
    }
    const usualRoot = await examine(`/${service}`, '--codec', 'kratos');
    assert.equal(
      usualRoot.found('records')[0]?.advice,
      `the service has records in the format of kratos: etcd-naming doctor ${service} --codec kratos --codec-prefix ''`,
    );
    const { found } = await examine(service, '--codec', 'kratos', '--codec-prefix', '');
    assert.equal(found('records')[0]?.message, '1 record with 1 usable address: 127.0.0.1:1');
  });

  it('finds similar services by the names of the codec', async () => {
    await client.kv.put(`/microservices/${service}/a`, kratos);
    const { found } = await examine(service.replace('doctor', 'docotr'), '--codec', 'kratos');
    assert.equal(found('neighbours')[0]?.message, `similar services: '${service}'`);
    await client.kv.put(`/skydns/org/example/${service}/1`, '{"host":"127.0.0.1","port":1}');
    const dns = await examine(`${service}.exmple.org`, '--codec', 'coredns');
    assert.equal(dns.found('neighbours')[0]?.message, `similar services: '${service}.example.org'`);
  });

  it('recognizes a name that was written with the root of the keys', async () => {
    await client.kv.put(`/microservices/${service}/a`, kratos);
    const { found } = await examine(`/microservices/${service}`, '--codec', 'kratos');
    assert.equal(found('neighbours')[0]?.message, `there are records under '${service}'`);
  });
});
