import assert from 'node:assert/strict';
import { targetRow } from '#ui/browser/table/grid-keys.js';
import { anchoredScrollTop, scrollTopFor, visibleWindow } from '#ui/browser/table/window.js';

describe('the visible rows of a list', () => {
  it('are those between the edges and a few more', () => {
    assert.deepEqual(visibleWindow(0, 100, 10, 1_000), { start: 0, end: 14 });
    assert.deepEqual(visibleWindow(205, 100, 10, 1_000), { start: 16, end: 35 });
  });

  it('end with the list', () => {
    assert.deepEqual(visibleWindow(9_950, 100, 10, 1_000), { start: 991, end: 1_000 });
    assert.deepEqual(visibleWindow(9_950, 100, 10, 3), { start: 3, end: 3 });
    assert.deepEqual(visibleWindow(0, -34, 10, 0), { start: 0, end: 0 });
  });
});

describe('scrolling to a row', () => {
  it('moves as little as necessary', () => {
    assert.equal(scrollTopFor(5, 100, 50, 10), 50);
    assert.equal(scrollTopFor(12, 100, 50, 10), 100);
    assert.equal(scrollTopFor(20, 100, 50, 10), 160);
    assert.equal(scrollTopFor(3, 0, 0, 10), 30);
  });
});

describe('the scroll position after a change', () => {
  const anchors = [
    { key: 'a', offset: 0 },
    { key: 'b', offset: 10 },
  ];

  it('keeps the first anchor that is still there in its place', () => {
    assert.equal(
      anchoredScrollTop(100, 10, anchors, (key) => (key === 'a' ? 13 : -1)),
      130,
    );
    assert.equal(
      anchoredScrollTop(100, 10, anchors, (key) => (key === 'b' ? 13 : -1)),
      120,
    );
    assert.equal(
      anchoredScrollTop(100, 10, anchors, () => -1),
      100,
    );
  });

  it('stays at the top', () => {
    assert.equal(
      anchoredScrollTop(0, 10, anchors, () => 5),
      0,
    );
  });
});

describe('the keys of a list', () => {
  it('move by rows, pages, and to the ends', () => {
    const moves = ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'];
    assert.deepEqual(
      moves.map((key) => targetRow(key, 50, 20, 100)),
      [51, 49, 70, 30, 0, 99],
    );
  });

  it('stop at the ends', () => {
    assert.equal(targetRow('PageDown', 95, 20, 100), 99);
    assert.equal(targetRow('ArrowUp', 0, 20, 100), 0);
    assert.equal(targetRow('PageDown', 0, 0, 100), 1);
  });

  it('are only these, and move nothing in an empty list', () => {
    assert.equal(targetRow('a', 0, 20, 100), undefined);
    assert.equal(targetRow('End', 0, 20, 0), undefined);
  });
});
