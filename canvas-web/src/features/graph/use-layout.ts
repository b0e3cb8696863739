import { useEffect, useMemo, useRef, useState } from 'react';
import type { Link } from './model';
import type { Place } from './size';

interface Answer {
  key: string;
  places: ReadonlyMap<string, Place>;
}

/**
 * Where the jobs lie. Laid out anew only when jobs or dependencies come or go, not when a job changes, and beside the page, which goes on
 * showing the former layout meanwhile.
 */
export function useLayout(ids: readonly string[], links: readonly Link[]): ReadonlyMap<string, Place> | undefined {
  const key = useMemo(() => `${ids.join()}|${links.map(({ from, to }) => `${from}>${to}`).join()}`, [ids, links]);
  const asked = useRef({ key, ids, links });
  asked.current = { key, ids, links };
  const worker = useRef<Worker>(null);
  const [answer, setAnswer] = useState<Answer>();

  useEffect(() => () => worker.current?.terminate(), []);
  useEffect(() => {
    const { ids, links } = asked.current;
    if (typeof Worker === 'undefined') {
      let wanted = true;
      void import('./layout').then(({ layout }) => wanted && setAnswer({ key, places: layout(ids, links) }));
      return () => {
        wanted = false;
      };
    }
    if (!worker.current) {
      worker.current = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
      worker.current.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (data.key === asked.current.key) {
          setAnswer(data);
        }
      };
    }
    worker.current.postMessage({ key, ids: [...ids], links: [...links] });
    return undefined;
  }, [key]);

  return answer?.places;
}
