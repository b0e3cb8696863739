import { Link } from '@tanstack/react-router';
import type { Job } from '@/api/types';
import { StateIcon } from '@/shared/ui/bits';

export function JobLinks({ ids, jobs, slug, none }: { ids: readonly string[]; jobs: readonly Job[]; slug: string; none: string }) {
  if (ids.length === 0) {
    return <p className="text-ink-3 text-sm">{none}</p>;
  }
  return (
    <ul className="flex flex-col gap-1">
      {ids.map((id) => {
        const job = jobs.find((each) => each.id === id);
        return (
          <li key={id} className="flex items-center gap-1.5 text-sm">
            {job ? (
              <>
                <StateIcon state={job.state} />
                <Link
                  to="/w/$slug/jobs/$number"
                  params={{ slug, number: job.number }}
                  search={(before) => ({ ...before, tab: undefined, attempt: undefined })}
                  className="truncate hover:underline"
                >
                  #{job.number} {job.title}
                </Link>
              </>
            ) : (
              <span className="text-ink-3">A job you cannot see</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
