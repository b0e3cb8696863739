/** Which row has the keyboard and which are chosen. Rows come and go under them, also by others' hands. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Job } from '@/api/types';
import { everything, kept, nothing, only, ranged, type Selection, toggled } from './selection';
import { jobsWithin, type Row } from './tree';

export function useRows(rows: readonly Row[]) {
  const [focus, setFocus] = useState<string>();
  const [selection, setSelection] = useState<Selection>(nothing);
  const latest = useRef(rows);
  const lastAt = useRef(0);
  latest.current = rows;
  const keys = useMemo(() => new Map(rows.map((row, at) => [row.key, at])), [rows]);

  // What had the keyboard may be gone; the row that came in its place has it then.
  useEffect(() => {
    const at = focus === undefined ? undefined : keys.get(focus);
    if (at !== undefined) {
      lastAt.current = at;
    } else if (focus !== undefined) {
      setFocus(rows[Math.min(lastAt.current, rows.length - 1)]?.key);
    }
  }, [rows, keys, focus]);
  useEffect(() => setSelection((before) => kept(before, (key) => keys.has(key))), [keys]);

  const chosen = useMemo<Job[]>(
    () => rows.flatMap((row) => (row.kind === 'job' && selection.chosen.has(row.key) ? [row.job] : [])),
    [rows, selection],
  );

  const choose = useCallback((key: string, how: { range?: boolean; toggle?: boolean }) => {
    const row = latest.current.find((each) => each.key === key);
    setFocus(key);
    setSelection((before) => {
      if (how.range) {
        return ranged(before, latest.current, key, how.toggle === true);
      }
      if (row?.kind === 'folder') {
        return how.toggle
          ? toggled(
              before,
              jobsWithin(row.node).map(({ id }) => id),
            )
          : before;
      }
      return how.toggle ? toggled(before, [key]) : only(key);
    });
  }, []);

  /** Moves the keyboard by so many rows, choosing on the way when `range` is held. */
  const step = useCallback(
    (by: number, range = false) => {
      const all = latest.current;
      const at = focus === undefined ? -1 : all.findIndex((row) => row.key === focus);
      const to = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))];
      if (!to) {
        return;
      }
      setFocus(to.key);
      if (range) {
        setSelection((before) => ranged(before.anchor === undefined && focus ? only(focus) : before, all, to.key, false));
      }
    },
    [focus],
  );

  return {
    focus,
    setFocus,
    chosen,
    selected: selection.chosen,
    choose,
    step,
    chooseAll: useCallback(() => setSelection((before) => everything(latest.current, before.anchor)), []),
    clear: useCallback(() => setSelection(nothing), []),
  };
}
