import { useEffect, useState } from 'preact/hooks';
import { type EndpointRow, paths, type RecordReply } from '../../protocol/index.js';
import { call } from '../api/index.js';
import { CopyButton, failureText } from '../elements/index.js';
import { sizeText, visible } from '../text/index.js';
import { jsonText, maxShown, type ShownText, valueText } from './json-text.js';

interface RowProps {
  readonly row: EndpointRow;
}

/** The metadata, or what is known of a value that the stream does not contain. */
export function Metadata({ row: { metadata, large, problem } }: RowProps) {
  if (large !== undefined) return <p>{sizeText(large)}: too large to be shown live.</p>;
  if (metadata === undefined)
    return <p>{problem === undefined ? 'None.' : 'The value is not an endpoint.'}</p>;
  return <ValueBlock shown={jsonText(metadata)} name="Metadata" copied={() => JSON.stringify(metadata)} />;
}

/** Reads the whole value from etcd, when the user asks for it. */
export function StoredValue({ row: { key, modRevision } }: RowProps) {
  const [state, setState] = useState<RecordReply | 'loading' | Error | undefined>(undefined);
  useEffect(() => setState(undefined), [key]);
  const load = async () => {
    setState('loading');
    setState(await readRecord(key));
  };
  return (
    <div class="stored-value">
      <button
        type="button"
        aria-disabled={state === 'loading'}
        onClick={() => state === 'loading' || void load()}
      >
        {state === undefined ? 'Read the stored value' : 'Read it again'}
      </button>
      {state === 'loading' && <p role="status">Reading …</p>}
      {state instanceof Error && (
        <p class="error" role="alert">
          {failureText(state)}
        </p>
      )}
      {state !== undefined && state !== 'loading' && !(state instanceof Error) && (
        <Loaded reply={state} modRevision={modRevision} />
      )}
    </div>
  );
}

async function readRecord(key: string): Promise<RecordReply | Error> {
  try {
    return await call(paths.record, { key });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function Loaded({ reply, modRevision }: { readonly reply: RecordReply; readonly modRevision: string }) {
  return (
    <>
      <p class="hint">
        Of revision {visible(reply.modRevision, 20)}
        {reply.modRevision !== modRevision && `; the list shows revision ${visible(modRevision, 20)}`}.
      </p>
      <ValueBlock shown={valueText(reply.text)} name="Stored value" copied={() => reply.text} />
    </>
  );
}

interface ValueBlockProps {
  readonly shown: ShownText;
  readonly name: string;
  readonly copied: () => string;
}

function ValueBlock({ shown, name, copied }: ValueBlockProps) {
  return (
    <div class="value">
      <CopyButton text={copied} name={name.toLowerCase()} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section tabIndex={0} aria-label={name}>
        <pre>{shown.text}</pre>
      </section>
      {shown.isCut && <p class="hint">Cut at {sizeText(maxShown)}; Copy copies all of it.</p>}
    </div>
  );
}
