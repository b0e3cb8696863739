import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '@/api/calls';
import { canvasApi } from '@/api/canvases';
import { useKeepJob } from '@/api/hooks';
import { keys } from '@/api/keys';
import type { Canvas, Job, Workspace } from '@/api/types';
import type { JobDependency } from '@/canvas/scene/scene';
import type { Point } from '@/canvas/types';
import type { ById } from '@/live/feed';
import { toast, toastProblem } from '@/shared/ui/toast';
import type { DeskCalls } from './use-desk';

/** Where a job made on the canvas gets its card. */
export interface JobPlace {
  readonly at: Point;
}

interface Own {
  workspace: Workspace;
  canvas: Canvas;
  onNewJob: (place: JobPlace) => void;
  onPromote: (ids: readonly string[]) => void;
}

/** The natural size of a picture, made to fit a card. */
async function sizeOf(file: Blob): Promise<{ w: number; h: number }> {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  picture.close();
  const scale = Math.min(1, 480 / Math.max(width, height, 1));
  return { w: Math.max(40, Math.round(width * scale)), h: Math.max(40, Math.round(height * scale)) };
}

/** What the canvas asks of the page: jobs are the server's, words are shown, pictures are stored. */
export function useDeskCalls({ workspace, canvas, onNewJob, onPromote }: Own): DeskCalls {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const keep = useKeepJob(workspace.id);
  const jobs = () => cache.getQueryData<ById<Job>>(keys.jobs(workspace.id)) ?? {};
  const numbers = (...ids: string[]) => ids.map((id) => (jobs()[id] ? `#${jobs()[id]?.number}` : 'a job'));
  return {
    say: (words) => toast(words),
    openJob: (job) => {
      const number = jobs()[job]?.number;
      if (number === undefined) {
        toast('This job is private', 'Only its owner, its team and admins see it.');
        return;
      }
      void navigate({
        to: '/w/$slug/canvases/$canvas',
        params: { slug: workspace.slug, canvas: canvas.id },
        search: (before) => ({ ...before, job: number, tab: undefined, attempt: undefined }),
        replace: true,
      });
    },
    newJob: onNewJob,
    promote: onPromote,
    addDependency: ({ first, waits }) => {
      const [before, after] = numbers(first, waits);
      api
        .addDependency(waits, first)
        .then((job) => {
          keep(job);
          toast(`${after} waits for ${before} now`);
        })
        .catch((error: unknown) => toastProblem(`${after} cannot wait for ${before}`, error));
    },
    removeDependency: ({ first, waits }) => {
      const [before, after] = numbers(first, waits);
      api
        .removeDependency(waits, first)
        .then((job) => {
          keep(job);
          toast(`${after} does not wait for ${before} any more`);
        })
        .catch((error: unknown) => toastProblem('The dependency is still there', error));
    },
    changeDependency: ({ old, next, done }) => {
      const words = ({ first, waits }: JobDependency, verb: string) => numbers(waits, first).join(` ${verb} `);
      const change = async () => {
        // The new one first: when it is refused, nothing has changed.
        if (next) {
          keep(await api.addDependency(next.waits, next.first));
        }
        if (old) {
          try {
            keep(await api.removeDependency(old.waits, old.first));
          } catch (error) {
            if (next) {
              keep(await api.removeDependency(next.waits, next.first));
            }
            throw error;
          }
        }
        done();
        if (next) {
          toast(`${words(next, 'waits for')} now`);
        } else if (old) {
          toast(`${words(old, 'does not wait for')} any more`);
        }
      };
      change().catch((error: unknown) => toastProblem(next ? words(next, 'cannot wait for') : 'The dependency is still there', error));
    },
    upload: async (file) => {
      try {
        const size = await sizeOf(file);
        const { id } = await canvasApi.upload(canvas.id, file);
        return { id, ...size };
      } catch (error) {
        toastProblem(`${file.name || 'The image'} was not added`, error);
        return undefined;
      }
    },
    fileAddress: api.fileUrl,
  };
}
