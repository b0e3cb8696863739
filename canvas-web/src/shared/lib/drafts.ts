import { useCallback } from 'react';
import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';

interface Drafts {
  drafts: Readonly<Record<string, string>>;
}

/** Words typed but not sent, by where they were typed; they survive closing the panel, a lost connection and a reload (WEB-5). */
const useDrafts = create<Drafts>()(
  persist(() => ({ drafts: {} }), { name: 'coord:drafts', storage: createJSONStorage(() => sessionStorage) }),
);

export const forgetDrafts = () => useDrafts.setState({ drafts: {} });

export function useDraft(key: string): [string, (text: string) => void] {
  const text = useDrafts((state) => state.drafts[key] ?? '');
  const set = useCallback(
    (next: string) =>
      useDrafts.setState(({ drafts }) => {
        const { [key]: _, ...rest } = drafts;
        return { drafts: next === '' ? rest : { ...rest, [key]: next } };
      }),
    [key],
  );
  return [text, set];
}
