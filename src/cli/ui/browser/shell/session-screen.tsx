import type { SessionState } from '../api/index.js';
import { LinkForm } from './link-form.js';

/** What the page shows instead of records while it has no session. */
export function SessionScreen({ state }: { readonly state: Exclude<SessionState, 'open'> }) {
  const { title, text } = screens[state];
  return (
    <main class="session-screen">
      <h1>{title}</h1>
      <p role="status">{text}</p>
      {state !== 'opening' && <LinkForm />}
    </main>
  );
}

const newLink =
  'For a new link, press Enter in the terminal of etcd-naming ui, or use “Link for another browser” on a page that is open; if the command has ended, start it again. Open the link, or paste it here to continue with this view.';

const screens: Readonly<
  Record<Exclude<SessionState, 'open'>, { readonly title: string; readonly text: string }>
> = {
  opening: { title: 'Opening the page', text: 'The page asks for a session.' },
  ended: {
    title: 'The session has ended',
    text: `This link was used already, or the command was restarted. ${newLink}`,
  },
  failed: {
    title: 'The command does not answer',
    text: 'The link could not be exchanged. Open it again. If etcd-naming ui has ended, start it again and open its new link, or paste it here.',
  },
  missing: { title: 'The page needs a link', text: newLink },
};
