import { useCallback } from 'react';
import { create } from 'zustand';

/** Words typed but not sent, by where they were typed; they survive closing the panel and a lost connection (WEB-5). */
const useDrafts = create<{ drafts: Readonly<Record<string, string>> }>(() => ({ drafts: {} }));

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
