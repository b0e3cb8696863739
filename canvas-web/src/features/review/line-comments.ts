import { useMemo } from 'react';
import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';
import type { LineComment } from '@/api/types';

interface Gathered {
  byAttempt: Readonly<Record<string, readonly LineComment[]>>;
}

/** Comments on lines, gathered while one reads a diff, until they go out with the review; kept with the tab (WEB-5). One per line. */
const useStore = create<Gathered>()(
  persist(() => ({ byAttempt: {} }), { name: 'coord:line-comments', storage: createJSONStorage(() => sessionStorage) }),
);

export const forgetLineComments = () => useStore.setState({ byAttempt: {} });
const none: readonly LineComment[] = [];

export const sameLine = (a: LineComment, b: LineComment): boolean =>
  a.path === b.path && a.line === b.line && (a.old ?? false) === (b.old ?? false);

export function useLineComments(attempt: string) {
  const list = useStore((state) => state.byAttempt[attempt] ?? none);
  return useMemo(() => {
    const set = (edit: (before: readonly LineComment[]) => readonly LineComment[]) =>
      useStore.setState(({ byAttempt }) => ({ byAttempt: { ...byAttempt, [attempt]: edit(byAttempt[attempt] ?? none) } }));
    return {
      list,
      put: (comment: LineComment) => set((before) => [...before.filter((each) => !sameLine(each, comment)), comment]),
      remove: (comment: LineComment) => set((before) => before.filter((each) => !sameLine(each, comment))),
      clear: () => set(() => none),
    };
  }, [attempt, list]);
}
