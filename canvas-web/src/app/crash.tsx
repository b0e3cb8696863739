import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { Compass, TriangleAlert } from 'lucide-react';
import { Empty, ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';

export function CrashPage({ error, reset }: ErrorComponentProps) {
  return (
    <main className="flex h-full items-center justify-center p-4">
      <Empty
        icon={<TriangleAlert />}
        title="This page could not be shown"
        action={
          <div className="flex gap-2">
            <Button look="primary" onClick={reset}>
              Try again
            </Button>
            <Button onClick={() => location.assign('/')}>Start over</Button>
          </div>
        }
      >
        <ProblemNote error={error} className="text-left" />
      </Empty>
    </main>
  );
}

export function MissingPage() {
  return (
    <main className="flex h-full items-center justify-center p-4">
      <Empty
        icon={<Compass />}
        title="Nothing here"
        action={
          <Link to="/" className="text-accent text-sm underline underline-offset-2">
            Go to the Board
          </Link>
        }
      >
        This page does not exist, or it is not yours to see.
      </Empty>
    </main>
  );
}
