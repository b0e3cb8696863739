import { sheetGroups } from '@/shared/lib/shortcut-list';
import { useUi } from '@/shared/lib/ui-store';
import { Kbd } from '@/shared/ui/bits';
import { Dialog, DialogBody } from '@/shared/ui/dialog';
import { pages } from './pages';

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const ofPage = useUi((state) => state.sheet);
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts">
      <DialogBody className="flex flex-col gap-4 pb-5">
        {[...ofPage, ...sheetGroups(pages.map(({ label }) => label))].map((group) => (
          <section key={group.title}>
            <h3 className="mb-1 font-semibold text-ink-3 text-xs">{group.title}</h3>
            <dl className="flex flex-col">
              {group.keys.map(([keys, meaning]) => (
                <div key={meaning} className="flex items-center justify-between border-line border-b py-1 text-sm last:border-0">
                  <dt>{meaning}</dt>
                  <dd className="flex gap-1">
                    {keys.map((key) => (
                      <Kbd key={key}>{key}</Kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </DialogBody>
    </Dialog>
  );
}
