import { CirclePlay, Folder } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Action } from '@/shared/lib/palette';
import { Button } from '@/shared/ui/button';

const icons: Readonly<Record<string, ReactNode>> = {
  ready: <CirclePlay className="size-3.5 text-ready" aria-hidden />,
  folder: <Folder className="size-3.5 text-ink-3" aria-hidden />,
};

/** What can be done with the jobs or the group that is selected. */
export function Offers({ actions }: { actions: readonly Action[] }) {
  return (
    <div className="-translate-x-1/2 absolute top-2.5 left-1/2 z-10 flex gap-1.5">
      {actions.map(({ id, label, run }) => (
        <Button key={id} small className="rounded-full shadow-pop" icon={icons[id]} onClick={run}>
          {label}
        </Button>
      ))}
    </div>
  );
}
