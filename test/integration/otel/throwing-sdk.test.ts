import assert from 'node:assert/strict';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { EtcdClient } from '@org/etcd-naming';
import { type InstrumentOptions, instrument } from '@org/etcd-naming/otel';
import { useEtcd } from '../../support/etcd.js';

function throws(text: string): () => never {
  return () => {
    throw new Error(text);
  };
}

function processorWith(own: Partial<SpanProcessor>): InstrumentOptions {
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
    ...own,
  };
  return { tracerProvider: new BasicTracerProvider({ spanProcessors: [processor] }) };
}

function throwingMeters(): InstrumentOptions {
  const meter = new MeterProvider().getMeter('test');
  const createHistogram: typeof meter.createHistogram = (...args) =>
    Object.assign(meter.createHistogram(...args), { record: throws('no histograms') });
  return { meterProvider: { getMeter: () => Object.assign(Object.create(meter), { createHistogram }) } };
}

const cases: Readonly<Record<string, () => InstrumentOptions>> = {
  'the start of a span': () => processorWith({ onStart: throws('no starts') }),
  'the end of a span': () => processorWith({ onEnd: throws('no ends') }),
  'the record of a duration': throwingMeters,
};

// Mocha fails a test during which an exception is not caught.
describe('an SDK that throws', () => {
  const etcd = useEtcd();
  const errors: string[] = [];

  beforeEach(() => {
    const log = () => {};
    const error = (message: string, cause: unknown) => void errors.push(`${message}: ${cause}`);
    diag.setLogger({ error, warn: log, info: log, debug: log, verbose: log }, DiagLogLevel.ERROR);
  });
  afterEach(() => {
    errors.length = 0;
    diag.disable();
  });

  for (const [action, options] of Object.entries(cases))
    it(`in ${action} disturbs no call, and its error is logged once`, async () => {
      await using client = new EtcdClient({ endpoints: etcd().endpoints });
      using _ = instrument(options());
      await client.kv.put('a', 'value');
      const reads = await Promise.all(['a', 'b'].map((key) => client.kv.get(key)));
      assert.deepEqual(
        reads.map(({ kv }) => kv?.value.toString()),
        ['value', undefined],
      );
      assert.equal(errors.length, 1, errors.join('\n'));
      assert.match(errors[0]!, new RegExp(`^@org/etcd-naming: ${action} failed; .*: Error: no `));
    });

  it('in a sampler disturbs no call, either', async () => {
    const sampler = { shouldSample: throws('no samples'), toString: () => 'throws' };
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    using _ = instrument({ tracerProvider: new BasicTracerProvider({ sampler }) });
    assert.equal((await client.kv.put('a', '')).prevKv, undefined);
    assert.equal(errors.length, 1);
  });

  it('when spans end with the instrumentation lets it end', async () => {
    await using client = new EtcdClient({ endpoints: etcd().endpoints });
    const instrumentation = instrument(processorWith({ onEnd: throws('no ends') }));
    const put = client.kv.put('a', '');
    instrumentation.disable();
    await put;
    assert.equal(errors.length, 1);
  });
});
