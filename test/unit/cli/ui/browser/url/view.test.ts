import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatView, pages, parseView, takeToken, type View } from '#ui/browser/url/view.js';

/** Any UTF-16 text, with lone surrogates, and the characters that have a meaning in the fragment. */
const text = fc
  .array(
    fc.oneof(
      fc.nat(0xffff).map((code) => String.fromCharCode(code)),
      fc.constantFrom('%', '&', '=', '#', '%u'),
    ),
  )
  .map((parts) => parts.join(''));

const plain = { noNullPrototype: true };
const view: fc.Arbitrary<View> = fc.record(
  {
    page: fc.constantFrom(...pages),
    service: fc.option(text, { nil: undefined }),
    filter: text,
    types: fc.option(
      text.filter((types) => types !== ''),
      { nil: undefined },
    ),
    sort: fc.option(
      fc.record(
        { field: text.filter((field) => field !== '' && !field.startsWith('-')), descending: fc.boolean() },
        plain,
      ),
      { nil: undefined },
    ),
    selected: fc.option(text, { nil: undefined }),
  },
  plain,
);

describe('the view in the fragment of the URL', () => {
  it('is the same after a round trip', () => {
    fc.assert(
      fc.property(view, (original) => {
        const fragment = formatView(original);
        assert.deepEqual(parseView(`#${fragment}`), original);
        assert.deepEqual(parseView(new URL(`http://localhost/#${fragment}`).hash), original);
      }),
    );
  });

  it('is readable', () => {
    const fragment = formatView({
      page: 'endpoints',
      service: 'shop/eu',
      filter: 'zone:eu-*',
      selected: 'shop/eu/\udcff',
    });
    assert.equal(fragment, 'page=endpoints&service=shop/eu&filter=zone:eu-*&selected=shop/eu/%udcff');
  });

  it('is the list of services for anything unknown', () => {
    const services = {
      page: 'services',
      service: undefined,
      filter: '',
      types: undefined,
      sort: undefined,
      selected: undefined,
    };
    for (const fragment of ['', '#', '#page=x', '#=', '#&&', '#page', '#constructor=1', '#sort=-'])
      assert.deepEqual(parseView(fragment), services, fragment);
  });

  it('keeps malformed escapes as they are', () => {
    assert.equal(parseView('#filter=%zz%e0').filter, '%zz%e0');
  });
});

describe('the token of the fragment', () => {
  it('is taken out, and the rest stays', () => {
    assert.deepEqual(takeToken('#page=locks&token=abc&filter=x'), {
      token: 'abc',
      rest: 'page=locks&filter=x',
    });
    assert.deepEqual(takeToken('#token=abc'), { token: 'abc', rest: '' });
  });

  it('may be absent', () => {
    assert.deepEqual(takeToken('#page=locks'), { token: undefined, rest: 'page=locks' });
    assert.deepEqual(takeToken('#token='), { token: undefined, rest: '' });
  });
});
