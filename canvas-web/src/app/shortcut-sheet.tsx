import { type SheetGroup, useUi } from '@/shared/lib/ui-store';
import { Kbd } from '@/shared/ui/bits';
import { Dialog, DialogBody } from '@/shared/ui/dialog';

const groups: SheetGroup[] = [
  {
    title: 'Anywhere',
    keys: [
      [['C'], 'New job'],
      [['?'], 'This list'],
      [['Esc'], 'Close what is open'],
    ],
  },
  {
    title: 'Board',
    keys: [
      [['/'], 'Search'],
      [['J', '↓'], 'Next card'],
      [['K', '↑'], 'Previous card'],
      [['←', '→'], 'Column beside'],
      [['Enter'], 'Open the job'],
      [['M'], 'Move the job to…'],
    ],
  },
  {
    title: 'Open job',
    keys: [
      [['1', '–', '6'], 'Details, Log, Changes, Notes, Files, Attempts'],
      [['F'], 'Wide or narrow'],
      [['A'], 'Allow what the agent asks, once'],
      [['D'], 'Deny what the agent asks'],
    ],
  },
];

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const ofPage = useUi((state) => state.sheet);
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts">
      <DialogBody className="flex flex-col gap-4 pb-5">
        {[...ofPage, ...groups].map((group) => (
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
