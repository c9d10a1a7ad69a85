import { useState } from 'preact/hooks';
import { paths } from '../../protocol/index.js';
import { call } from '../api/index.js';
import { CopyButton, Disclosure, failureText } from '../elements/index.js';
import { continuedLink, view } from '../url/index.js';

type Link = { readonly url: string } | { readonly problem: string };

/** Creates a one-time link that opens the present view in another browser. Tabs of this one need none. */
export function LinkControl() {
  const [link, setLink] = useState<Link | undefined>(undefined);
  const create = async () => {
    setLink(undefined);
    setLink(await createLink());
  };
  return (
    <Disclosure name="Link for another browser" class="link-control" onOpen={() => void create()}>
      <p>It opens this view once, with the same permissions. Other tabs of this browser need no link.</p>
      <p role="status">{link === undefined && 'Creating the link …'}</p>
      {link && 'problem' in link && (
        <p class="error" role="alert">
          {link.problem}
        </p>
      )}
      {link && 'url' in link && <LinkField url={link.url} />}
    </Disclosure>
  );
}

function LinkField({ url }: { readonly url: string }) {
  return (
    <p class="link-field">
      <input
        type="text"
        readOnly
        value={url}
        aria-label="Link"
        onFocus={(event) => event.currentTarget.select()}
      />
      <CopyButton text={() => url} name="link" />
    </p>
  );
}

/** The origin is the one by which this browser reaches the page: a proxy or a tunnel may give it another name. */
async function createLink(): Promise<Link> {
  try {
    const { url } = await call(paths.link, {});
    const link = continuedLink(location.origin + new URL(url).hash, view.value);
    return link === undefined ? { problem: 'The command has sent no link.' } : { url: link };
  } catch (error) {
    return { problem: `No link was created: ${failureText(error)}` };
  }
}
