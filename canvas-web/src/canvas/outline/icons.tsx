import { BriefcaseBusiness, Frame, Image, Lightbulb, Link, type LucideIcon, Shapes, StickyNote, Type } from 'lucide-react';
import type { Color } from '../types';

const icons: Readonly<Record<string, LucideIcon>> = {
  sticky: StickyNote,
  idea: Lightbulb,
  job: BriefcaseBusiness,
  group: Frame,
  text: Type,
  image: Image,
  link: Link,
};

/** The kind of an object, in its colour. */
export function TypeChip({ type, color }: { type: string; color: Color }) {
  const Icon = icons[type] ?? Shapes;
  return (
    <span
      aria-hidden
      className="flex size-6 shrink-0 items-center justify-center rounded-md border"
      style={{ background: `var(--cv-${color})`, borderColor: `var(--cv-${color}-edge)`, color: `var(--cv-${color}-ink)` }}
    >
      <Icon className="size-3.5" />
    </span>
  );
}
