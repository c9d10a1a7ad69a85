import assert from 'node:assert/strict';
import { kitex, kratos } from '#src/codecs/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { channelTarget, registerEtcdResolver } from '#src/naming/grpc/index.js';
import {
  type EndpointCodec,
  EndpointManager,
  goEndpoints,
  NamingError,
  ServiceDirectory,
} from '#src/naming/index.js';
import { EndpointPicker, pick } from '#src/naming/picker/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { lineCodec } from '../../support/naming/line-codec.js';
import { Opened } from '../../support/naming/opened.js';
import { expectNoSocketLeft } from '../../support/sockets.js';

/** A codec with an object of its own, so that its directories are of the test alone. */
const codecOfTest = (members: Partial<EndpointCodec> = {}): EndpointCodec => ({ ...lineCodec, ...members });

describe('calls to a service whose records have another format', () => {
  const etcd = useEtcd();
  expectNoSocketLeft();
  const opened = new Opened();
  afterEach(() => opened.close());

  let services = 0;
  const nextService = () => `${etcd().prefix}resolver-codec/${++services}`;
  const client = () => opened.client(etcd().endpoints);
  const watchers = () => etcd().metric('etcd_debugging_mvcc_watcher_total');

  async function serverIn(codec: EndpointCodec | undefined, service: string, name: string) {
    const server = await opened.server(name);
    const manager = new EndpointManager(client(), service, codec ? { codec } : {});
    const key = `${(codec ?? goEndpoints).keyPrefix(service)}${name}`;
    await manager.addEndpoint(key, { addr: server.addr });
    return server;
  }

  describe('with a codec for the resolver', () => {
    it('go to the servers in that format', async () => {
      const codec = codecOfTest();
      const service = nextService();
      await serverIn(undefined, service, 'go');
      await serverIn(codec, service, 'lines');
      opened.add(registerEtcdResolver(client(), { codec }), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget(service);
      assert.deepEqual(await opened.caller(target, options).calls(4), { lines: 4 });
    });

    it('go to the servers of another cluster in that format', async () => {
      const codec = codecOfTest();
      const service = nextService();
      await serverIn(codec, service, 'lines');
      const authorities = { other: client() };
      opened.add(registerEtcdResolver(client(), { codec, authorities }), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget(service, { authority: 'other' });
      assert.equal(await opened.caller(target, options).call(), 'lines');
    });

    it('fail with the text of a codec that refuses the name', async () => {
      const codec = codecOfTest({
        keyPrefix: (service) => {
          throw new RangeError(`no service is called ${service}`);
        },
      });
      opened.add(registerEtcdResolver(client(), { codec }), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget('un/known');
      const text =
        /UNAVAILABLE.*INVALID_ARGUMENT: the codec 'lines' has no key prefix for 'un\/known': .*no service is called un\/known/;
      await assert.rejects(opened.caller(target, options).call(), text);
    });

    it('are refused beside a directory, which has a codec of its own', async () => {
      const directory = opened.add(new ServiceDirectory(client()), (one) => one.close());
      for (const codec of [codecOfTest(), goEndpoints]) {
        assert.throws(() => registerEtcdResolver(directory, { codec }), InvalidInputError);
        assert.throws(() => new EndpointPicker(directory, 'svc', { codec }), /has a codec of its own/);
        await assert.rejects(pick(directory, 'svc', { codec }), /has a codec of its own/);
      }
    });
  });

  describe('with a codec for the channel', () => {
    it('go to the servers in that format, beside channels with the codec of the resolver', async () => {
      const codec = codecOfTest();
      const service = nextService();
      await serverIn(undefined, service, 'go');
      await serverIn(codec, service, 'lines');
      opened.add(registerEtcdResolver(client()), (one) => one[Symbol.dispose]());
      const lines = channelTarget(service, { codec });
      const go = channelTarget(service);
      assert.deepEqual(await opened.caller(lines.target, lines.options).calls(4), { lines: 4 });
      assert.deepEqual(await opened.caller(go.target, go.options).calls(4), { go: 4 });
    });

    it('may return to the default format', async () => {
      const service = nextService();
      await serverIn(undefined, service, 'go');
      opened.add(registerEtcdResolver(client(), { codec: codecOfTest() }), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget(service, { codec: goEndpoints });
      assert.equal(await opened.caller(target, options).call(), 'go');
    });

    it('share one watch with all channels of the codec', async () => {
      const codec = codecOfTest();
      const service = nextService();
      await serverIn(codec, service, 'lines');
      opened.add(registerEtcdResolver(client()), (one) => one[Symbol.dispose]());
      await eventually('no watcher is left', async () => (await watchers()) === 0);
      for (let i = 0; i < 3; i++) {
        const { target, options } = channelTarget(service, { codec });
        assert.equal(await opened.caller(target, options).call(), 'lines');
      }
      await eventually('the service is watched', async () => (await watchers()) > 0);
      assert.equal(await watchers(), 1);
    });

    it('share their connections with channels of other codecs', async () => {
      const codec = codecOfTest();
      const service = nextService();
      const server = await opened.server('both');
      const front = await opened.silentServer();
      front.serveAs(server);
      const { addr } = front;
      await new EndpointManager(client(), service).addEndpoint(`${service}/both`, { addr });
      await new EndpointManager(client(), service, { codec }).addEndpoint(`/lines/${service}/both`, { addr });
      opened.add(registerEtcdResolver(client()), (one) => one[Symbol.dispose]());
      for (const own of [{}, { codec }, { codec: codecOfTest() }]) {
        const { target, options } = channelTarget(service, own);
        assert.equal(await opened.caller(target, options).call(), 'both');
      }
      assert.equal(front.accepted, 1);
    });

    it('obey a service config of the channel', async () => {
      const codec = codecOfTest();
      const service = nextService();
      for (const name of ['a', 'b', 'c']) await serverIn(codec, service, name);
      opened.add(registerEtcdResolver(client()), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget(service, { codec });
      const config = JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] });
      const caller = opened.caller(target, { ...options, 'grpc.service_config': config });
      assert.equal(Object.keys(await caller.calls(6)).length, 1);
    });

    it('work with a codec whose members have no JSON', async () => {
      const codec = codecOfTest();
      Object.defineProperty(codec, 'toJSON', { value: () => assert.fail('it has no JSON') });
      const { options } = channelTarget(nextService(), { codec });
      assert.doesNotThrow(() => JSON.stringify(options));
    });

    it('fail where the resolver has a directory', async () => {
      const directory = opened.add(new ServiceDirectory(client()), (one) => one.close());
      opened.add(registerEtcdResolver(directory), (one) => one[Symbol.dispose]());
      const { target, options } = channelTarget(nextService(), { codec: codecOfTest() });
      await assert.rejects(opened.caller(target, options).call(), /UNAVAILABLE.*has a codec of its own/);
    });
  });

  describe('without gRPC', () => {
    it('go to the servers in the format of the picker', async () => {
      const codec = codecOfTest();
      const service = nextService();
      await serverIn(undefined, service, 'go');
      const { addr } = await serverIn(codec, service, 'lines');
      const ofTest = client();
      const picker = opened.add(new EndpointPicker(ofTest, service, { codec }), (one) => one.close());
      await picker.ready();
      assert.deepEqual(
        picker.endpoints.map((one) => one.addr),
        [addr],
      );
      assert.equal((await pick(ofTest, service, { codec })).addr, addr);
    });

    it('share one watch, also if each asks for the codec again', async () => {
      const service = nextService();
      const namespace = `/${service}`; // so that the codecs are of the test alone
      const ofTest = client();
      const codec = kratos({ namespace });
      const key = `${codec.keyPrefix('svc')}1`;
      await new EndpointManager(ofTest, 'svc', { codec }).addEndpoint(key, { addr: '10.0.0.7:80' });
      const before = await watchers();
      for (let i = 0; i < 300; i++)
        await pick(ofTest, 'svc', { codec: kratos({ namespace, secure: false }) });
      for (let i = 0; i < 300; i++) {
        const codecs = [kratos({ namespace }), kitex({ prefix: service })];
        await pick(ofTest, 'svc', { codec: codecs });
      }
      await eventually('the watchers are created', async () => (await watchers()) >= before + 3);
      assert.equal(await watchers(), before + 3);
    });

    it('throw the error of a codec that refuses the name', async () => {
      const codec = codecOfTest({ keyPrefix: () => '' });
      assert.throws(() => new EndpointPicker(client(), 'svc', { codec }), NamingError);
      await assert.rejects(
        pick(client(), 'svc', { codec }),
        /keyPrefix\(\) returned ''; it must return a text/,
      );
    });
  });
});
