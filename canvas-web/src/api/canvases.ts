/** Calls about canvases, and the list of them that the feed keeps current. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { allPages, answered, client, limit, once } from './calls';
import { keys } from './keys';
import type { Canvas, CanvasFile, Job, PatchCanvas, PromoteIdea } from './types';

const at = (canvas: string) => ({ params: { path: { canvas } } });

export const canvasApi = {
  list: (ws: string) =>
    allPages((cursor) => client.GET('/api/v1/workspaces/{ws}/canvases', { params: { path: { ws }, query: { limit, cursor } } })),
  get: (canvas: string) => answered(client.GET('/api/v1/canvases/{canvas}', at(canvas))),
  create: (ws: string, name: string) =>
    answered(client.POST('/api/v1/workspaces/{ws}/canvases', { params: { path: { ws }, header: once() }, body: { name } })),
  patch: (canvas: string, body: PatchCanvas) => answered(client.PATCH('/api/v1/canvases/{canvas}', { ...at(canvas), body })),
  remove: (canvas: string) => answered(client.DELETE('/api/v1/canvases/{canvas}', at(canvas))),
  duplicate: (canvas: string, name: string) =>
    answered(client.POST('/api/v1/canvases/{canvas}/duplicate', { params: { path: { canvas }, header: once() }, body: { name } })),
  import: (canvas: string, body: CanvasFile) => answered(client.POST('/api/v1/canvases/{canvas}/import', { ...at(canvas), body })),
  /** `made` is false when the idea is that job already, as when somebody else was faster. */
  promote: async (canvas: string, object: string, body: PromoteIdea): Promise<{ job: Job; made: boolean }> => {
    const call = client.POST('/api/v1/canvases/{canvas}/ideas/{object}/promote', { params: { path: { canvas, object } }, body });
    const job = await answered(call);
    return { job, made: (await call).response.status === 201 };
  },
  /** Makes a group stand for a Backlog folder; `refused` says why some jobs did not follow. */
  setFolder: (canvas: string, object: string, folder: string) =>
    answered(client.PUT('/api/v1/canvases/{canvas}/folders/{object}', { params: { path: { canvas, object } }, body: { folder } })),
  unsetFolder: (canvas: string, object: string) =>
    answered(client.DELETE('/api/v1/canvases/{canvas}/folders/{object}', { params: { path: { canvas, object } } })),
  /** Stores a picture for a canvas. The body is the picture itself. */
  upload: (canvas: string, picture: Blob) =>
    answered(
      client.POST('/api/v1/canvases/{canvas}/files', {
        ...at(canvas),
        // The document says bytes; a browser has them as a blob.
        body: picture as unknown as number[],
        bodySerializer: (body) => body as unknown as Blob,
        headers: { 'content-type': 'application/octet-stream' },
      }),
    ),
};

export const useCanvases = (ws: string) =>
  useQuery({ queryKey: keys.canvases(ws), queryFn: () => canvasApi.list(ws), staleTime: Number.POSITIVE_INFINITY });

/** With the canvas in it, unless a later version is there. */
export function withCanvas(canvases: Canvas[], canvas: Canvas): Canvas[] {
  const known = canvases.find(({ id }) => id === canvas.id);
  if (!known) {
    return [...canvases, canvas];
  }
  // The document's time of change does not raise the version.
  return known.version > canvas.version ? canvases : canvases.map((each) => (each.id === canvas.id ? canvas : each));
}

/** Puts an answered canvas into the list at once, without waiting for the feed to say the same. */
export function useKeepCanvas(ws: string) {
  const cache = useQueryClient();
  return useCallback(
    (canvas: Canvas) => cache.setQueryData<Canvas[]>(keys.canvases(ws), (canvases) => canvases && withCanvas(canvases, canvas)),
    [cache, ws],
  );
}
