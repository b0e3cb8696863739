import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Frame } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { canvasApi, useCanvases } from '@/api/canvases';
import { useMe, useWorkspace } from '@/api/hooks';
import { ApiProblem } from '@/api/problem';
import type { Canvas, User, Workspace } from '@/api/types';
import { forgetCopy } from '@/canvas/sync/copies';
import { useSession, useSyncStatus } from '@/canvas/sync/hooks';
import type { CanvasSession } from '@/canvas/sync/session';
import { Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { toast } from '@/shared/ui/toast';
import { CanvasDesk } from './canvas-desk';

export function CanvasPage() {
  const { slug, canvas: id } = useParams({ from: '/w/$slug/canvases/$canvas' });
  const workspace = useWorkspace(slug);
  const me = useMe();
  const { data, error, refetch } = useCanvases(workspace?.id ?? '');
  const canvas = data?.find((each) => each.id === id);
  const name = useRef('');
  if (canvas) {
    name.current = canvas.name;
  }
  const gone = data !== undefined && canvas === undefined;
  useEffect(() => {
    // Nothing of it stays in this browser.
    if (gone && me) {
      forgetCopy(me.id, id);
    }
  }, [gone, me, id]);
  if (error !== null) {
    return <ProblemNote className="m-4" title="The canvas could not be loaded" error={error} onRetry={() => void refetch()} />;
  }
  if (!workspace || !me || data === undefined) {
    return <Loading label="Loading the canvas" />;
  }
  if (!canvas) {
    return (
      <Empty
        icon={<Frame />}
        title={name.current === '' ? 'There is no such canvas' : `${name.current} was deleted`}
        action={
          <Link to="/w/$slug/canvases" params={{ slug }} className="font-medium text-accent text-sm">
            All canvases
          </Link>
        }
      >
        {name.current === '' ? 'It was deleted, or it is not yours to see.' : 'Somebody deleted it just now. Its jobs are still there.'}
      </Empty>
    );
  }
  return <Opened key={canvas.id} workspace={workspace} me={me} canvas={canvas} />;
}

function Opened({ workspace, me, canvas }: { workspace: Workspace; me: User; canvas: Canvas }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [round, setRound] = useState(0);
  const findOut = useCallback(async () => {
    try {
      // Through the cache, whose error handler asks to sign in when that is what is missing.
      await cache.fetchQuery({ queryKey: ['canvas', canvas.id], queryFn: () => canvasApi.get(canvas.id), staleTime: 0, retry: false });
      return 'open' as const;
    } catch (error) {
      return error instanceof ApiProblem && (error.status === 404 || error.status === 403) ? ('gone' as const) : ('unknown' as const);
    }
  }, [cache, canvas.id]);
  const session = useSession(me.id, canvas.id, findOut, round);
  const onGone = useCallback(() => {
    toast(`${canvas.name} is no longer open to you`);
    void navigate({ to: '/w/$slug/canvases', params: { slug: workspace.slug } });
  }, [canvas.name, navigate, workspace.slug]);
  if (!session) {
    return <Loading label="Opening the canvas" />;
  }
  const startAfresh = () => void session.discard().then(() => setRound(round + 1));
  return (
    <>
      <GoneWatch session={session} onGone={onGone} />
      <CanvasDesk key={round} workspace={workspace} me={me} canvas={canvas} session={session} onDiscard={startAfresh} />
    </>
  );
}

/** Leaves when the canvas is not open to this person any more, and takes the copy along (CAN-10). */
function GoneWatch({ session, onGone }: { session: CanvasSession; onGone: () => void }) {
  const { phase } = useSyncStatus(session.provider);
  useEffect(() => {
    if (phase === 'gone') {
      void session.discard();
      onGone();
    }
  }, [phase, session, onGone]);
  return null;
}
