/** The row to which a key of the keyboard leads; undefined for a key that moves nothing. */
export function targetRow(key: string, index: number, pageRows: number, count: number): number | undefined {
  const target = moved(key, index, Math.max(1, pageRows), count);
  return target === undefined || count === 0 ? undefined : Math.max(0, Math.min(count - 1, target));
}

function moved(key: string, index: number, pageRows: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return index + 1;
    case 'ArrowUp':
      return index - 1;
    case 'PageDown':
      return index + pageRows;
    case 'PageUp':
      return index - pageRows;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
