import { useEffect } from 'react';
import { canvasApi } from '@/api/canvases';
import { ApiProblem } from '@/api/problem';
import { forgetGoneCopies } from '@/canvas/sync/copies';

/** After the page has what it needs itself. */
const LATER_MS = 8_000;

/** Once after each start: copies of canvases that are not open to this person any more leave the browser. */
export function useForgetGone(me: string | undefined) {
  useEffect(() => {
    if (me === undefined) {
      return;
    }
    const timer = setTimeout(() => {
      void forgetGoneCopies(me, (canvas) =>
        canvasApi.get(canvas).then(
          () => false,
          (error: unknown) => error instanceof ApiProblem && error.status === 404,
        ),
      );
    }, LATER_MS);
    return () => clearTimeout(timer);
  }, [me]);
}
