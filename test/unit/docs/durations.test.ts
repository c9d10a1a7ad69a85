import assert from 'node:assert/strict';
import { allPages, proseOf } from '../../support/pages.js';

/** The pages for users. */
const pages = allPages().filter(
  (page) => page === 'README.md' || /^docs\/(?:migrating\/)?[^/]+\.md$/.test(page),
);

const number =
  '(?:\\d|half an?|two|three|four|five|six|ten|thirty|sixty|(?:within|after|at most|about|than|up to) an?)';
/** Numbers in words, units in words, and numbers without a space before the unit. */
const otherForms = [
  new RegExp(`\\b${number} (?:milliseconds|seconds?|minutes?)\\b`, 'gi'),
  /\b\d[\d,.]*(?:ms|s|min)\b/g,
];

describe('durations in the text of the pages for users', () => {
  for (const page of pages) {
    it(`${page} writes them as docs/conventions.md says: 200 ms, 10 s, 5 min`, () => {
      const text = proseOf(page);
      const found = otherForms.flatMap((form) => [...text.matchAll(form)].map(([match]) => match));
      assert.deepEqual(found, []);
    });
  }
});
