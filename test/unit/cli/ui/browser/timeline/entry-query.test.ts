import assert from 'node:assert/strict';
import { entryQuery, parseTypes } from '#ui/browser/timeline/entry-query.js';

describe('the query of a timeline', () => {
  it('has the types that exist, each once, in one order', () => {
    assert.deepEqual(parseTypes('left,registered,left,__proto__,,x'), ['registered', 'left']);
    assert.deepEqual(parseTypes(undefined), []);
  });

  it('has a text that the command accepts', () => {
    assert.equal(entryQuery(undefined, [], '  ').text, undefined);
    assert.equal(entryQuery('k', [], 'x'.repeat(300)).text?.length, 200);
  });
});
