import { useComputed, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { sessionState } from '../api/index.js';
import { EndpointsView } from '../endpoints/index.js';
import { LocksView } from '../locks/index.js';
import { MembersView } from '../members/index.js';
import { ServicesView, serviceText } from '../services/index.js';
import { Timeline } from '../timeline/index.js';
import { type Page, view } from '../url/index.js';
import { AppHeader } from './app-header.js';
import { ServiceHeader } from './service-header.js';
import { SessionScreen } from './session-screen.js';

/** The whole page. */
export function App() {
  useSignalEffect(() => {
    document.title = titleOf(view.value.page, view.value.service);
  });
  const state = sessionState.value;
  if (state !== 'open') return <SessionScreen state={state} />;
  return (
    <>
      <AppHeader />
      <MainView />
    </>
  );
}

function MainView() {
  const page = useComputed(() => view.value.page).value;
  const service = useComputed(() => view.value.service).value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    // The link that had the focus may be gone, and assistive technology reads where the navigation led to.
    if (!isFirst.current) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [page, service]);
  return (
    <main tabIndex={-1} ref={main}>
      {service === undefined ? (
        <h1 class="hidden" tabIndex={-1}>
          {pageTitles[page]}
        </h1>
      ) : (
        <ServiceHeader service={service} />
      )}
      <PageContent page={page} service={service} />
    </main>
  );
}

function PageContent({ page, service }: { readonly page: Page; readonly service: string | undefined }) {
  // A service may have any name: the prefix distinguishes it from all of them.
  const key = service === undefined ? 'all' : `service ${service}`;
  switch (page) {
    case 'services':
      return <ServicesView />;
    case 'endpoints':
      return <EndpointsView key={key} service={service} />;
    case 'timeline':
      return <Timeline key={key} service={service} />;
    case 'locks':
      return <LocksView />;
    case 'members':
      return <MembersView />;
  }
}

const pageTitles: Readonly<Record<Page, string>> = {
  services: 'Services',
  endpoints: 'All endpoints',
  timeline: 'Timeline',
  locks: 'Locks and elections',
  members: 'Members',
};

function titleOf(page: Page, service: string | undefined): string {
  return `${service === undefined ? pageTitles[page] : serviceText(service)} – etcd-naming`;
}
