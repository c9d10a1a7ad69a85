import assert from 'node:assert/strict';
import { continuedLink } from '#ui/browser/url/pasted-link.js';

describe('a pasted link', () => {
  const view = { page: 'endpoints', filter: 'zone = a&b' } as const;
  const own = 'page=endpoints&filter=zone%20%3D%20a%26b';

  for (const [what, text, url] of [
    [
      'continues with the view',
      'http://abc.localhost:1/#token=T-_1',
      `http://abc.localhost:1/#token=T-_1&${own}`,
    ],
    ['may have white space around it', ' https://h/#token=T\n', `https://h/#token=T&${own}`],
    ['keeps a view of its own', 'http://h/#token=T&page=locks', 'http://h/#token=T&page=locks'],
    ['loses all but its origin and fragment', 'http://u:p@h/x?y#token=T', `http://h/#token=T&${own}`],
  ] as const)
    it(what, () => assert.equal(continuedLink(text, view), url));

  for (const text of [
    ...[
      '',
      'abc',
      'http://h/',
      'http://h/#page=locks',
      'http://h/#token=',
      'http://h/?token=T',
      'h/#token=T',
    ],
    ...['javascript:alert(1)#token=T', 'data:text/html,x#token=T', 'file:///x#token=T', '//h/#token=T'],
  ])
    it(`'${text}' is refused`, () => assert.equal(continuedLink(text, view), undefined));
});
