import { serviceText } from '../services/index.js';
import { view, viewLink } from '../url/index.js';

/** The name of the service that is shown, and its two views. */
export function ServiceHeader({ service }: { readonly service: string }) {
  const { page } = view.value;
  return (
    <div class="service-header">
      <a href={viewLink({ page: 'services', filter: '' })}>Services</a>
      <h1 tabIndex={-1}>
        <bdi>{serviceText(service)}</bdi>
      </h1>
      <nav aria-label="Views of the service">
        {(['endpoints', 'timeline'] as const).map((target) => (
          <a
            key={target}
            href={viewLink({ page: target, service, filter: '' })}
            aria-current={page === target ? 'page' : undefined}
          >
            {target === 'endpoints' ? 'Endpoints' : 'Timeline'}
          </a>
        ))}
      </nav>
    </div>
  );
}
