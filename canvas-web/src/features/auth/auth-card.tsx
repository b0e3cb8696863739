import type { ReactNode } from 'react';

export function AuthCard({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className="flex h-full items-start justify-center overflow-y-auto px-4 pt-[max(4rem,14vh)] pb-10">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center gap-2.5">
          <img src="/favicon.svg" alt="" className="size-8" />
          <span className="font-semibold text-lg tracking-tight">Coord</span>
        </div>
        <h1 className="text-balance font-semibold text-2xl tracking-tight">{title}</h1>
        {lead && <p className="mt-1.5 text-pretty text-ink-2">{lead}</p>}
        <div className="mt-6">{children}</div>
      </div>
    </main>
  );
}
