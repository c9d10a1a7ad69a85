/**
 * Runs inside the page: describes what hostile text has become other than text. Elements that the page does not have,
 * attributes that run code, and characters that are invisible or change the order of the text around them.
 */
export function findUnsafe(): string[] {
  const unsafe: string[] = [];
  const { attacked } = window as { attacked?: unknown };
  if (attacked !== undefined) unsafe.push(`attacked: ${attacked}`);
  const selector =
    'img, iframe, object, embed, svg, math, form[action], base, meta[http-equiv], body style, body script';
  for (const element of document.querySelectorAll(selector)) unsafe.push(element.outerHTML.slice(0, 200));
  const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) check('text', texts.currentNode.nodeValue ?? '');
  for (const element of document.querySelectorAll('body, body *'))
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name) || /^\s*javascript:/i.test(value)) unsafe.push(`${name}=${value}`);
      else check(name, value);
    }
  check('title', document.title);
  return unsafe;

  /** Lines of JSON are separated by line ends. */
  function check(name: string, value: string): void {
    const found = invisible.exec(value.replaceAll('\n', ' '));
    if (found)
      unsafe.push(
        `${name}: U+${found[0].charCodeAt(0).toString(16)} in ${JSON.stringify(value.slice(0, 200))}`,
      );
  }
}
