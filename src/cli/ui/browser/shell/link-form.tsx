import { useState } from 'preact/hooks';
import { continuedLink, view } from '../url/index.js';

/** Continues with a new link in this tab. The link of another start has another origin, so that the tab has to go there. */
export function LinkForm() {
  const [text, setText] = useState('');
  const [isRefused, setRefused] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const url = continuedLink(text, view.value);
    setRefused(url === undefined);
    if (url !== undefined) location.assign(url);
  };
  return (
    <form class="link-form" onSubmit={submit}>
      <label htmlFor="new-link">New link</label>
      <input
        id="new-link"
        type="text"
        inputMode="url"
        spellcheck={false}
        autocomplete="off"
        value={text}
        aria-invalid={isRefused}
        aria-describedby="new-link-problem"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="primary">
        Continue
      </button>
      <p id="new-link-problem" class="error" role="alert">
        {isRefused && 'This is not a link of the command: it begins with http, and contains #token=.'}
      </p>
    </form>
  );
}
