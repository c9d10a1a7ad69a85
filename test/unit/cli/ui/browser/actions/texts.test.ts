import assert from 'node:assert/strict';
import { failureAdvice } from '#ui/browser/actions/failure-texts.js';
import { actionsFor, outcomeText, recordName } from '#ui/browser/actions/texts.js';
import type { Settings } from '#ui/protocol/index.js';
import { endpointRow } from './rows.js';

const settings: Settings = {
  prefix: '',
  readOnly: false,
  canDrain: true,
  canSetWeight: true,
  version: '1.0.0',
  endpoints: [],
};

describe('the actions on a record', () => {
  it('are those that its format and state permit', () => {
    assert.deepEqual(actionsFor(endpointRow(), settings), ['drain', 'weight', 'remove']);
    assert.deepEqual(actionsFor(endpointRow({ status: 'draining' }), settings), [
      'undrain',
      'weight',
      'remove',
    ]);
    assert.deepEqual(actionsFor(endpointRow({ problem: 'not JSON' }), settings), ['remove']);
    assert.deepEqual(actionsFor(endpointRow(), { ...settings, canDrain: false, canSetWeight: false }), [
      'remove',
    ]);
  });

  it('are absent on a page that is read-only, or whose settings have not arrived', () => {
    assert.deepEqual(actionsFor(endpointRow(), { ...settings, readOnly: true }), []);
    assert.deepEqual(actionsFor(endpointRow(), undefined), []);
  });

  it('are named after the address, or what the record has of a name', () => {
    assert.equal(recordName(endpointRow({ addr: 'a\u202eb' })), 'a\\u202eb');
    assert.equal(recordName(endpointRow({ addr: '' })), 'e1');
    assert.equal(recordName(endpointRow({ addr: '', id: '' })), 'pay/e1');
  });

  it('state whether something was written', () => {
    assert.equal(
      outcomeText('drain', endpointRow(), { revision: '7', changed: true }),
      '10.0.0.1:80 is draining, revision 7.',
    );
    assert.equal(
      outcomeText('drain', endpointRow(), { revision: '7', changed: false }),
      '10.0.0.1:80 was draining already; nothing was written.',
    );
  });
});

describe('a failed action', () => {
  it('may have been made if no answer arrived', () => {
    for (const code of ['ambiguous', 'unreachable', 'malformed'] as const)
      assert.match(failureAdvice(code, 'action').text, /may have been made/);
  });

  it('has changed nothing if it was only a preview', () => {
    for (const code of ['ambiguous', 'unreachable', 'malformed'] as const)
      assert.match(failureAdvice(code, 'preview').text, /Nothing was changed/);
  });
});
