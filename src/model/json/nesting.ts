/** JSON.stringify recurses, and its stack holds a few thousand levels. Metadata that Go accepts may have up to 10,000. */
const maxLevels = 500;
const marker = `[nested more than ${maxLevels} levels deep]`;

type Container = Readonly<Record<string, unknown>> | readonly unknown[];

interface Level<T> {
  readonly node: T;
  readonly level: number;
}

/**
 * Returns the value; or, when it is nested too deep for JSON.stringify, a copy in which a string replaces each array and
 * object below {@link maxLevels}. An object with `toJSON` is a leaf: it limits its own members.
 */
export function limitNesting(value: unknown): unknown {
  return isContainer(value) && isTooDeep(value) ? copyUpToLimit(value) : value;
}

function isContainer(value: unknown): value is Container {
  return (
    typeof value === 'object' && value !== null && !('toJSON' in value && typeof value.toJSON === 'function')
  );
}

function isTooDeep(root: Container): boolean {
  const pending: Level<Container>[] = [{ node: root, level: 1 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.level > maxLevels) return true;
    for (const child of Object.values(next.node))
      if (isContainer(child)) pending.push({ node: child, level: next.level + 1 });
  }
  return false;
}

function copyUpToLimit(root: Container): Container {
  const copy = emptyCopy(root);
  const pending: Level<{ readonly from: Container; readonly to: Container }>[] = [
    { node: { from: root, to: copy }, level: 1 },
  ];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, level } = next;
    for (const [name, child] of Object.entries(node.from)) {
      if (!isContainer(child)) setMember(node.to, name, child);
      else if (level === maxLevels) setMember(node.to, name, marker);
      else {
        const to = emptyCopy(child);
        setMember(node.to, name, to);
        pending.push({ node: { from: child, to }, level: level + 1 });
      }
    }
  }
  return copy;
}

function emptyCopy(container: Container): Container {
  return Array.isArray(container) ? [] : {};
}

/** By definition instead of assignment: a member may be named `__proto__`. */
function setMember(container: Container, name: string, value: unknown): void {
  Object.defineProperty(container, name, { value, enumerable: true, writable: true, configurable: true });
}
