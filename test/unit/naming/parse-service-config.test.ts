import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { usesWeights } from '#src/naming/grpc/balancer/config.js';
import { ignoredFields, parseServiceConfig } from '#src/naming/grpc/resolver/parse-service-config.js';
import { NamingError } from '#src/naming/index.js';

const policy = [{ round_robin: {} }];

function nested(depth: number): string {
  return `${'{"child_policy":[{"other":'.repeat(depth)}{}${'}]}'.repeat(depth)}`;
}

describe('a service config', () => {
  it('keeps its own policy', () => {
    const text =
      '{"loadBalancingConfig":[{"pick_first":{}}],"retryThrottling":{"maxTokens":10,"tokenRatio":0.5}}';
    assert.deepEqual(parseServiceConfig(text, policy), { ...JSON.parse(text), methodConfig: [] });
  });

  it('without a policy gets the given one', () => {
    const config = parseServiceConfig(
      '{"methodConfig":[{"name":[{"service":"a.B"}],"waitForReady":true}]}',
      policy,
    );
    assert.deepEqual(config.loadBalancingConfig, policy);
    assert.deepEqual(config.methodConfig, [{ name: [{ service: 'a.B' }], waitForReady: true }]);
  });

  for (const [text, timeout] of [
    ['2s', { seconds: 2, nanos: 0 }],
    ['0.25s', { seconds: 0, nanos: 250_000_000 }],
    ['1.000000001s', { seconds: 1, nanos: 1 }],
  ] as const) {
    it(`has a timeout of ${text} in grpc-js's form`, () => {
      const json = JSON.stringify({ methodConfig: [{ name: [{}], timeout: text }] });
      assert.deepEqual(parseServiceConfig(json, policy).methodConfig[0]?.timeout, timeout);
    });
  }

  for (const [what, text] of Object.entries({
    'no JSON': '{',
    null: 'null',
    'a text': '"round_robin"',
    'an unknown policy': '{"loadBalancingConfig":[{"best_of_all":{}}]}',
    'two policies in one': '{"loadBalancingConfig":[{"round_robin":{},"pick_first":{}}]}',
    'methods that are not a list': '{"methodConfig":{}}',
    'a method without names': '{"methodConfig":[{"timeout":"1s"}]}',
    'a timeout without a unit': '{"methodConfig":[{"name":[{}],"timeout":"1"}]}',
    'retries without attempts': '{"methodConfig":[{"name":[{}],"retryPolicy":{}}]}',
    'one method twice': '{"methodConfig":[{"name":[{"service":"a"}]},{"name":[{"service":"a"}]}]}',
  })) {
    it(`is rejected with the reason when it is ${what}`, () => {
      assert.throws(
        () => parseServiceConfig(text, policy),
        (error) => error instanceof NamingError && /not a service config: .{5}/.test(error.message),
      );
    });
  }

  for (const [what, policies, reason] of [
    [
      'durations in text',
      [{ outlier_detection: { interval: '10s', child_policy: [{ round_robin: {} }] } }],
      /outlier_detection: .*interval.*; grpc-js takes durations in this policy as \{"seconds": 10, "nanos": 0\}/,
    ],
    ['names in camel case', [{ outlier_detection: { childPolicy: [{ round_robin: {} }] } }], /child_policy/],
    ['only unknown policies', [{ best_of_all: {} }, { best_of_some: {} }], /: it names no known policy$/],
  ] as const)
    it(`says what is wrong with a policy that has ${what}`, () => {
      assert.throws(
        () => parseServiceConfig(JSON.stringify({ loadBalancingConfig: policies }), policy),
        reason,
      );
    });

  it('may have any JSON as the config of a policy that is unknown, at any depth', () => {
    for (const config of [
      'null',
      '1',
      '{"child_policy":1}',
      '{"child_policy":[null,1,[],{}]}',
      nested(50_000),
    ]) {
      const text = `{"loadBalancingConfig":[{"other":${config}},{"round_robin":null}]}`;
      assert.equal(
        usesWeights(parseServiceConfig(text, policy).loadBalancingConfig),
        false,
        config.slice(0, 40),
      );
    }
    const nestedWeights = { outlier_detection: { child_policy: [{ etcd_weighted: {} }] } };
    assert.equal(usesWeights([nestedWeights]), true);
  });

  it('of docs/load-balancing.md is valid', () => {
    const page = readFileSync('docs/load-balancing.md', 'utf8');
    const text = /`(\{"loadBalancingConfig": .*?\})`/.exec(page)?.[1] ?? '';
    assert.match(text, /outlier_detection/);
    // The policy of this package is registered with the resolver.
    parseServiceConfig(text.replace('etcd_weighted', 'round_robin'), policy);
  });

  it('names exactly the fields that grpc-js ignores', () => {
    const used = { name: [{}], timeout: '1s', retryPolicy: {} };
    const ignored = { waitForReady: true, maxRequestMessageBytes: 1, maxResponseMessageBytes: 1 };
    const config = {
      loadBalancingConfig: [],
      retryThrottling: {},
      methodConfig: [used, { ...used, ...ignored }],
    };
    assert.deepEqual(ignoredFields('{}'), []);
    assert.deepEqual(ignoredFields(JSON.stringify({ ...config, healthCheckConfig: { serviceName: '' } })), [
      'healthCheckConfig',
      'methodConfig[1].waitForReady',
      'methodConfig[1].maxRequestMessageBytes',
      'methodConfig[1].maxResponseMessageBytes',
    ]);
  });
});
