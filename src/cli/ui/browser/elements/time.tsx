import { serverNow, tick } from '../state/index.js';
import { durationText, isoText, timeText } from '../text/index.js';

interface TimeProps {
  /** Milliseconds since 1970, by the clock of the command. */
  readonly at: number;
}

/** A local time with seconds; its title is the time in UTC. */
export function Time({ at }: TimeProps) {
  const iso = isoText(at);
  return (
    <time dateTime={iso} title={iso}>
      {timeText(at, serverNow())}
    </time>
  );
}

/** How long ago something was, once a second: `5 s ago`. */
export function Age({ at }: TimeProps) {
  tick.value; // subscribes
  return <span class="age">{durationText(serverNow() - at)} ago</span>;
}

/**
 * When the command first saw a record. etcd stores no time, so what was there in the first list was registered at an
 * unknown time before.
 */
export function FirstSeen({ at, preexisting }: TimeProps & { readonly preexisting: boolean }) {
  return (
    <>
      {preexisting && 'before '}
      <Time at={at} />
    </>
  );
}
