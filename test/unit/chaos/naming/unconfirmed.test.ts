import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

const both = { 'svc/a': 2n, 'svc/b': 3n };
const unconfirmedKeys = ['svc/a', 'svc/b'];
const known = () => new HistoryBuilder().put('svc/a').put('svc/b').view(both);
/** The service was emptied at revision 4, which the watch of v.0 did not receive. */
const emptied = () =>
  known()
    .delete('svc/a', 'svc/b')
    .add({ kind: 'emptied', service: 'svc', revision: 4n, unseenBy: ['v.0'] });

describe('the naming chaos check of unconfirmed endpoints', () => {
  it('N7: accepts endpoints that are protected and then removed in time', () => {
    const builder = emptied().at(2_000).view(both, { unconfirmedKeys }).at(5_000).view({});
    assertValid(builder, 'N7 protections', 2);
    assertValid(builder, 'N7 unseen losses', 1);
  });

  it('N7: detects endpoints that are protected too long: until the next view, the end, or the end of the subscription', () => {
    assertViolation(emptied().at(2_000).view(both, { unconfirmedKeys }).at(6_500).view({}), 'N7');
    assertViolation(emptied().at(2_000).view(both, { unconfirmedKeys }).at(9_000), 'N7');
    const left = emptied()
      .at(2_000)
      .view(both, { unconfirmedKeys })
      .add({ kind: 'unsubscribed', viewer: 'v.0', at: 7_000 });
    assertViolation(left.at(20_000), 'N7');
  });

  it('N7: does not count the time for which the viewer was stopped or dead', () => {
    const paused = emptied()
      .at(2_000)
      .view(both, { unconfirmedKeys })
      .at(3_000)
      .processEvent('paused', 'v.0');
    assertValid(paused.at(9_000).processEvent('resumed', 'v.0').at(10_000).view({}), 'N7 protections', 2);
    assertValid(
      emptied().at(2_000).view(both, { unconfirmedKeys }).at(3_000).processEvent('killed', 'v.0').at(30_000),
      'N7 protections',
      2,
    );
  });

  it('N7: counts from the end of the last fault, and not during a fault', () => {
    const fault = (to: number) =>
      ({
        kind: 'fault',
        name: 'kill',
        target: 'm0',
        clients: 'all',
        from: 3_000,
        to,
        effective: true,
      }) as const;
    const builder = (to: number) => emptied().at(2_000).view(both, { unconfirmedKeys }).add(fault(to));
    assertValid(builder(8_000).at(11_500).view({}), 'N7 protections', 2);
    assertValid(builder(60_000).at(50_000).view({}), 'N7 protections', 2);
    assertViolation(builder(8_000).at(13_500).view({}), 'N7');
  });

  it('N7: counts from the last election, which a fault can cause after its end', () => {
    const builder = () => emptied().term(2).at(2_000).view(both, { unconfirmedKeys });
    assertValid(builder().at(8_000).term(3).at(11_500).view({}), 'N7 protections', 2);
    assertViolation(builder().at(8_000).term(3).at(13_500).view({}), 'N7');
    assertViolation(builder().at(11_500).view({}), 'N7');
  });

  it('N7: detects a loss that no watch received and that takes effect immediately, completely or partly', () => {
    assertViolation(emptied().at(2_000).view({}), 'N7');
    assertViolation(
      emptied()
        .at(2_000)
        .view({ 'svc/a': 2n }, { unconfirmedKeys: ['svc/a'] })
        .at(5_000)
        .view({}),
      'N7',
    );
  });

  it('N7: allows a loss to take effect for a viewer that received it, and for one without an earlier view', () => {
    assertValid(known().delete('svc/a', 'svc/b').view({}), 'N7 unseen losses', 0);
    const withoutView = new HistoryBuilder()
      .put('svc/a')
      .delete('svc/a')
      .add({ kind: 'emptied', service: 'svc', revision: 3n, unseenBy: ['v.0'] });
    assertValid(withoutView.view({}), 'N7 unseen losses', 0);
  });

  it('N7: detects a protected endpoint of a service that was not empty', () => {
    assertViolation(
      known()
        .delete('svc/a')
        .view(both, { unconfirmedKeys: ['svc/a'] }),
      'N7',
    );
    const before = new HistoryBuilder()
      .put('svc/z')
      .delete('svc/z')
      .put('svc/a')
      .put('svc/b')
      .delete('svc/a');
    assertViolation(before.view({ 'svc/a': 4n, 'svc/b': 5n }, { unconfirmedKeys: ['svc/a'] }), 'N7');
    const returned = emptied()
      .at(2_000)
      .put('svc/b')
      .view({ 'svc/a': 2n, 'svc/b': 5n }, { unconfirmedKeys: ['svc/a'] });
    assertValid(returned, 'N7 protections', 1);
  });

  it('N7: allows an endpoint to be protected that was lost during or soon after a pause of etcd or of the viewer', () => {
    const pause = { kind: 'fault', name: 'pause', target: 'm0', clients: 'all', effective: true } as const;
    const one = (at: number) =>
      known()
        .delete('svc/a')
        .add({ ...pause, from: 1_000, to: 2_000 })
        .at(at)
        .view(both, { unconfirmedKeys: ['svc/a'] });
    assertValid(one(4_000).at(6_000).view({ 'svc/b': 3n }), 'N7 protections', 1);
    assertViolation(one(9_000).at(9_500).view({ 'svc/b': 3n }), 'N7');
    const paused = known()
      .delete('svc/a')
      .at(1_000)
      .processEvent('paused', 'v.0')
      .at(4_000)
      .processEvent('resumed', 'v.0');
    assertValid(
      paused
        .at(4_100)
        .view(both, { unconfirmedKeys: ['svc/a'] })
        .at(6_000)
        .view({ 'svc/b': 3n }),
      'N7 protections',
      1,
    );
  });
});
