import { useState } from 'preact/hooks';

interface CopyButtonProps {
  readonly text: () => string;
  /** What is copied, such as `key`. */
  readonly name: string;
}

/** Copies a text as it is, with the characters that the page shows as escapes. */
export function CopyButton({ text, name }: CopyButtonProps) {
  const [outcome, setOutcome] = useState('');
  const copy = async () => setOutcome(await copyText(text));
  return (
    <span class="copy">
      <button type="button" class="quiet" onClick={() => void copy()} aria-label={`Copy ${name}`}>
        Copy
      </button>
      <span role="status">{outcome}</span>
    </span>
  );
}

/** The clipboard exists only on a secure origin, which loopback is, and the browser may refuse the access. */
async function copyText(text: () => string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text());
    return 'copied';
  } catch {
    return 'not possible: select the text instead';
  }
}
