import { useCallback, useState } from 'react';

const storageKey = (ws: string) => `coord.backlog.closed.${ws}`;

function read(ws: string): ReadonlySet<string> {
  try {
    const paths: unknown = JSON.parse(localStorage.getItem(storageKey(ws)) ?? '[]');
    return new Set(Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : []);
  } catch {
    return new Set();
  }
}

/** The folders that are closed, as this browser remembers them. */
export function useClosed(ws: string): [ReadonlySet<string>, (path: string, closed: boolean) => void] {
  const [closed, setClosed] = useState(() => read(ws));
  const set = useCallback(
    (path: string, close: boolean) =>
      setClosed((before) => {
        const next = new Set(before);
        if (close) {
          next.add(path);
        } else {
          next.delete(path);
        }
        try {
          localStorage.setItem(storageKey(ws), JSON.stringify([...next].slice(-500)));
        } catch {
          // Without storage all are open next time.
        }
        return next;
      }),
    [ws],
  );
  return [closed, set];
}
