import assert from 'node:assert/strict';
import { MemberReporter } from '#src/client/member-diagnostics.js';
import { ClientDiagnostics, memberTopic } from '#src/diagnostics/index.js';
import { usePublished } from '../../support/published.js';
import { FakeClock } from '../lease/fakes.js';

describe('the diagnostics of a member that fails in turn in two ways', () => {
  const published = usePublished(memberTopic.channel, 'alternating');
  let clock: FakeClock;
  let reporter: MemberReporter;
  const endpoint = 'm0:2379';

  beforeEach(() => {
    clock = new FakeClock();
    reporter = new MemberReporter(clock, new ClientDiagnostics({ name: 'alternating' }));
  });

  const fail = (failure: 'silent' | 'leaderless', of = endpoint) =>
    reporter.report({ type: 'member-unhealthy', endpoint: of, failure });
  const alternate = (times: number, everyMs: number) => {
    for (let i = 0; i < times; i++) {
      fail(i % 2 === 0 ? 'silent' : 'leaderless');
      clock.advance(everyMs);
    }
  };
  const summary = () => published().map((event) => (event.type === 'unhealthy' ? event.failure : event.type));

  it('have its first failure, and another one at most once in 5 s', () => {
    alternate(400, 25);
    assert.deepEqual(summary(), ['silent', 'leaderless']);
  });

  it('do not repeat the failure that was published last', () => {
    fail('silent');
    clock.advance(60_000);
    fail('silent');
    assert.deepEqual(summary(), ['silent']);
  });

  it('have the first failure after its recovery at once', () => {
    fail('silent');
    reporter.report({ type: 'member-recovered', endpoint });
    fail('silent');
    assert.deepEqual(summary(), ['silent', 'recovered', 'silent']);
  });

  it('have the first failure at once when it is back in the list, and those of other members', () => {
    fail('silent');
    fail('silent', 'm1:2379');
    reporter.report({ type: 'members-changed', endpoints: ['m1:2379'] });
    reporter.report({ type: 'members-changed', endpoints: ['m1:2379', endpoint] });
    fail('leaderless');
    fail('leaderless', 'm1:2379');
    assert.deepEqual(summary(), ['silent', 'silent', 'list-changed', 'list-changed', 'leaderless']);
  });
});
