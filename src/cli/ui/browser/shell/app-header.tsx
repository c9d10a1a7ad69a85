import { useComputed } from '@preact/signals';
import { settings } from '../state/index.js';
import { visible } from '../text/index.js';
import { type Page, type View, view, viewLink } from '../url/index.js';
import { LinkControl } from './link-control.js';
import { StateBanner } from './state-banner.js';

const links: readonly (readonly [label: string, view: View, pages: readonly Page[]])[] = [
  ['Services', { page: 'services', filter: '' }, ['services']],
  ['All endpoints', { page: 'endpoints', filter: '' }, []],
  ['Timeline', { page: 'timeline', filter: '' }, []],
  ['Locks', { page: 'locks', filter: '' }, ['locks']],
  ['Members', { page: 'members', filter: '' }, ['members']],
];

/** The header: what is shown, the state of the view, and the navigation. */
export function AppHeader() {
  return (
    <header class="app-header">
      <div class="title">
        <span class="brand">etcd-naming</span>
        <Scope />
      </div>
      <nav aria-label="Views">
        {links.map(([label, target, pages]) => (
          <NavigationLink key={label} label={label} target={target} pages={pages} />
        ))}
      </nav>
      <LinkControl />
      <StateBanner />
    </header>
  );
}

function Scope() {
  const known = settings.value;
  if (!known) return null;
  return (
    <span class="scope">
      <bdi>{known.prefix === '' ? 'all keys' : visible(known.prefix, 80)}</bdi>
      {known.readOnly && <span class="read-only">read-only</span>}
    </span>
  );
}

interface NavigationLinkProps {
  readonly label: string;
  readonly target: View;
  readonly pages: readonly Page[];
}

function NavigationLink({ label, target, pages }: NavigationLinkProps) {
  const isCurrent = useComputed(() => {
    const { page, service } = view.value;
    return pages.includes(page) || (page === target.page && service === undefined);
  });
  return (
    <a href={viewLink(target)} aria-current={isCurrent.value ? 'page' : undefined}>
      {label}
    </a>
  );
}
