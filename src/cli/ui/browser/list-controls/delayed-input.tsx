import { useEffect, useRef, useState } from 'preact/hooks';

/** The browser drops changes of the URL when there are too many. */
const inputDelayMs = 150;

export interface DelayedInputProps {
  readonly id: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type: 'search' | 'text';
  readonly placeholder: string;
  readonly describedBy?: string;
  readonly listId?: string;
}

/** An input that reports its value when typing pauses. It shows what is typed, and `value` when that changes. */
export function DelayedInput({
  id,
  value,
  onValue,
  type,
  placeholder,
  describedBy,
  listId,
}: DelayedInputProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const input = (text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onValue(text.trim()), inputDelayMs);
  };
  return (
    <input
      id={id}
      type={type}
      value={typed}
      placeholder={placeholder}
      dir="auto"
      spellcheck={false}
      autocomplete="off"
      aria-describedby={describedBy}
      list={listId}
      onInput={(event) => input(event.currentTarget.value)}
    />
  );
}
